"""Build an image with Docker into a file, so that its digest is known, and can be approved, before anything is pushed.

Docker pushes by tag; a release is named by digest. So buildx writes an OCI layout instead, and `hitless.images.push`
puts exactly those bytes into the repository, as it does with an image made without Docker.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from hitless.errors import Refused
from hitless.oci import MANIFEST_TYPE, Blob, Image
from hitless.scratch import Scratch

PLATFORM = "linux/amd64"  # of the hosts; terraform/modules/compute offers x86 instance types only
BUILD_S_MAX = 1800
COMMAND = ("docker", "buildx", "build", "--platform", PLATFORM, "--provenance=false", "--sbom=false")


def build(folder: Path) -> Image:
    """Build a folder's Dockerfile.

    The same content gives the same digest where buildx can rewrite timestamps (BuildKit 0.13 and newer). Attestations
    stay out: they would make the image an index, and CI attests the digest itself.

    Args:
        folder: Holds a Dockerfile.

    Raises:
        Refused: There is no Docker, it cannot write an OCI layout, the build fails, or what it wrote is not one image.
    """
    if shutil.which("docker") is None:
        do = "install Docker, or let CI build it and give the digest it pushed as IMAGE_DIGEST"
        raise Refused("An image for AWS needs Docker, and there is none.", seen={"folder": folder}, do=do)
    with Scratch("hitless-image-") as scratch:
        layout = scratch / "image.tar"
        _run([*COMMAND, "--output", f"type=oci,dest={layout},rewrite-timestamp=true", str(folder)])
        return read_layout(layout)


def _run(command: list[str]) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0"}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=BUILD_S_MAX
    )
    if ended.returncode == 0:
        return
    needs_builder = "exporter is not supported" in ended.stderr
    do = "docker buildx create --use --driver docker-container" if needs_builder else "mend what it says"
    said = "\n".join(ended.stderr.strip().splitlines()[-8:])
    raise Refused("Docker did not build the image.", seen={"exit code": ended.returncode, "said": said}, do=do)


def read_layout(path: Path) -> Image:
    """The one image of an OCI layout in a tar file, every blob checked against its digest.

    Raises:
        Refused: It is none, holds more than one image, or a blob is not what its digest says.
    """
    try:
        with tarfile.open(path) as tar:
            return _read(tar)
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise Refused("What Docker wrote is no OCI layout.", seen={"file": path.name, "why": error}) from None


def _read(tar: tarfile.TarFile) -> Image:
    [entry] = json.loads(_content(tar, "index.json"))["manifests"]
    if entry["mediaType"] != MANIFEST_TYPE:
        raise ValueError(f"it names {entry['mediaType']}, not one image")
    manifest = _blob(tar, entry)
    named = json.loads(manifest.content)
    return Image(manifest, _blob(tar, named["config"]), tuple(_blob(tar, layer) for layer in named["layers"]))


def _blob(tar: tarfile.TarFile, descriptor: dict) -> Blob:
    blob = Blob(descriptor["mediaType"], _content(tar, "blobs/" + descriptor["digest"].replace(":", "/")))
    if blob.digest != descriptor["digest"]:
        raise ValueError(f"{descriptor['digest']} is in truth {blob.digest}")
    return blob


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file.read()
