"""Copies of our Terraform to try things on, and small configurations that need no provider."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from bootstrap import CACHE, mirror
from bootstrap.terraform import fetch_terraform, find_terraform
from hitless.terraform import Terraform
from hitless.terraform_cli import child_environment

from .standing_provider import StandingProvider

CHECKOUT = Path(__file__).parents[2]
SOURCES = CHECKOUT / "terraform"
LOCK = SOURCES / "envs" / "dev" / ".terraform.lock.hcl"


class Workshop:
    """A copy of `terraform/`, and Terraform to run in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "terraform"
        shutil.copytree(SOURCES, self.root, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))
        shutil.copy(LOCK, self.root / "testing")
        self._data_dir = folder / "data"
        self.environment = child_environment(mirror.environment(os.environ), self._data_dir)

    def run(self, *arguments: str, inside: str = ".", **environment: str) -> subprocess.CompletedProcess[str]:
        binary = find_terraform() or fetch_terraform(CACHE)
        command, env = [binary, *arguments], {**self.environment, **environment}
        return subprocess.run(command, cwd=self.root / inside, env=env, capture_output=True, text=True)

    def test(self, names: Iterable[str], *options: str) -> subprocess.CompletedProcess[str]:
        """Run these files of `testing/tests`, with a pretended AWS."""
        started = self.run("init", "-lockfile=readonly", inside="testing")
        assert started.returncode == 0, started.stderr
        only = [f"-filter=tests/{name}.tftest.hcl" for name in names]
        with StandingProvider(self._data_dir, self.environment) as provider:
            return self.run("test", *options, *only, inside="testing", **provider.environment)


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


@pytest.fixture
def small(tmp_path):
    """A configuration of Terraform's own `terraform_data`, which takes no provider and touches nothing."""

    def make(text: str, **options) -> Terraform:
        folder = tmp_path / "terraform" / "envs" / "small"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main.tf").write_text(text)
        terraform = Terraform(folder, tmp_path / "state", say=options.pop("say", lambda _line: None), **options)
        terraform.init()
        return terraform

    return make
