"""A host refresh that is turned round on a running lab, and who answers at each listener meanwhile."""

import asyncio
from types import SimpleNamespace

import pytest

from hitless.errors import NotReady, RolledBack
from hitless.host_change import HostChange
from hitless.host_rollback import check_host_rollback, plan_host_rollback
from hitless.hosts import read_group, read_hosts
from hitless.listeners import who_answers
from hitless.miniature import new_template_version
from hitless.refresh import RefreshSettings, plan_refresh, read_refresh, refresh_step
from hitless.run_folder import open_run
from hitless.turn_round import turn_round
from hitless.wait import wait_until
from tests.hitless.crash.conftest import Operator
from tests.hitless.test_release_live import Web

pytestmark = pytest.mark.live
SETTINGS = RefreshSettings(90, 140, 30)
UNHURRIED = RefreshSettings(90, 140, 240)  # so that it still runs when it is turned round
LONG = RefreshSettings(90, 140, 600)  # a runbook takes some real seconds until it has a plan


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


def test_the_runbooks_verbs_turn_a_refresh_that_runs_round_and_lose_nothing(lab, tmp_path):
    web, remembered = Web(tmp_path), {}
    before = read_hosts(web.here, web.stack)
    environment, stack = SimpleNamespace(remember=remembered.update), web.stack
    version = new_template_version(web.here, before.launch_template_id)
    step = refresh_step(stack.group_name, before.launch_template_id, version, UNHURRIED)
    refresh_id = step.make(web.here)[0]["InstanceRefreshId"]
    replaced = lambda: read_refresh(web.here, stack.group_name).get("PercentageComplete", 0)  # noqa: E731
    wait_until(replaced, lambda p: p >= 33, what="a host", clock=web.here.clock, timeout_s=3600, every_s=5, say=str)

    check_host_rollback(web.here, stack, SETTINGS).require()
    with pytest.raises(NotReady, match="nowhere else"):
        plan_host_rollback(web.here, stack, environment, SETTINGS, to_version="1")
    change = plan_host_rollback(web.here, stack, environment, SETTINGS)
    assert [each.operation for each in change.plan.steps] == ["rollback_instance_refresh"]
    run = open_run(web.here, "back", str(tmp_path / "back"), "test")
    assert asyncio.run(change.run(run, dry_run=True, say=str)) is None
    outcome = asyncio.run(change.run(run, dry_run=False, probe_rate_per_s=400, say=str))
    outcome.require()
    refreshes = web.call("autoscaling").describe_instance_refreshes(AutoScalingGroupName=stack.group_name)
    [refresh] = refreshes["InstanceRefreshes"]
    assert (refresh["InstanceRefreshId"], refresh["Status"]) == (refresh_id, "RollbackSuccessful")
    assert remembered == {"launch_template_version": 1}
    [turned] = change.plan.steps
    assert turned.find(web.here, refresh["RollbackDetails"]["RollbackStartTime"].timestamp()) is not None
    assert turned.find(web.here, web.here.clock.now()) is None, "what was before is none of ours"


def test_without_a_refresh_the_way_back_is_by_version(lab, tmp_path):
    web = Web(tmp_path)
    check_host_rollback(web.here, web.stack, SETTINGS).require()
    change = plan_host_rollback(web.here, web.stack, SimpleNamespace(), SETTINGS, to_version="1")
    assert [each.operation for each in change.plan.steps] == ["start_instance_refresh"]


def test_a_refresh_without_a_desired_configuration_cannot_be_turned_round(lab, tmp_path):
    web = Web(tmp_path)
    preferences = {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 140, "InstanceWarmup": 1800}
    web.call("autoscaling").start_instance_refresh(AutoScalingGroupName="web", Preferences=preferences)
    with pytest.raises(NotReady, match="1 of 2 checks"):
        check_host_rollback(web.here, web.stack, SETTINGS).require()


def test_the_runbook_turns_a_refresh_that_runs_round(lab, tmp_path):
    web = Web(tmp_path)
    fleet = read_hosts(web.here, web.stack)
    version = new_template_version(web.here, fleet.launch_template_id)
    refresh_step(web.stack.group_name, fleet.launch_template_id, version, LONG).make(web.here)
    given = {"ACCOUNT_ID": "123456789012", "NAME": "web", "REASON": "turn it round", "DRY_RUN": "false"}
    one = Operator(tmp_path / "run", "41-roll-back-hosts", **given, STATE_DIR=".cache/turn", PROBE_RATE_PER_S=400)
    process = one.run()
    assert process.wait(180) == 0, "".join(one.said)
    [refresh] = web.call("autoscaling").describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"]
    assert refresh["Status"] == "RollbackSuccessful" and one.past.outcome == "done"
    assert one.do("verify", one.folder)[0] == 0
