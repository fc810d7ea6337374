"""Build a release, put it into ECR, find one that is there; a release is named by its digest, never by a tag."""

from __future__ import annotations

import re
from pathlib import Path

from botocore.exceptions import ClientError

from hitless import docker_image
from hitless.connect import Connection
from hitless.errors import Failed, Refused
from hitless.folder_image import build
from hitless.oci import MANIFEST_TYPE, Blob, Image

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def build_release(folder: Path | str, version: str, colour: str, faults: str = "", *, runs_on: str = "lab") -> Image:
    """Build a release of the app: its version and colour are part of the image, hence of the digest.

    Args:
        folder: The app's folder.
        version: What the app says it is.
        colour: What it looks like, so that a person sees who answers.
        faults: Settings that make a bad release, e.g. "ERROR_PERCENT=100 ERROR_AFTER_S=60".
        runs_on: `lab`, whose hosts bring Python, takes the folder's content alone; `aws` takes what Docker builds.

    Raises:
        Refused: A fault is not NAME=VALUE, or as `folder_image.build` and `docker_image.build`.
    """
    pairs = [fault.partition("=") for fault in faults.split()]
    if bad := [name for name, equals, _ in pairs if not equals]:
        raise Refused("A fault is not NAME=VALUE.", seen={"fault": bad[0]}, do='write "ERROR_PERCENT=100"')
    plain = build(Path(folder)) if runs_on == "lab" else docker_image.build(Path(folder))
    return plain.with_environment({"APP_VERSION": version, "APP_COLOUR": colour, **{n: v for n, _, v in pairs}})


def release_image(
    folder: Path | str, version: str, colour: str, *, here: Connection, repository_name: str, digest: str
) -> Image | str:
    """The release to deploy: built here, or one that CI has built and pushed.

    Args:
        folder: The app's folder.
        version: As `build_release`.
        colour: As `build_release`.
        here: Whose account.
        repository_name: An existing ECR repository.
        digest: Of an image that is there; "" builds one.

    Raises:
        Refused: As `build_release`, or as `find`.
    """
    if digest:
        return find(digest, repository_name, ecr=here.client("ecr"))
    return build_release(folder, version, colour, runs_on=here.environment)


def address(digest: str, repository_name: str, *, ecr) -> str:
    """What a task definition names: the repository's address and the image's digest, be it there or not.

    Raises:
        Refused: The repository does not exist.

    Calls:
        ecr:DescribeRepositories.
    """
    return f"{_repository_uri(repository_name, ecr)}@{digest}"


def push(image: Image, repository_name: str, *, ecr, tag: str | None = None) -> str:
    """Put an image into a repository, unless it is there.

    Args:
        image: From `build_release`.
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
    uri = address(image.digest, repository_name, ecr=ecr)
    if _is_there(image, repository_name, ecr, tag):
        return uri
    for blob in (image.config, *image.layers):
        _upload(blob, repository_name, ecr)
    _put(image, repository_name, ecr, tag)
    return uri


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


def find(digest: str, repository_name: str, *, ecr) -> str:
    """An image that is in the repository already, as CI pushed it.

    Args:
        digest: `sha256:` and 64 hex digits.
        repository_name: An existing ECR repository.
        ecr: A boto3 client of the repository's account and region.

    Returns:
        The repository's address and the digest: what a task definition names.

    Raises:
        Refused: It is no digest, or the repository does not hold it.

    Calls:
        ecr:DescribeRepositories, ecr:BatchGetImage.
    """
    if not DIGEST.fullmatch(digest):
        raise Refused("That is no digest.", seen={"given": digest}, do="give sha256: and 64 hex digits; a tag can move")
    uri = address(digest, repository_name, ecr=ecr)
    if not ecr.batch_get_image(repositoryName=repository_name, imageIds=[{"imageDigest": digest}])["images"]:
        do = "let CI build and push it first, or leave the digest out to build it here"
        raise Refused(f"{repository_name} does not hold that image.", seen={"digest": digest}, do=do)
    return uri
