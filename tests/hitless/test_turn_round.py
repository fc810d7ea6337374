"""A host refresh that is turned round on a running lab, and who answers at each listener meanwhile."""

import asyncio
from types import SimpleNamespace

import pytest

from hitless.errors import RolledBack
from hitless.host_change import HostChange
from hitless.hosts import read_group, read_hosts
from hitless.listeners import who_answers
from hitless.miniature import new_template_version
from hitless.refresh import RefreshSettings, plan_refresh
from hitless.run_folder import open_run
from hitless.turn_round import turn_round
from tests.hitless.test_release_live import Web

pytestmark = pytest.mark.live
SETTINGS = RefreshSettings(90, 140, 30)


def test_a_refresh_turned_round_leaves_the_hosts_version_before_and_loses_nothing(lab, tmp_path):
    web, remembered = Web(tmp_path), {}
    before = read_hosts(web.here, web.stack)
    template_id = read_group(web.here, web.stack.group_name)["LaunchTemplate"]["LaunchTemplateId"]
    version = new_template_version(web.here, template_id)
    plan = plan_refresh(web.stack.group_name, template_id, version, SETTINGS)
    environment = SimpleNamespace(remember=remembered.update)
    change = HostChange(web.here, web.stack, environment, SETTINGS, version, plan)
    run = open_run(web.here, "turn", str(tmp_path / "turn"), "test")
    outcome = asyncio.run(turn_round(change, run, at_percent=33, probe_rate_per_s=200, say=str))
    assert isinstance(outcome.error, RolledBack) and remembered == {"launch_template_version": 1}
    claims = {claim.name: claim.holds for claim in outcome.verdict.claims}
    assert claims["healthy hosts of the version before"] and claims["version the group is held at"]
    assert claims["turned round at"] and claims["requests failed"] and claims["lowest capacity"]
    assert before.instance_ids != read_hosts(web.here, web.stack).instance_ids, "some hosts had been replaced"
    assert set(who_answers(web.here, web.stack)["answered by version"]) == {"1.0.0"}
