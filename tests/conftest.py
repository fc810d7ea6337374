"""A lab as a process, for tests that need sockets, Terraform or time that really passes."""

import boto3
import pytest

from hitless.lab import Lab


class RunningLab(Lab):
    """A lab process and boto3 clients of it."""

    def client(self, service: str):
        return boto3.Session().client(service)


@pytest.fixture
def lab(tmp_path):
    with RunningLab(tmp_path / "lab", rate=60, seed=1) as running:
        yield running
