"""Where contracts are held, and the AWS CLI, in an environment of its own: it pins another botocore than the project's.

A test marked `lab_and_aws` speaks boto3 alone and asserts only what AWS promises. It runs against a lab in process, and
against AWS as well when HITLESS_CONTRACT_ACCOUNT is the account of the credentials at hand and AWS_REGION is set:

    HITLESS_CONTRACT_ACCOUNT=111122223333 AWS_REGION=eu-west-1 pytest -n 0 -m lab_and_aws tests/contract
"""

import json
import os
import secrets
import subprocess
from pathlib import Path

import pytest

from awslab.lab import Lab
from tests.contract.account import ACCOUNT, Place, open_account
from tests.contract.installed import installed

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def aws_program() -> Path:
    """The `aws` command."""
    return installed(HERE / "awscli.lock") / "aws"


class Aws:
    """Runs one AWS CLI command against a lab; returns its JSON, or the error it printed."""

    def __init__(self, program: Path, environment: dict[str, str], home: Path) -> None:
        self._program = program
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_MAX_ATTEMPTS": "1", **environment}

    def __call__(self, *arguments: str) -> dict:
        ended = self._run(*arguments)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout or "{}")

    def refused(self, *arguments: str) -> str:
        ended = self._run(*arguments)
        assert ended.returncode != 0, ended.stdout
        return ended.stderr.strip()

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self._program), "--output", "json", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def aws(aws_program, lab, tmp_path) -> Aws:
    return Aws(aws_program, lab.environment, tmp_path)


def pytest_generate_tests(metafunc):
    """Without an account there is nothing to skip: the lab alone is asked."""
    if "place" in metafunc.fixturenames:
        metafunc.parametrize("place", ["lab", *(["aws"] if ACCOUNT in os.environ else [])], indirect=True)


@pytest.fixture
def place(request) -> Place:
    """The lab, or AWS; what the test made there is deleted when it ends."""
    if request.param == "aws":
        made = Place(open_account(os.environ).client, f"hitless-contract-{secrets.token_hex(4)}")
    else:
        lab = Lab(seed=5)
        made = Place(lab.client, "hitless-contract")
        request.addfinalizer(lab.close)
    with made.cleanup:
        yield made
