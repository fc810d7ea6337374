"""Image content on disk: ECR writes it, hosts pull it, whichever process they run in.

`blobs/sha256/…` holds every manifest, config and layer by digest, as an OCI image layout does; `repositories/….json`
says which digests and tags a repository has; `unpacked/…` holds what was pulled, once each.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REFERENCE = re.compile(
    r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com)/(?P<name>[a-z0-9._/-]+)"
    r"(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class ImageNotFound(LookupError):
    """An image can't be pulled; the text is what ECS gives as the stopped reason."""


class ImageStore:
    """Images of every repository of the lab.

    Args:
        path: The lab's data folder.
    """

    def __init__(self, path: Path) -> None:
        self._blobs = path / "blobs" / "sha256"
        self._repositories = path / "repositories"
        self._unpacked = path / "unpacked"
        self._outage = path / "registry-does-not-answer"

    # -- what ECR does

    def write_blob(self, content: bytes) -> str:
        """Keep bytes; their digest."""
        name = hashlib.sha256(content).hexdigest()
        _write(self._blobs / name, content)
        return f"sha256:{name}"

    def has_blob(self, digest: str) -> bool:
        """Whether these bytes are kept."""
        return DIGEST.fullmatch(digest) is not None and self._blob(digest).is_file()

    def write_repository(self, name: str, digests: list[str], tags: Mapping[str, str]) -> None:
        """Say what a repository has now."""
        _write(self._repository(name), json.dumps({"digests": digests, "tags": dict(tags)}).encode())

    def remove_repository(self, name: str) -> None:
        """The repository is gone."""
        self._repository(name).unlink(missing_ok=True)

    def fail(self, failing: bool) -> None:
        """Let the registry answer no pull, until it does again; pushes go on, as those of another region might."""
        if failing:
            _write(self._outage, b"")
        else:
            self._outage.unlink(missing_ok=True)

    # -- what a host does

    def digest_of(self, image_uri: str) -> str:
        """Resolve a reference as `docker pull` does.

        Args:
            image_uri: `registry/name@sha256:…`, `registry/name:tag`, or a digest alone, which any repository may hold.

        Raises:
            ImageNotFound: No repository has it.
        """
        if DIGEST.fullmatch(image_uri):
            if any(image_uri in json.loads(file.read_text())["digests"] for file in self._repositories.glob("*.json")):
                return image_uri
            raise ImageNotFound(_cannot_pull(f"manifest for {image_uri} not found: manifest unknown"))
        reference = REFERENCE.fullmatch(image_uri)
        if reference is None:
            raise ImageNotFound(_cannot_pull(f"the lab has no registry for {image_uri}"))
        return self._digest_in(reference, image_uri)

    def resolve(self, image_uri: str) -> str:
        """The digest, or the reference itself when there is none: whoever pulls it will hear why."""
        with contextlib.suppress(ImageNotFound):
            return self.digest_of(image_uri)
        return image_uri

    def refusal(self, image_uri: str) -> str:
        """Why it can't be pulled; "" when it can."""
        try:
            self._require_answer(image_uri)
            self.digest_of(image_uri)
        except ImageNotFound as why:
            return str(why)
        return ""

    def environment_of(self, image_uri: str) -> dict[str, str]:
        """The variables baked into an image.

        Raises:
            ImageNotFound: It can't be pulled.
        """
        env = self._config(self.digest_of(image_uri)).get("Env") or []
        return {name: value for name, _, value in (variable.partition("=") for variable in env)}

    def path_of(self, image_uri: str) -> Path:
        """The folder a task of this image works in, unpacked at the first asking.

        Raises:
            ImageNotFound: It can't be pulled, or its content is not safe to unpack.
        """
        self._require_answer(image_uri)
        digest = self.digest_of(image_uri)
        root = self._unpacked / digest.partition(":")[2]
        if not root.is_dir():
            self._unpack(digest, root)
        folder = (root / (self._config(digest).get("WorkingDir") or "/").lstrip("/")).resolve()
        if not folder.is_relative_to(root.resolve()):
            raise ImageNotFound(_cannot_pull(f"the working directory of {image_uri} is outside the image"))
        return folder

    def _require_answer(self, image_uri: str) -> None:
        if self._outage.exists():
            registry = image_uri.partition("/")[0]
            raise ImageNotFound(_cannot_pull(f'Get "https://{registry}/v2/": dial tcp: i/o timeout'))

    def _digest_in(self, reference: re.Match[str], image_uri: str) -> str:
        name = reference["name"]
        try:
            held = json.loads(self._repository(name).read_text())
        except FileNotFoundError:
            text = f"The repository with name '{name}' does not exist in the registry with id '{reference['account']}'"
            address = f"{reference['registry']}/{name}"
            raise ImageNotFound(_cannot_pull(f"repository {address} not found: name unknown: {text}")) from None
        digest = reference["digest"] or held["tags"].get(reference["tag"] or "latest")
        if digest not in held["digests"]:
            text = f"manifest for {image_uri} not found: manifest unknown: Requested image not found"
            raise ImageNotFound(_cannot_pull(text))
        return digest

    def _unpack(self, digest: str, root: Path) -> None:
        """Into a folder of its own first: half an image is never taken for one, and two may unpack at once."""
        root.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".", dir=root.parent))
        try:
            for layer in self._manifest(digest)["layers"]:
                with tarfile.open(fileobj=io.BytesIO(self._read(layer["digest"])), mode="r:*") as tar:
                    tar.extractall(fresh, filter="data")
            fresh.chmod(0o755)
            _move(fresh, root)
        except tarfile.TarError as error:
            raise ImageNotFound(_cannot_pull(f"failed to register layer: {error}")) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _manifest(self, digest: str) -> dict:
        return json.loads(self._read(digest))

    def _config(self, digest: str) -> dict:
        return json.loads(self._read(self._manifest(digest)["config"]["digest"])).get("config") or {}

    def _read(self, digest: str) -> bytes:
        content = self._blob(digest).read_bytes()
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise ImageNotFound(_cannot_pull(f"filesystem layer verification failed for digest {digest}"))
        return content

    def _blob(self, digest: str) -> Path:
        return self._blobs / digest.partition(":")[2]

    def _repository(self, name: str) -> Path:
        return self._repositories / f"{name.replace('/', '%2F')}.json"


def _move(fresh: Path, root: Path) -> None:
    try:
        fresh.rename(root)
    except OSError:
        if not root.is_dir():  # else somebody was faster, and theirs is the same
            raise


def _cannot_pull(text: str) -> str:
    return f"CannotPullContainerError: Error response from daemon: {text}"


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, whoever reads meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(fresh).replace(path)
