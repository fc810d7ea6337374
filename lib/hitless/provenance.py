"""Where an image comes from: its manifest as a file to check a signature against, and what it is made of."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from hitless import durable
from hitless.errors import Refused
from hitless.images import find
from hitless.oci import MANIFEST_TYPE

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
BASE = re.compile(r"^ARG PYTHON_IMAGE=(\S+?):(\S+?)@(sha256:[0-9a-f]{64})$", re.MULTILINE)


def keep_manifest(digest: str, repository_name: str, path: Path, *, ecr) -> Path:
    """Write an image's manifest as ECR keeps it: the file whose SHA-256 is the image's digest.

    So `gh attestation verify FILE` answers for the image, and nobody has to log in to a registry.

    Args:
        digest: `sha256:` and 64 hex digits.
        repository_name: An existing ECR repository.
        path: The file.
        ecr: A boto3 client of the repository's account and region.

    Raises:
        Refused: As `images.find`; or ECR answered with another content than the digest names.

    Calls:
        ecr:DescribeRepositories, ecr:BatchGetImage.
    """
    find(digest, repository_name, ecr=ecr)
    asked = {"imageIds": [{"imageDigest": digest}], "acceptedMediaTypes": [MANIFEST_TYPE]}
    [image] = ecr.batch_get_image(repositoryName=repository_name, **asked)["images"]
    content = image["imageManifest"].encode()
    got = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if got != digest:
        seen = {"asked": digest, "answered": got}
        raise Refused("ECR answered with another image.", seen=seen, do="find out who changes answers on the way")
    path.parent.mkdir(parents=True, exist_ok=True)
    return durable.replace(path, content)


def bill_of_materials(app: Path, digest: str) -> dict[str, object]:
    """What an image is made of, as CycloneDX 1.6: each package of the app's lock file, and the base image.

    Args:
        app: The app's folder, with its Dockerfile and `requirements.txt`.
        digest: The image's.

    Raises:
        Refused: The Dockerfile names no base by digest, or the lock file no package.
    """
    base = BASE.search((app / "Dockerfile").read_text())
    packages = list(_packages((app / "requirements.txt").read_text()))
    if base is None or not packages:
        seen = {"base by digest": base is not None, "packages": len(packages)}
        raise Refused("Nobody can tell what the image is made of.", seen=seen, do="pin base and packages; make lock")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component("container", "hitless-app", digest, f"pkg:oci/hitless-app@{digest}")},
        "components": [_component("container", base[1], base[2], f"pkg:oci/{base[1]}@{base[3]}"), *packages],
    }


def _packages(lock: str) -> Iterator[dict[str, str]]:
    for name, version in PINNED.findall(lock):
        yield _component("library", name, version, f"pkg:pypi/{name.lower()}@{version}")


def _component(kind: str, name: str, version: str, purl: str) -> dict[str, str]:
    purl = purl.replace("@sha256:", "@sha256%3A")
    return {"type": kind, "name": name, "version": version, "purl": purl, "bom-ref": purl}


def write_bill(app: Path, digest: str, path: Path) -> Path:
    """The same as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return durable.replace(path, json.dumps(bill_of_materials(app, digest), indent=1, sort_keys=True) + "\n")
