"""What a host does with an image: resolve it, unpack it once, safely."""

import io
import json
import tarfile
import threading

import pytest

from awslab.images import ImageNotFound, ImageStore

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path)


def tar_of(*members):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data, kind in members:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                entry.linkname, data = data, b""
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def keep(store, layer, name="web", tags=(), **config):
    held = store.write_blob(json.dumps({"config": {"WorkingDir": "/srv/app", **config}}).encode())
    manifest = {"config": {"digest": held}, "layers": [{"digest": store.write_blob(layer)}]}
    digest = store.write_blob(json.dumps(manifest).encode())
    store.write_repository(name, [digest], dict.fromkeys(tags, digest))
    return digest


GOOD = [("srv/app/main.py", b"print(1)", tarfile.REGTYPE)]


def test_digest_tag_and_bare_digest_name_the_same_image(store):
    digest = keep(store, tar_of(*GOOD), name="team/web", tags=["1.0", "latest"])
    for uri in (f"@{digest}", ":1.0", f":1.0@{digest}", ""):
        assert store.digest_of(f"{REGISTRY}/team/web{uri}") == digest
    assert store.digest_of(digest) == digest


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (f"{REGISTRY}/web:2.0", "manifest for .*web:2.0 not found"),
        (f"{REGISTRY}/web@sha256:{'0' * 64}", "manifest unknown"),
        (f"{REGISTRY}/other:1.0", "repository with name 'other' does not exist"),
        (f"sha256:{'0' * 64}", "manifest unknown"),
        ("nginx:1", "no registry"),
        (f"{REGISTRY}/../../etc:1", "does not exist in the registry"),
        (f"{REGISTRY}/web:../../x", "no registry"),
        ("", "no registry"),
    ],
)
def test_what_is_not_there_is_refused_in_ecs_words(store, uri, words):
    keep(store, tar_of(*GOOD), tags=["1.0"])
    with pytest.raises(ImageNotFound, match=f"^CannotPullContainerError: .*{words}"):
        store.path_of(uri)
    assert store.refusal(uri).startswith("CannotPullContainerError")
    assert store.resolve(uri) == uri


def test_a_digest_of_one_repository_is_not_in_another(store):
    digest = keep(store, tar_of(*GOOD))
    store.write_repository("other", [], {})
    with pytest.raises(ImageNotFound):
        store.digest_of(f"{REGISTRY}/other@{digest}")


@pytest.mark.parametrize(
    "member",
    [
        ("../../outside", b"x", tarfile.REGTYPE),
        ("/etc/outside", b"x", tarfile.REGTYPE),
        ("srv/link", "../../../outside", tarfile.SYMTYPE),
        ("srv/link", "/etc/passwd", tarfile.LNKTYPE),
        ("srv/device", b"", tarfile.CHRTYPE),
    ],
)
def test_an_image_cannot_write_outside_its_folder(store, tmp_path, member):
    digest = keep(store, tar_of(*GOOD, member))
    before = {path for path in tmp_path.parent.rglob("*outside*")}
    try:
        root = store.path_of(digest)
    except ImageNotFound as refused:
        assert "failed to register layer" in str(refused)
        assert not (tmp_path / "unpacked" / digest[7:]).exists()
    else:  # made harmless: an absolute name becomes a relative one
        assert root.is_relative_to(tmp_path / "unpacked" / digest[7:])
    inside = tmp_path / "unpacked"
    assert all(path.is_relative_to(inside) for path in {*tmp_path.parent.rglob("*outside*")} - before)


def test_a_working_directory_outside_the_image_is_refused(store):
    with pytest.raises(ImageNotFound, match="outside the image"):
        store.path_of(keep(store, tar_of(*GOOD), WorkingDir="/../../.."))


def test_bytes_that_changed_on_disk_are_not_run(store, tmp_path):
    layer = tar_of(*GOOD)
    digest = keep(store, layer)
    (tmp_path / "blobs" / "sha256" / store.write_blob(layer)[7:]).write_bytes(layer.replace(b"print(1)", b"print(2)"))
    with pytest.raises(ImageNotFound, match="verification failed"):
        store.path_of(digest)


def test_many_hosts_may_unpack_at_once(store):
    digest = keep(store, tar_of(*GOOD, *[(f"srv/app/{n}", b"x" * n, tarfile.REGTYPE) for n in range(200)]))
    paths, gate = [], threading.Barrier(8)

    def pull():
        gate.wait()
        paths.append((store.path_of(digest) / "199").stat().st_size)

    threads = [threading.Thread(target=pull) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [199] * 8
    assert [path.name for path in store.path_of(digest).parents[2].iterdir()] == [digest[7:]]
