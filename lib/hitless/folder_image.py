"""Make an image of a folder's content without Docker.

The same content gives the same digest on every machine: files are sorted, owners, times and permissions fixed, nothing
is compressed. The image holds the application alone, no base to run it on, so it is for the lab, whose hosts bring
Python.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from hitless.errors import Refused
from hitless.oci import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, Blob, Image, canonical

EXCLUDED = ("__pycache__", "*.pyc", ".*", "Dockerfile", "requirements.in")  # app/.dockerignore says the same
WORKING_DIR = "srv/app"  # as in app/Dockerfile


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
    layer = Blob(LAYER_TYPE, _tar(folder))
    config = Blob(CONFIG_TYPE, canonical(_config(layer)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.descriptor,
        "layers": [layer.descriptor],
    }
    image = Image(Blob(MANIFEST_TYPE, canonical(manifest)), config, (layer,))
    return image.with_environment(environment or {})


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


def _config(layer: Blob) -> dict[str, object]:
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": ["python", "main.py"],
            "StopSignal": "SIGTERM",
            "User": "10001:10001",
            "WorkingDir": f"/{WORKING_DIR}",
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
    }
