"""An image that Docker built comes back as exactly its bytes, named before it is pushed."""

import io
import json
import os
import sys
import tarfile

import pytest

from hitless import docker_image
from hitless.errors import Refused
from hitless.folder_image import build
from hitless.images import build_release

FAKE = """#!{python}
import os, shutil, sys
destination = next(a for a in sys.argv if a.startswith("type=oci")).split("dest=")[1].split(",")[0]
print(*sys.argv[1:], os.environ.get("SOURCE_DATE_EPOCH"), sep="\\n", file=open({log!r}, "w"))
shutil.copyfile({layout!r}, destination)
"""


@pytest.fixture
def app(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("print(1)\n")
    return tmp_path / "app"


def layout(path, image, **changed):
    """An OCI layout in a tar file, as buildx writes it."""
    entry = image.manifest.descriptor
    index = {"schemaVersion": 2, "manifests": [entry], **changed}
    blobs = {f"blobs/{b.digest.replace(':', '/')}": b.content for b in (image.manifest, image.config, *image.layers)}
    with tarfile.open(path, "w") as tar:
        for name, content in {"index.json": json.dumps(index).encode(), **blobs}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def docker(tmp_path, monkeypatch, app):
    """A `docker` that has built an image of the app."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    made = layout(tmp_path / "made.tar", build(app))
    (folder / "docker").write_text(FAKE.format(python=sys.executable, log=str(log), layout=str(made)))
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


def test_a_release_for_aws_is_what_docker_built_with_its_version_baked_in(docker, app):
    image = build_release(app, "2.0.0", "green", "ERROR_PERCENT=5", runs_on="aws")
    assert image == build_release(app, "2.0.0", "green", "ERROR_PERCENT=5")  # the fake's image is the folder's
    settings = json.loads(image.config.content)["config"]
    assert settings["Env"] == ["APP_COLOUR=green", "APP_VERSION=2.0.0", "ERROR_PERCENT=5"]
    asked = docker.read_text().splitlines()
    assert asked[:2] == ["buildx", "build"] and asked[-2:] == [str(app), "0"]
    assert {"--provenance=false", "--sbom=false", "linux/amd64"} <= set(asked)


def test_what_is_baked_in_replaces_what_the_dockerfile_says(app):
    image = build(app).with_environment({"APP_VERSION": "1"}).with_environment({"APP_VERSION": "2"})
    assert json.loads(image.config.content)["config"]["Env"] == ["APP_VERSION=2"]


def test_without_docker_there_is_no_image_for_aws(app, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Refused, match="needs Docker"):
        build_release(app, "1", "blue", runs_on="aws")


def test_a_build_that_fails_says_why(docker, app, tmp_path):
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\necho 'ERROR: no such base' >&2\nexit 1\n")
    with pytest.raises(Refused, match="no such base"):
        docker_image.build(app)
    (tmp_path / "bin" / "docker").write_text(
        "#!/bin/sh\necho 'OCI exporter is not supported for the docker driver.' >&2\nexit 1\n"
    )
    with pytest.raises(Refused, match="docker buildx create"):
        docker_image.build(app)


def test_what_is_not_one_whole_image_is_refused(app, tmp_path):
    image = build(app)
    entry = image.manifest.descriptor
    for changed in (
        {"manifests": []},
        {"manifests": [entry, entry]},
        {"manifests": [{**entry, "mediaType": "application/vnd.oci.image.index.v1+json"}]},
        {"manifests": [{**entry, "digest": f"sha256:{'0' * 64}"}]},
    ):
        with pytest.raises(Refused, match="no OCI layout"):
            docker_image.read_layout(layout(tmp_path / "x.tar", image, **changed))
    (tmp_path / "x.tar").write_bytes(b"not a tar")
    with pytest.raises(Refused, match="no OCI layout"):
        docker_image.read_layout(tmp_path / "x.tar")
    forged = type(image)(image.manifest, type(image.config)(image.config.media_type, b"{}"), image.layers)
    with tarfile.open(layout(tmp_path / "y.tar", image)) as tar:
        names = tar.getnames()
    assert len(names) == 4 and forged.digest == image.digest


def test_a_blob_that_is_not_what_its_digest_says_is_refused(app, tmp_path):
    image, path = build(app), tmp_path / "x.tar"
    layout(path, image)
    content = path.read_bytes().replace(b"print(1)", b"print(2)")
    path.write_bytes(content)
    with pytest.raises(Refused, match="is in truth"):
        docker_image.read_layout(path)
