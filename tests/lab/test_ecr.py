import hashlib
import json

import pytest
from botocore.exceptions import ClientError

from awslab.images import ImageNotFound, ImageStore
from awslab.lab import Lab
from hitless.oci import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, Blob


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Lab(seed=1, data=tmp_path_factory.mktemp("lab"))


@pytest.fixture
def ecr(lab):
    """A client, and a repository `web` of this test alone."""
    ecr = lab.client("ecr")
    ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    yield ecr
    if ecr.describe_repositories()["repositories"]:
        ecr.delete_repository(repositoryName="web", force=True)


def upload(ecr, content, said=None):
    where = {"repositoryName": "web", "uploadId": ecr.initiate_layer_upload(repositoryName="web")["uploadId"]}
    ecr.upload_layer_part(**where, partFirstByte=0, partLastByte=len(content) - 1, layerPartBlob=content)
    return ecr.complete_layer_upload(**where, layerDigests=[said or digest(content)])["layerDigest"]


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest(config=b"{}", layer=b"layer"):
    parts = {"config": Blob(CONFIG_TYPE, config).descriptor, "layers": [Blob(LAYER_TYPE, layer).descriptor]}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, **parts}, indent=3)


def put(ecr, text, **more):
    return ecr.put_image(repositoryName="web", imageManifest=text, **more)["image"]


def refused(call, *args, **kwargs):
    with pytest.raises(ClientError) as error:
        call(*args, **kwargs)
    return error.value.response["Error"]["Code"]


def complete(ecr):
    upload(ecr, b"{}")
    upload(ecr, b"layer")


def test_an_image_is_named_by_the_sha256_of_its_manifests_bytes(ecr):
    complete(ecr)
    text = manifest()
    image = put(ecr, text)
    assert image["imageId"] == {"imageDigest": digest(text.encode())}
    [got] = ecr.batch_get_image(repositoryName="web", imageIds=[image["imageId"]])["images"]
    assert got["imageManifest"] == text


def test_a_layer_must_be_what_the_caller_says_it_is(ecr):
    assert refused(upload, ecr, b"layer", said=digest(b"other")) == "InvalidLayerException"
    upload(ecr, b"layer")
    assert refused(upload, ecr, b"layer") == "LayerAlreadyExistsException"


def test_an_empty_upload_is_refused(ecr):
    started = ecr.initiate_layer_upload(repositoryName="web")["uploadId"]
    call = {"repositoryName": "web", "uploadId": started, "layerDigests": [digest(b"")]}
    assert refused(ecr.complete_layer_upload, **call) == "EmptyUploadException"


def test_an_image_with_a_missing_layer_is_refused_and_not_kept(ecr):
    upload(ecr, b"{}")
    assert refused(put, ecr, manifest()) == "LayersNotFoundException"
    assert ecr.describe_images(repositoryName="web")["imageDetails"] == []


def test_the_callers_digest_must_be_the_manifests(ecr):
    complete(ecr)
    assert refused(put, ecr, manifest(), imageDigest=digest(b"x")) == "ImageDigestDoesNotMatchException"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"layers": 1}', '{"layers": [1], "config": {}}', "null"])
def test_a_manifest_that_is_none_is_refused(ecr, text):
    assert refused(put, ecr, text) == "InvalidParameterException"


def test_a_tag_of_an_immutable_repository_never_moves(ecr):
    complete(ecr)
    upload(ecr, b"other")
    put(ecr, manifest(), imageTag="1")
    assert refused(put, ecr, manifest(layer=b"other"), imageTag="1") == "ImageTagAlreadyExistsException"
    assert refused(put, ecr, manifest(), imageTag="1") == "ImageAlreadyExistsException"
    assert refused(put, ecr, manifest()) == "ImageAlreadyExistsException"


def test_a_tag_of_a_mutable_repository_moves(ecr, lab):
    ecr.put_image_tag_mutability(repositoryName="web", imageTagMutability="MUTABLE")
    complete(ecr)
    upload(ecr, b"other")
    put(ecr, manifest(), imageTag="1")
    put(ecr, manifest(layer=b"other"), imageTag="1")
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1"
    assert ImageStore(lab.data).digest_of(uri) == digest(manifest(layer=b"other").encode())


def test_an_image_is_pushed_in_lab_time_and_as_large_as_its_layers(ecr, lab):
    complete(ecr)
    lab.clock.sleep(3600)
    put(ecr, manifest())
    [image] = ecr.describe_images(repositoryName="web")["imageDetails"]
    assert image["imagePushedAt"].timestamp() == lab.clock.now()
    assert image["imageSizeInBytes"] == len(b"{}") + len(b"layer")


@pytest.mark.parametrize("remove", ["image", "tag", "repository"])
def test_what_was_deleted_cannot_be_pulled(ecr, lab, remove):
    complete(ecr)
    text = manifest()
    put(ecr, text, imageTag="1")
    uri = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/web@{digest(text.encode())}"
    assert ImageStore(lab.data).digest_of(uri)
    if remove == "repository":
        ecr.delete_repository(repositoryName="web", force=True)
    else:
        image = {"imageTag": "1"} if remove == "tag" else {"imageDigest": digest(text.encode())}
        ecr.batch_delete_image(repositoryName="web", imageIds=[image])
    with pytest.raises(ImageNotFound, match="CannotPullContainerError"):
        ImageStore(lab.data).digest_of(uri)
