"""Releases on a running lab, through the real load balancer to real processes, with each safety and without."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from hitless.container_change import ContainerChange
from hitless.deployment import continue_deployment, find_running, read_deployment, read_group
from hitless.errors import NotReady, RolledBack
from hitless.images import build_release
from hitless.release import adopt, plan_release, plan_return
from hitless.release_preflight import check_release
from hitless.service import read_definition
from hitless.wait import wait_until
from tests.hitless.web import Web

pytestmark = pytest.mark.live

ERRORS = "ERROR_PERCENT=100 ERROR_PORTS=80"  # well through the test listener


def continue_when_ready(w):
    """A person who sees that a deployment waits, looks for a while, and lets it go on."""
    group = read_group(w.here, "web", "web")

    def waiting():
        running = find_running(w.here, group)
        return running if running and read_deployment(w.here, running).status == "Ready" else ""

    clock = w.here.clock
    deployment_id = wait_until(waiting, bool, what="Ready", clock=clock, timeout_s=3600, every_s=5, say=str)
    clock.sleep(120)
    still = read_deployment(w.here, deployment_id).status
    continue_deployment(w.here, deployment_id)
    return still


@pytest.fixture
def web(lab, tmp_path):
    return lambda **given: Web(tmp_path, **given)


def claims(outcome):
    return {claim.name: claim for claim in outcome.verdict.claims}


def test_a_good_release_a_second_one_and_the_way_back_lose_nothing(web):
    w = web()
    assert not check_release(w.here, w.stack).failed
    w.release("2.0.0", "green").require()
    w.release("3.0.0", "purple").require()
    w.run(plan_return(w.here, w.stack, to_revision="1"), "back").require()


def test_other_variables_and_another_size_are_released_without_another_image(web):
    w = web()
    (first,) = read_definition(w.here, w.stack)["containerDefinitions"]
    too_large = check_release(w.here, w.stack, container=ContainerChange(memory_mib=3900)).failed
    assert [row.name for row in too_large] == ["room for twice the tasks"]
    change = ContainerChange({"APP_VERSION": "1.0.1"}, memory_mib=160)
    planned = plan_release(w.here, w.stack, first["image"], "1.0.1", "web", container=change)
    assert "160 MiB of memory, APP_VERSION=1.0.1" in str(planned)
    outcome = w.run(planned, "settings")
    outcome.require()
    assert claims(outcome)["only these answer at the end"].measured == "1.0.1"
    (second,) = read_definition(w.here, w.stack)["containerDefinitions"]
    assert (second["image"], second["cpu"], second["memory"]) == (first["image"], first["cpu"], 160)
    assert {"name": "FRAMED_BY", "value": "loopback"} in second["environment"]


def test_a_bad_release_is_caught_by_the_alarm_and_taken_back(web):
    outcome = web().release("2.0.0", "red", ERRORS)
    assert isinstance(outcome.error, RolledBack)
    assert "ALARM_ACTIVE" in str(outcome.error)
    assert outcome.verdict.holds, outcome.verdict.text()


def test_without_the_alarm_the_runbooks_own_gate_catches_it(web):
    w = web(alarm=False)
    assert [row.name for row in check_release(w.here, w.stack).rows if row.state == "WARN"] == [
        "alarms stop a bad release"
    ]
    outcome = w.release("2.0.0", "red", ERRORS, failed_max=20)
    assert isinstance(outcome.error, RolledBack)
    saw = re.fullmatch(r"the runbook's own gate: (\d+) requests failed, 20 may", outcome.error.seen["stopped by"])
    assert int(saw[1]) > 20
    assert outcome.verdict.holds, outcome.verdict.text()


def test_without_alarm_and_gate_it_reaches_everybody_and_the_verdict_is_red(web):
    outcome = web(alarm=False).release("2.0.0", "red", ERRORS)
    assert outcome.error is None
    assert not claims(outcome)["requests failed"].holds
    assert not outcome.verdict.holds


def test_a_release_held_at_ready_goes_on_when_approved_and_ends_when_denied(web):
    w = web(hold=True)
    w.release("1.1.0", "teal", approve="auto").require()
    with ThreadPoolExecutor() as persons:
        person = persons.submit(continue_when_ready, w)
        w.release("2.0.0", "green", approve="wait").require()
    assert person.result() == "Ready", "the runbook left it to the person"
    denied = w.release("3.0.0", "red", approve="deny")
    assert isinstance(denied.error, RolledBack) and denied.error.seen["stopped by"].endswith("gate: approval denied")
    assert claims(denied)["only these answer at the end"].measured == "2.0.0"
    assert "3.0.0" not in denied.timeline.windows[-1].by_version


def test_a_second_release_while_one_runs_is_refused_and_the_running_one_can_be_adopted(web):
    w = web()
    with pytest.raises(NotReady, match="No deployment runs"):
        adopt(w.here, w.stack)
    slow = {"config_name": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"}  # so that it runs when it is adopted
    first = plan_release(w.here, w.stack, build_release("app", "2.0.0", "green"), "2.0.0", "web", **slow)
    first.plan.run(w.here, dry_run=False, say=str)
    with pytest.raises(NotReady, match="A deployment runs already"):
        plan_release(w.here, w.stack, build_release("app", "3.0.0", "red"), "3.0.0", "web")
    w.run(adopt(w.here, w.stack), "adopted").require()
    assert len(w.call("codedeploy").list_deployments()["deployments"]) == 1
