"""Lambda functions on disk: the Lambda face writes them, whoever runs them reads them.

`functions/<name>/function.json` says how to run one, `functions/code/<sha256>` holds unpacked code, once each.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

UNPACKED_BYTES_MAX = 250 * 2**20  # AWS: a deployment package, unzipped


class FunctionNotFound(LookupError):
    """There is no such function; the text is Lambda's."""

    def __init__(self, name_or_arn: str) -> None:
        super().__init__(f"Function not found: {name_or_arn}")


class BadPackage(ValueError):
    """A deployment package can't be unpacked; the text is Lambda's."""


@dataclass(frozen=True, slots=True)
class Function:
    """How to run one function.

    Attributes:
        name: FunctionName.
        handler: `module.function`.
        environment: Its own variables.
        timeout_s: Lambda ends it then.
        memory_mib: Said to it; nobody holds it to that.
        code: SHA-256 of its package, hex.
    """

    name: str
    handler: str
    environment: tuple[tuple[str, str], ...]
    timeout_s: float
    memory_mib: int
    code: str


class FunctionStore:
    """The functions of a lab.

    Args:
        path: The lab's data folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path / "functions"

    def write(self, package: bytes, **settings: object) -> None:
        """Keep a function, new or changed.

        Args:
            package: The zip.
            **settings: The fields of `Function` but `code`; `environment` may be a mapping.

        Raises:
            BadPackage: It is no zip, too large, or has files outside itself.
        """
        environment: Mapping[str, str] = settings.pop("environment")
        code = self._unpack(package)
        function = Function(**settings, environment=tuple(sorted(environment.items())), code=code)
        folder = self._path / function.name
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / "function.json.new"
        fresh.write_text(json.dumps(asdict(function)))
        fresh.replace(folder / "function.json")

    def remove(self, name: str) -> None:
        """Forget a function; its logs stay."""
        (self._path / name / "function.json").unlink(missing_ok=True)

    def read(self, name_or_arn: str) -> Function:
        """One function.

        Raises:
            FunctionNotFound: There is none of this name.
        """
        try:
            told = json.loads((self._path / function_name(name_or_arn) / "function.json").read_text())
        except FileNotFoundError:
            raise FunctionNotFound(name_or_arn) from None
        return Function(**{**told, "environment": tuple((key, value) for key, value in told["environment"])})

    def folder_of(self, function: Function) -> Path:
        """Where its code is."""
        return self._path / "code" / function.code

    def log_of(self, name: str, request_id: str) -> Path:
        """The file for what one invocation of a function prints."""
        return self._path / name / f"{request_id}.log"

    def _unpack(self, package: bytes) -> str:
        code = hashlib.sha256(package).hexdigest()
        root = self._path / "code" / code
        if not root.is_dir():
            root.parent.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(prefix=".", dir=root.parent))
            try:
                _extract(package, fresh)
                fresh.chmod(0o755)
                with contextlib.suppress(FileExistsError):
                    fresh.rename(root)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return code


def function_name(name_or_arn: str) -> str:
    """`name`, `name:qualifier` or an ARN of either; the name."""
    return name_or_arn.rpartition(":function:")[2].partition(":")[0]


def _extract(package: bytes, folder: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            if sum(info.file_size for info in archive.infolist()) > UNPACKED_BYTES_MAX:
                most = UNPACKED_BYTES_MAX
                raise BadPackage(f"Unzipped size must be smaller than {most} bytes")
            outside = [name for name in archive.namelist() if not (folder / name).resolve().is_relative_to(folder)]
            if outside:
                raise BadPackage(f"The package has a file outside itself: {outside[0]}")
            archive.extractall(folder)
    except zipfile.BadZipFile:
        raise BadPackage("Could not unzip uploaded file. Please check your file, then try to upload again.") from None
