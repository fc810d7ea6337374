"""Terraform comes from PATH or from a release whose checksum is known; nothing unchecked is ever unpacked."""

import hashlib
import io
import zipfile

import pytest

from bootstrap import Missing, mirror, terraform

NEW, OLD = "1.12.0", "1.9.8"


def fake(folder, version):
    """A Terraform that only knows its version."""
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / "terraform"
    binary.write_text(f"""#!/bin/sh\necho '{{"terraform_version": "{version}"}}'\n""")
    binary.chmod(0o755)
    return binary


@pytest.fixture
def releases(tmp_path):
    """A folder of releases, as a file:// address, and the checksum of its zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("LICENSE.txt", "no binary")
        archive.writestr("terraform", '#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n')
    folder = tmp_path / "releases" / terraform.PINNED
    folder.mkdir(parents=True)
    (folder / f"terraform_{terraform.PINNED}_linux_amd64.zip").write_bytes(packed.getvalue())
    return folder.parent.as_uri(), hashlib.sha256(packed.getvalue()).hexdigest()


def fetch(cache, releases, sum_):
    return terraform.fetch_terraform(cache, releases=releases, sums={"linux_amd64": sum_}, platform_name="linux_amd64")


def test_a_new_enough_terraform_on_the_path_is_used(tmp_path):
    binary = fake(tmp_path / "bin", NEW)
    assert terraform.find_terraform(tmp_path / "cache", path=str(tmp_path / "bin")) == binary


def test_an_old_one_is_passed_over_for_the_one_fetched_earlier(tmp_path):
    fake(tmp_path / "bin", OLD)
    fetched = fake(tmp_path / "cache" / terraform.PINNED, terraform.PINNED)
    assert terraform.find_terraform(tmp_path / "cache", path=str(tmp_path / "bin")) == fetched


def test_something_else_of_that_name_is_no_terraform(tmp_path):
    fake(tmp_path / "bin", "1.12.0").write_text("#!/bin/sh\nexit 1\n")
    assert terraform.find_terraform(tmp_path / "cache", path=str(tmp_path / "bin")) is None


def test_a_release_with_the_right_checksum_is_unpacked_and_runs(tmp_path, releases):
    address, right = releases
    binary = fetch(tmp_path / "cache", address, right)
    assert terraform.version_of(binary) == (1, 11, 4)
    assert terraform.find_terraform(tmp_path / "cache", path="") == binary


def test_a_release_with_a_wrong_checksum_is_refused_and_not_unpacked(tmp_path, releases):
    with pytest.raises(Missing, match="is not what HashiCorp published"):
        fetch(tmp_path / "cache", releases[0], "0" * 64)
    assert not (tmp_path / "cache").exists()


def test_a_platform_without_a_known_checksum_is_refused(tmp_path):
    with pytest.raises(Missing, match="No checksum is known for Terraform on plan9_mips") as refused:
        terraform.fetch_terraform(tmp_path, platform_name="plan9_mips")
    assert "put it on PATH" in str(refused.value)


def test_without_a_network_the_remedy_is_named(tmp_path):
    with pytest.raises(Missing, match=r"Is there a network.*put it on PATH"):
        fetch(tmp_path, (tmp_path / "nowhere").as_uri(), "0" * 64)


def test_every_platform_we_promise_has_a_checksum():
    assert {"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"} == set(terraform.SHA256)
    assert all(len(bytes.fromhex(value)) == 32 for value in terraform.SHA256.values())


HELD = f"{mirror.HOST}/{mirror.PROVIDER}"


def stock(place, platform_name="linux_amd64"):
    (place / HELD / mirror.PROVIDER_VERSION / platform_name).mkdir(parents=True)
    return place


def find(tmp_path, environment, **options):
    return mirror.find_mirror(
        environment,
        home=tmp_path / "home",
        shelves=(str(tmp_path / "shelf"),),
        platform_name="linux_amd64",
        **options,
    )


def test_a_named_mirror_comes_first(tmp_path):
    named = stock(tmp_path / "named")
    stock(tmp_path / "shelf" / "other")
    assert find(tmp_path, {mirror.MIRROR_VARIABLE: str(named)}) == named


def test_a_named_mirror_without_the_provider_is_refused(tmp_path):
    with pytest.raises(Missing, match="terraform providers mirror"):
        find(tmp_path, {mirror.MIRROR_VARIABLE: str(tmp_path)})


@pytest.mark.parametrize(
    "place", ["home/.terraform.d/plugins", "data/terraform/plugins", "share/terraform/plugins", "shelf/anything"]
)
def test_a_mirror_is_found_where_terraform_would_look_or_one_below_a_shelf(tmp_path, place):
    standing = stock(tmp_path / place)
    environment = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_DATA_DIRS": str(tmp_path / "share")}
    assert find(tmp_path, environment) == standing


def test_a_mirror_of_packed_providers_counts(tmp_path):
    shelf = tmp_path / "shelf" / "packed" / HELD
    shelf.mkdir(parents=True)
    (shelf / f"terraform-provider-aws_{mirror.PROVIDER_VERSION}_linux_amd64.zip").touch()
    assert find(tmp_path, {"XDG_DATA_DIRS": str(tmp_path)}) == tmp_path / "shelf" / "packed"


def test_another_platforms_provider_is_no_use(tmp_path):
    stock(tmp_path / "shelf" / "mac", "darwin_arm64")
    assert find(tmp_path, {"XDG_DATA_DIRS": str(tmp_path)}) is None


def test_the_users_own_configuration_is_left_to_terraform(tmp_path):
    own = tmp_path / "own.tfrc"
    own.touch()
    base = {"TF_CLI_CONFIG_FILE": str(own)}
    assert mirror.environment(base, cache=tmp_path / "cache", home=tmp_path) == base


def test_a_configuration_that_is_named_but_missing_is_ignored(tmp_path):
    base = {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing"), mirror.MIRROR_VARIABLE: str(any_platform(tmp_path))}
    made = mirror.environment(base, cache=tmp_path / "cache", home=tmp_path)
    written = (tmp_path / "cache" / "cli.tfrc").read_text()
    assert made["TF_CLI_CONFIG_FILE"] == str(tmp_path / "cache" / "cli.tfrc")
    assert f'path    = "{tmp_path / "mirror"}"' in written
    assert "TF_PLUGIN_CACHE_DIR" not in made


def any_platform(tmp_path):
    return stock(tmp_path / "mirror", mirror.platform_name())
