"""Keep an image in one file, an OCI layout in a tar, so that one job builds it and another pushes exactly that."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from hitless import durable
from hitless.oci import Blob, Image, canonical

VERSION = {"imageLayoutVersion": "1.0.0"}


def write(image: Image, path: Path) -> Path:
    """Write it; `docker_image.read_layout` reads it back and checks every blob.

    Args:
        image: From `images.build_release`.
        path: The tar.
    """
    index = {"schemaVersion": 2, "manifests": [image.manifest.descriptor]}
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "oci-layout", json.dumps(VERSION).encode())
        _add(tar, "index.json", canonical(index))
        for blob in {blob.digest: blob for blob in (image.manifest, image.config, *image.layers)}.values():
            _add(tar, _name(blob), blob.content)
    path.parent.mkdir(parents=True, exist_ok=True)
    return durable.replace(path, content.getvalue())


def _name(blob: Blob) -> str:
    return "blobs/" + blob.digest.replace(":", "/")


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
