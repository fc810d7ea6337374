"""A service of its own for each file, made by Terraform as in `make lab`, so that the files can run side by side."""

import asyncio
import os

import pytest

from hitless.jupyter import NAME
from hitless.lab import Lab
from hitless.stage import LAB_ACCOUNT_ID, RATE, SEED, open_stage


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/three_ways" in item.path.as_posix():
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.terraform)
            item.add_marker(
                pytest.mark.skipif("HITLESS_NOTEBOOKS" not in os.environ, reason="part of make reprove: ten minutes")
            )


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("stage"), RATE, SEED):
        yield asyncio.run(open_stage(LAB_ACCOUNT_ID, "us-east-1", NAME, reason="three ways"))
