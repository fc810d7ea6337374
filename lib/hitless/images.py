"""Put a folder into ECR as an image of exactly its content, without Docker.

The same content gives the same digest on every machine: files are sorted, owners, times and permissions fixed, nothing
is compressed. The image holds the application alone, no base to run it on, so it is for the lab, whose hosts bring
Python; for AWS, `app/Dockerfile` makes one that runs anywhere. Either way a release is named by its digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from botocore.exceptions import ClientError

from hitless.errors import Failed, Refused

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
EXCLUDED = ("__pycache__", "*.pyc", ".*", "Dockerfile", "requirements.in")  # app/.dockerignore says the same
WORKING_DIR = "srv/app"  # as in app/Dockerfile
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are named by their SHA-256."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hex digits."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, object]:
        """How a manifest refers to it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True, slots=True)
class Image:
    """An OCI image of one platform.

    Attributes:
        manifest: Names config and layers; its digest is the image's.
        config: How to run it.
        layers: The content, lowest first.
    """

    manifest: Blob
    config: Blob
    layers: tuple[Blob, ...]

    @property
    def digest(self) -> str:
        """What a task definition should name it by."""
        return self.manifest.digest


def build(folder: Path, *, environment: Mapping[str, str] | None = None) -> Image:
    """Make an image of a folder's content.

    Args:
        folder: Holds `main.py`; what `EXCLUDED` matches stays out.
        environment: Variables baked in, as `ENV` in a Dockerfile; they are part of the digest.

    Raises:
        Refused: There is no `main.py`, something is neither a file nor a folder, or a variable's name is none.
    """
    if not (folder / "main.py").is_file():
        raise Refused(f"{folder} holds no application.", seen={"missing": "main.py"}, do="Name the folder of the app.")
    variables = dict(sorted((environment or {}).items()))
    if bad := [name for name in variables if not VARIABLE.fullmatch(name)]:
        raise Refused("An environment variable has no usable name.", seen={"name": repr(bad[0])})
    layer = Blob(LAYER_TYPE, _tar(folder))
    config = Blob(CONFIG_TYPE, _json(_config(layer, variables)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.descriptor,
        "layers": [layer.descriptor],
    }
    return Image(Blob(MANIFEST_TYPE, _json(manifest)), config, (layer,))


def push(image: Image, repository_name: str, *, ecr, tag: str | None = None) -> str:
    """Put an image into a repository, unless it is there.

    Args:
        image: From `build`.
        repository_name: An existing ECR repository.
        ecr: A boto3 client of the repository's account and region.
        tag: A further name that will never mean another image; `latest` would, so it is refused.

    Returns:
        The repository's address and the image's digest: what a task definition names.

    Raises:
        Refused: The repository does not exist, or the tag is `latest`, no tag, or means another image already.
        Failed: ECR stored something else than what was sent.
        botocore.exceptions.ClientError: ECR said anything else.

    Calls:
        Reads ecr:DescribeRepositories, ecr:BatchGetImage, ecr:BatchCheckLayerAvailability; writes
        ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload, ecr:PutImage.
    """
    if tag is not None and (tag == "latest" or not TAG.fullmatch(tag)):
        raise Refused(
            f"{tag!r} is no tag for a release.", do="Use the digest alone, or a version or commit as the tag."
        )
    address = f"{_repository_uri(repository_name, ecr)}@{image.digest}"
    if _is_there(image, repository_name, ecr, tag):
        return address
    for blob in (image.config, *image.layers):
        _upload(blob, repository_name, ecr)
    _put(image, repository_name, ecr, tag)
    return address


def _tar(folder: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as tar:
        parents = [parent for parent in reversed(PurePosixPath(WORKING_DIR).parents) if parent.name]
        for parent in [*parents, PurePosixPath(WORKING_DIR)]:
            tar.addfile(_entry(parent.as_posix(), None))
        for path in _included(folder):
            name = f"{WORKING_DIR}/{path.relative_to(folder).as_posix()}"
            data = path.read_bytes() if path.is_file() else None
            tar.addfile(_entry(name, data), io.BytesIO(data or b""))
    return content.getvalue()


def _included(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts):
        if any(fnmatch(part, pattern) for part in path.relative_to(folder).parts for pattern in EXCLUDED):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Refused("An image holds files and folders only.", seen={"found": path}, do="Remove it.")
        found.append(path)
    return found


def _entry(name: str, data: bytes | None) -> tarfile.TarInfo:
    """Owner root, time 0: whatever machine builds it."""
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
    entry.mode, entry.size = (0o755, 0) if data is None else (0o644, len(data))
    return entry


def _config(layer: Blob, variables: Mapping[str, str]) -> dict[str, object]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": ["python", "main.py"],
            "Env": [f"{name}={value}" for name, value in variables.items()],
            "StopSignal": "SIGTERM",
            "User": "10001:10001",
            "WorkingDir": f"/{WORKING_DIR}",
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    }


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _repository_uri(repository_name: str, ecr) -> str:
    try:
        [repository] = ecr.describe_repositories(repositoryNames=[repository_name])["repositories"]
    except ClientError as error:
        if _code(error) != "RepositoryNotFoundException":
            raise
        raise Refused(
            f"There is no ECR repository {repository_name}.",
            seen={"region": ecr.meta.region_name},
            do="Make it with Terraform (terraform/modules/ecr), or name another.",
        ) from error
    return repository["repositoryUri"]


def _is_there(image: Image, repository_name: str, ecr, tag: str | None) -> bool:
    """The digest is stored and the tag, if any, means it."""
    wanted = [{"imageDigest": image.digest}, *([{"imageTag": tag}] if tag else [])]
    found = ecr.batch_get_image(repositoryName=repository_name, imageIds=wanted)["images"]
    means = {each["imageId"]["imageDigest"] for each in found if tag and each["imageId"].get("imageTag") == tag}
    if means - {image.digest}:
        raise Refused(
            f"The tag {tag} of {repository_name} means another image already.",
            seen={"stored": means.pop(), "built": image.digest},
            do="Tags never move: give this content its own tag, or none.",
        )
    return bool(means) if tag else bool(found)


def _upload(blob: Blob, repository_name: str, ecr) -> None:
    known = ecr.batch_check_layer_availability(repositoryName=repository_name, layerDigests=[blob.digest])
    if any(layer["layerAvailability"] == "AVAILABLE" for layer in known.get("layers", [])):
        return
    upload = ecr.initiate_layer_upload(repositoryName=repository_name)
    where = {"repositoryName": repository_name, "uploadId": upload["uploadId"]}
    for first in range(0, len(blob.content), upload["partSize"]):
        part = blob.content[first : first + upload["partSize"]]
        ecr.upload_layer_part(**where, partFirstByte=first, partLastByte=first + len(part) - 1, layerPartBlob=part)
    try:
        ecr.complete_layer_upload(**where, layerDigests=[blob.digest])
    except ClientError as error:
        if _code(error) != "LayerAlreadyExistsException":  # somebody else was faster with the same bytes
            raise


def _put(image: Image, repository_name: str, ecr, tag: str | None) -> None:
    try:
        stored = ecr.put_image(
            repositoryName=repository_name,
            imageManifest=image.manifest.content.decode(),
            imageManifestMediaType=MANIFEST_TYPE,
            imageDigest=image.digest,
            **({"imageTag": tag} if tag else {}),
        )["image"]["imageId"]["imageDigest"]
    except ClientError as error:
        if _code(error) != "ImageAlreadyExistsException":  # the same image, the same tag: it is there
            raise
        stored = image.digest
    if stored != image.digest:
        raise Failed(
            f"ECR stored another image in {repository_name} than was sent.",
            seen={"sent": image.digest, "stored": stored},
            do="Don't deploy it; delete it and find out who changes requests on the way.",
        )


def build_release(folder: Path | str, version: str, colour: str, faults: str = "") -> Image:
    """Build a release of the app: its version and colour are part of the image, hence of the digest.

    Args:
        folder: The app's folder.
        version: What the app says it is.
        colour: What it looks like, so that a person sees who answers.
        faults: Settings that make a bad release, e.g. "ERROR_PERCENT=100 ERROR_AFTER_S=60".

    Raises:
        Refused: A fault is not NAME=VALUE, or as `build`.
    """
    pairs = [fault.partition("=") for fault in faults.split()]
    if bad := [name for name, equals, _ in pairs if not equals]:
        raise Refused("A fault is not NAME=VALUE.", seen={"fault": bad[0]}, do='write "ERROR_PERCENT=100"')
    return build(
        Path(folder), environment={"APP_VERSION": version, "APP_COLOUR": colour, **{n: v for n, _, v in pairs}}
    )
