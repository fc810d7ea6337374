"""The runbooks that run Terraform, each cut off in the middle and gone on with: nothing is made twice, nothing is left.

Provisioning loses its runner, the host change its kernel, the tear-down is told to stop. It is the whole way from an
empty account to an empty account, so each step also shows that Terraform then has nothing more to do.
"""

import os
import shutil

import pytest

from hitless.connect import connect
from hitless.environment import Environment
from hitless.hosts import read_hosts
from hitless.leftovers import read_leftovers
from hitless.stack import read_stack
from tests.hitless.crash.conftest import CHECKOUT, WAYS, Operator, of_kind

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.live,
    pytest.mark.skipif("HITLESS_CRASH" not in os.environ, reason="part of make crash: five minutes"),
]

NAME = "hitless-dev"


@pytest.fixture
def state_dir(tmp_path):
    """Parameters may name folders of the checkout only."""
    folder = CHECKOUT / ".cache" / f"cut-off-{tmp_path.name}"
    yield folder.relative_to(CHECKOUT)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cut_off(tmp_path, state_dir):
    """Run a runbook, end it at a moment, go on with it: exit codes of both attempts, and the operator."""

    def do(runbook, way, moment, **parameters):
        given = {"ACCOUNT_ID": "123456789012", "STATE_DIR": state_dir, "REASON": "cut off", "DRY_RUN": "false"}
        one = Operator(tmp_path / runbook, runbook, **given, **parameters)
        process = one.run()
        one.until(process, moment)
        WAYS[way](process)
        first = process.wait(300)
        assert "hitless run --resume" in one.do("status", one.folder)[1]
        return first, *one.do("run", "--resume", one.folder)

    return do


def test_terraform_goes_on_where_it_was_cut_off(lab, cut_off, state_dir):
    first, second, said = cut_off("10-provision", "runner killed", of_kind("intent", step="rest"))
    assert (first, second) == (-9, 0), said
    here = connect()
    stack = read_stack(here, NAME, NAME)
    environment = Environment(here, state_dir, NAME, say=str)
    assert environment.plan().is_empty

    lab.fault("AmiPublished")
    first, second, said = cut_off("20-refresh-hosts", "kernel killed", of_kind("result", step="template"))
    assert first == 4 and second in (0, 4) and "done already: terraform:apply" in said
    assert [host.launch_template_version for host in read_hosts(here, stack).hosts] == ["2"] * 4
    refreshes = here.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=NAME)
    assert len(refreshes["InstanceRefreshes"]) == 1
    assert Environment(here, state_dir, NAME, say=str).plan().changes == ()  # outputs tell of the new version

    first, second, said = cut_off("90-tear-down", "SIGTERM", of_kind("intent", step="everything"))
    assert (first, second) == (143, 0), said
    assert read_leftovers(here, NAME) == []
