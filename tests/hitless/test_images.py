import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from awslab.images import ImageStore
from awslab.lab import Lab
from hitless.errors import Refused
from hitless.folder_image import EXCLUDED
from hitless.images import build, push

APP = Path(__file__).parents[2] / "app"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app" / "sub").mkdir(parents=True)
    (tmp_path / "app" / "main.py").write_text("print(1)\n")
    (tmp_path / "app" / "sub" / "page.html").write_text("<p>")
    return tmp_path / "app"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Lab(seed=1, data=tmp_path_factory.mktemp("lab"))


@pytest.fixture
def calls(lab):
    """An ECR client, the names of the actions it was asked for, and a repository `web` of this test alone."""
    ecr, names = lab.client("ecr"), []
    ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    ecr.meta.events.register("before-call.ecr.*", lambda model, **_: names.append(model.name))
    yield ecr, names
    ecr.delete_repository(repositoryName="web", force=True)


def test_the_same_content_has_the_same_digest_wherever_and_whenever(folder, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    (copy / "main.py").chmod(0o600)
    os.utime(copy / "main.py", (1, 1))
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "main.pyc").write_bytes(b"x")
    (copy / ".DS_Store").write_bytes(b"x")
    assert build(copy) == build(folder)


def test_the_digest_does_not_hang_on_the_process(folder):
    code = f"from pathlib import Path; from hitless.images import build; print(build(Path({str(folder)!r})).digest)"
    other = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    said = subprocess.run([sys.executable, "-c", code], env=other, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == build(folder).digest


@pytest.mark.parametrize("change", ["byte", "name", "new", "environment"])
def test_any_change_is_another_digest(folder, change):
    before, environment = build(folder).digest, {}
    if change == "byte":
        (folder / "main.py").write_text("print(2)\n")
    elif change == "name":
        (folder / "sub" / "page.html").rename(folder / "sub" / "pagf.html")
    elif change == "new":
        (folder / "empty").touch()
    else:
        environment = {"APP_VERSION": "2"}
    assert build(folder, environment=environment).digest != before


def test_variables_count_whatever_their_order(folder):
    assert build(folder, environment={"B": "1", "A": "2"}) == build(folder, environment={"A": "2", "B": "1"})


def test_what_is_no_app_is_refused(folder, tmp_path):
    with pytest.raises(Refused):
        build(tmp_path)
    with pytest.raises(Refused):
        build(folder, environment={"A=B": "1"})
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(Refused):
        build(folder)


def test_docker_leaves_out_what_the_lab_leaves_out():
    assert tuple((APP / ".dockerignore").read_text().split()) == EXCLUDED


def test_what_was_pushed_is_what_a_host_unpacks(folder, lab, calls):
    uri = push(build(folder, environment={"APP_VERSION": "1"}), "web", ecr=calls[0])
    assert re.fullmatch(r"123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com/web@sha256:[0-9a-f]{64}", uri)
    store = ImageStore(lab.data)
    assert (store.path_of(uri) / "main.py").read_text() == "print(1)\n"
    assert (store.path_of(uri) / "sub" / "page.html").read_text() == "<p>"
    assert store.environment_of(uri) == {"APP_VERSION": "1"}


def test_pushing_again_writes_nothing(folder, calls):
    ecr, names = calls
    uri = push(build(folder), "web", ecr=ecr, tag="1.0")
    names.clear()
    assert push(build(folder), "web", ecr=ecr, tag="1.0") == uri
    assert push(build(folder), "web", ecr=ecr) == uri
    assert set(names) == {"DescribeRepositories", "BatchGetImage"}


def test_a_second_release_uploads_only_what_is_new(folder, calls):
    ecr, names = calls
    push(build(folder, environment={"APP_VERSION": "1"}), "web", ecr=ecr)
    names.clear()
    push(build(folder, environment={"APP_VERSION": "2"}), "web", ecr=ecr)
    assert names.count("InitiateLayerUpload") == 1  # the config; the layer is there


def test_a_big_layer_goes_in_parts(folder, calls):
    ecr, names = calls
    (folder / "big").write_bytes(os.urandom(1024) * 1024 * 25)
    uri = push(build(folder), "web", ecr=ecr)
    assert names.count("UploadLayerPart") >= 3
    assert uri.endswith(build(folder).digest)


def test_a_tag_never_moves(folder, calls):
    ecr, names = calls
    uri = push(build(folder), "web", ecr=ecr, tag="1.0")
    (folder / "main.py").write_text("print(2)\n")
    names.clear()
    with pytest.raises(Refused, match="means another image"):
        push(build(folder), "web", ecr=ecr, tag="1.0")
    assert not {"InitiateLayerUpload", "PutImage"} & set(names)
    [image] = ecr.describe_images(repositoryName="web")["imageDetails"]
    assert uri.endswith(image["imageDigest"])


@pytest.mark.parametrize("tag", ["latest", "", "a b", "-x", "x" * 129])
def test_latest_is_no_release(folder, calls, tag):
    ecr, names = calls
    with pytest.raises(Refused):
        push(build(folder), "web", ecr=ecr, tag=tag)
    assert names == []


def test_a_missing_repository_is_refused(folder, calls):
    with pytest.raises(Refused, match="no ECR repository nowhere"):
        push(build(folder), "nowhere", ecr=calls[0])
