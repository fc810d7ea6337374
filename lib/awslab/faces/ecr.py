"""ECR: layers and manifests are kept on disk, where hosts find them; a digest is the SHA-256 of the manifest's bytes.

moto keeps repositories, policies and scans; it names images by something else than their manifest and checks no layers.
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageAlreadyExistsException, InvalidParameterException
from moto.ecr.models import Image, Repository
from moto.ecr.responses import ECRResponse

from awslab.faces.inventory import ACCOUNT_ID, AwsError
from awslab.images import ImageStore
from awslab.world import World

if TYPE_CHECKING:
    from awslab.lab import Lab


class StoredImage(Image):
    """An image as large as its layers, pushed in lab time."""

    def get_image_size_in_bytes(self) -> int:
        """Bytes of config and layers, compressed as they were sent."""
        return sum(part["size"] for part in _parts(json.loads(self.image_manifest)))


class Face(ECRResponse):
    """Pushing and removing images; everything else is moto's."""

    signing_name = "ecr"
    world: World
    lab: Lab

    def create_repository(self) -> ActionResult:
        """CreateRepository."""
        answer = super().create_repository()
        self._mirror(self._repository())
        return answer

    def delete_repository(self) -> ActionResult:
        """DeleteRepository."""
        answer = super().delete_repository()
        self._store.remove_repository(self._get_param("repositoryName"))
        return answer

    def batch_delete_image(self) -> ActionResult:
        """BatchDeleteImage."""
        answer = super().batch_delete_image()
        self._mirror(self._repository())
        return answer

    def complete_layer_upload(self) -> ActionResult:
        """CompleteLayerUpload: the bytes must be what the caller says they are."""
        repository, upload_id = self._repository(), self._get_param("uploadId")
        said = self._get_param("layerDigests")
        upload = repository.uploads.get(upload_id)
        if upload is not None:
            content = bytes(upload.layer_parts)
            self._check_layer(repository, upload_id, content, said)
            self._store.write_blob(content)
        return super().complete_layer_upload()

    def put_image(self) -> ActionResult:
        """PutImage: every layer must be there; a tag of an immutable repository never moves."""
        repository, text, tag = self._repository(), self._get_param("imageManifest"), self._get_param("imageTag")
        manifest, content = _manifest(text), text.encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if self._get_param("imageDigest") not in (None, digest):
            message = "The specified image digest does not match the digest that Amazon ECR calculated for the image."
            raise AwsError("ImageDigestDoesNotMatchException", message)
        self._check_parts(repository, manifest)
        image = _by_digest(repository, digest)
        holder = next((each for each in repository.images if tag and tag in each.image_tags), None)
        self._check_tag(repository, image, holder, tag, digest)
        if holder is not None:
            holder.remove_tag(tag)
        if image is None:
            image = self._add(repository, text, manifest, digest)
        image.update_tag(tag)
        self._store.write_blob(content)
        self._mirror(repository)
        return ActionResult({"image": _answer(image, tag)})

    def batch_get_image(self) -> ActionResult:
        """BatchGetImage, each by digest, by tag, or by both."""
        repository = self._repository()
        found, failures = [], []
        for wanted in self._get_param("imageIds"):
            image = _find(repository, wanted)
            if image is not None:
                found.append(_answer(image, wanted.get("imageTag")))
                continue
            missing = {"imageId": wanted, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            failures.append(missing)
        return ActionResult({"images": found, "failures": failures})

    @property
    def _store(self) -> ImageStore:
        return ImageStore(self.lab.data)

    def _repository(self) -> Repository:
        return self.ecr_backend._get_repository(self._get_param("repositoryName"), self._get_param("registryId"))

    def _mirror(self, repository: Repository) -> None:
        tags = {tag: image.image_digest for image in repository.images for tag in image.image_tags}
        self._store.write_repository(repository.name, [image.image_digest for image in repository.images], tags)

    def _add(self, repository: Repository, text: str, manifest: dict, digest: str) -> Image:
        media_type = self._get_param("imageManifestMediaType") or manifest.get("mediaType")
        if not media_type:
            raise InvalidParameterException("image manifest mediatype not provided in manifest or parameter")
        image = StoredImage(self.current_account, None, text, repository.name, media_type, digest)
        image.image_pushed_at = int(self.world.now)
        repository.images.append(image)
        return image

    def _check_layer(self, repository: Repository, upload_id: str, content: bytes, said: list[str]) -> None:
        where = f"in the repository with name '{repository.name}' in registry with id '{repository.registry_id}'"
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if not content:
            raise AwsError("EmptyUploadException", f"Upload with id '{upload_id}' {where} has no layer parts")
        if digest not in said:
            raise AwsError("InvalidLayerException", f"Layer with digest '{digest}' is not among '{said}' {where}")
        if digest in repository.layers:
            raise AwsError("LayerAlreadyExistsException", f"Layer with digest '{digest}' already exists {where}")

    def _check_parts(self, repository: Repository, manifest: dict) -> None:
        missing = [part["digest"] for part in _parts(manifest) if part["digest"] not in repository.layers]
        if missing:
            raise AwsError(
                "LayersNotFoundException",
                f"Layers with digests '[{', '.join(missing)}]' required for pushing image into repository with name "
                f"'{repository.name}' in the registry with id '{repository.registry_id}' do not exist",
            )

    def _check_tag(
        self, repository: Repository, image: Image | None, holder: Image | None, tag: str | None, digest: str
    ) -> None:
        if image is not None and (tag is None or image is holder):
            raise ImageAlreadyExistsException(repository.name, repository.registry_id, digest, tag or "null")
        if holder is not None and _immutable(repository, tag):
            raise AwsError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
                "because the tag is immutable.",
            )


def digest_of(image: str, region: str) -> str:
    """Resolve an image reference as the agent's pull does.

    Args:
        image: A reference, by tag or digest.
        region: The lab's.

    Returns:
        The digest; the reference itself when the lab's registry has no such image, which whoever pulls it will say.
    """
    ours = image.startswith(f"{ACCOUNT_ID}.dkr.ecr.{region}.")
    return ImageStore(Face.lab.data).resolve(image) if ours else image


def _manifest(text: str) -> dict:
    constraint = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
    try:
        manifest = json.loads(text)
    except ValueError as error:
        raise InvalidParameterException(constraint) from error
    parts = _parts(manifest) if isinstance(manifest, dict) else []
    if not parts or not all(isinstance(part, dict) and {"digest", "size"} <= part.keys() for part in parts):
        raise InvalidParameterException(constraint)
    return manifest


def _parts(manifest: dict) -> list[dict]:
    """Config and layers; the lab has no use for manifest lists."""
    layers = manifest.get("layers")
    return [manifest.get("config"), *layers] if isinstance(layers, list) else []


def _by_digest(repository: Repository, digest: str | None) -> Image | None:
    return next((image for image in repository.images if image.image_digest == digest), None)


def _find(repository: Repository, wanted: dict) -> Image | None:
    for image in repository.images:
        digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
        if digest in (None, image.image_digest) and (tag is None or tag in image.image_tags) and (digest or tag):
            return image
    return None


def _immutable(repository: Repository, tag: str) -> bool:
    filters = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(fnmatchcase(tag, each["filter"]) for each in filters)
    return (repository.image_tag_mutability or "MUTABLE").startswith("IMMUTABLE") != excluded


def _answer(image: Image, tag: str | None) -> dict:
    return {
        "registryId": image.registry_id,
        "repositoryName": image.repository_name,
        "imageId": {"imageDigest": image.image_digest, **({"imageTag": tag} if tag else {})},
        "imageManifest": image.image_manifest,
        "imageManifestMediaType": image.image_manifest_media_type,
    }
