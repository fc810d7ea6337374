"""`terraform init` is spared when nothing it reads has changed; what it installed is never trusted for that."""

import json
import os
import subprocess

import pytest

from bootstrap.terraform import fetch_terraform, find_terraform
from hitless.errors import Refused
from hitless.terraform import Terraform
from hitless.terraform_root import Root

USES = """
terraform {
  required_providers {
    fake = { source = "lab.invalid/hitless/fake", version = "1.0.0" }
  }
}

resource "fake_thing" "this" {}
"""
MIRROR = """
provider_installation {
  filesystem_mirror {
    path = "FOLDER"
  }
}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "terraform" / "modules" / "wall").mkdir(parents=True)
    (tmp_path / "terraform" / "modules" / "wall" / "main.tf").write_text("# a wall\n")
    folder = tmp_path / "terraform" / "envs" / "small"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text("# a house\n")
    return folder


def linked(folder, backend=None):
    root = Root(folder, folder.parents[2] / "state", backend)
    root.link()
    return root


def test_what_was_done_for_the_same_configuration_stays_done(folder):
    first = linked(folder)
    assert not first.is_ready
    first.is_ready = True
    assert linked(folder).is_ready
    first.is_ready = False
    assert not linked(folder).is_ready


@pytest.mark.parametrize("file", ["main.tf", ".terraform.lock.hcl", "more.tf", "../../modules/wall/main.tf"])
def test_another_configuration_is_not_ready(folder, file):
    linked(folder).is_ready = True
    (folder / file).write_text("# another\n")
    assert not linked(folder).is_ready


def test_another_backend_is_not_ready(folder):
    linked(folder).is_ready = True
    assert not linked(folder, {"bucket": "states"}).is_ready


def test_a_provider_that_has_gone_is_installed_again(folder):
    root = linked(folder)
    root.is_ready = True
    place = root.data / "providers" / "registry" / "namespace" / "name" / "1.0.0"
    place.mkdir(parents=True)
    (place / "linux_amd64").symlink_to(folder / "unpacked")
    assert not root.is_ready
    (folder / "unpacked").mkdir()
    assert root.is_ready


@pytest.mark.terraform
def test_a_provider_that_was_exchanged_after_init_is_refused_by_terraform_itself(folder, tmp_path):
    binary = find_terraform() or fetch_terraform()
    platform = json.loads(subprocess.run([binary, "version", "-json"], capture_output=True).stdout)["platform"]
    unpacked = tmp_path / "mirror" / "lab.invalid" / "hitless" / "fake" / "1.0.0" / platform
    unpacked.mkdir(parents=True)
    program = unpacked / "terraform-provider-fake_v1.0.0"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    settings = tmp_path / "terraformrc"
    settings.write_text(MIRROR.replace("FOLDER", str(tmp_path / "mirror")))
    (folder / "main.tf").write_text(USES)
    subprocess.run(
        [binary, "providers", "lock", f"-fs-mirror={tmp_path / 'mirror'}", f"-platform={platform}"],
        cwd=folder,
        check=True,
        env=os.environ | {"TF_DATA_DIR": str(tmp_path / "locking")},
    )
    terraform = Terraform(folder, tmp_path / "state", env={"TF_CLI_CONFIG_FILE": str(settings)}, say=str)
    terraform.init()
    program.write_text("#!/bin/sh\nexit 0\n")
    terraform.init()  # spared
    with pytest.raises(Refused, match="checksums"):
        terraform.plan({})
