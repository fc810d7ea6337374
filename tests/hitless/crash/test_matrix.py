"""Whatever ends a run, and whenever: the record is true, nothing is started twice, and the service can be put right.

Every way to die is tried at every moment of each runbook: `make crash` runs them all and says how many there were;
HITLESS_CRASH=some runs a choice that has every way and every moment at least once, and the tests of every day run one.
"""

import itertools
import os

import pytest

from hitless.hosts import read_hosts
from hitless.journal import read
from hitless.service import read_service
from hitless.wait import wait_until
from tests.hitless.crash.conftest import FROM_WITHIN, WAYS, of_kind

pytestmark = pytest.mark.live

MOMENTS = {  # by the journal's entry
    "opened": "opened",
    "looked at": "checks",
    "planned": "plan",
    "approved": "approval",
    "watching": "phase",
    "announced": "intent",
    "answered": "result",
    "judged": "verdict",
    "concluded": "concluded",
}
ENDS = (*WAYS, *FROM_WITHIN)
RELEASE = {"DEPLOYMENT_CONFIG": "CodeDeployDefault.ECSAllAtOnce", "PROBE_RATE_PER_S": 200}
STATE_DIR = f".cache/crash/{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"  # each worker has a service of its own
RUNBOOKS = {
    "30-deploy-app": {"VERSION": "2.0.0"} | RELEASE,
    "40-roll-back-app": {"TO_REVISION": "1"} | RELEASE,
    "41-roll-back-hosts": {"TO_VERSION": "2", "PROBE_RATE_PER_S": 200, "STATE_DIR": STATE_DIR},
}
TARGET = {"ACCOUNT_ID": "123456789012", "NAME": "web", "REASON": "crash matrix", "DRY_RUN": "false"}
EVERY = list(itertools.product(RUNBOOKS, MOMENTS, ENDS))
CHOICE = [
    (book, moment, way)
    for moment, book, way in zip(MOMENTS, itertools.cycle(RUNBOOKS), itertools.cycle(ENDS), strict=False)
]
CODES = {"SIGINT": 130, "SIGTERM": 143, "runner killed": -9}  # else 3, nothing was changed; 4 is right for all
QUICK = [("30-deploy-app", "watching", "runner killed")]
CASES = {"all": EVERY, "some": CHOICE}.get(os.environ.get("HITLESS_CRASH", ""), QUICK)


def test_the_choice_has_every_way_and_every_moment():
    assert {way for _, _, way in CHOICE} == set(ENDS) and {moment for _, moment, _ in CHOICE} == set(MOMENTS)
    print(f"{len(CASES)} of {len(EVERY)} cases")


@pytest.mark.parametrize(("runbook", "moment", "way"), CASES, ids="-".join)
def test_a_run_that_is_ended(kept, operator, tmp_path, runbook, moment, way):
    web, serving = kept.take(tmp_path), "2.0.0" if runbook == "40-roll-back-app" else "1.0.0"
    if web.version() != serving:
        web.release(serving, "green").require()
    before = started(web)
    one = operator(runbook, **TARGET, **RUNBOOKS[runbook])
    code = end(one, moment, way)

    assert_true(one, code, way)
    assert "run " in one.do("status", one.folder)[1]
    if one.past.outcome != "done":
        code, said = one.do("run", "--resume", one.folder)
        assert code in (0, 4) and one.past.outcome in ("done", "not proven", "rolled back"), said
    assert started(web) <= before + 1, "a second one was started"
    assert one.do("undo", one.folder)[0] in (0, 4)
    assert_served(web, serving)
    kept.is_clean = True


def end(one, moment, way):
    """Run, and end it by force or from within: the exit code."""
    if way in FROM_WITHIN:
        code = one.run_and_end_within(MOMENTS[moment], way).wait(240)
        assert one.mark.exists(), f"it never came to {moment}: {''.join(one.said)}"
        return code
    process = one.run()
    one.until(process, of_kind(MOMENTS[moment]))
    if process.poll() is None:
        WAYS[way](process)
    return process.wait(120)


def assert_true(one, code, way):
    """The record says what happened, as far as anybody was left to write it."""
    read(one.folder / "journal.jsonl", torn_tail_ok=True)
    if way == "runner killed" and code == -9:
        assert one.past.outcome == ""
        return
    ran_out = code == 0 and one.past.outcome == "done"  # it was over before it could be ended
    assert ran_out or code in (CODES.get(way, 3), 4), "".join(one.said)
    assert (code == 3) <= (not one.past.changed_something)
    states = [cell.metadata.papermill.status for cell in one.notebook.cells if "papermill" in cell.metadata]
    ended = next((n for n, state in enumerate(states) if state != "completed"), len(states))
    assert all(state == "pending" for state in states[ended + 1 :]), states
    assert one.notebook.metadata.hitless.run.outcome == one.past.outcome != ""
    assert one.do("verify", one.folder)[0] == 0


def started(web):
    """Deployments and refreshes that somebody has started."""
    refreshes = web.call("autoscaling").describe_instance_refreshes(AutoScalingGroupName="web")["InstanceRefreshes"]
    return len(deployments(web)) + len(refreshes)


def deployments(web):
    client = web.call("codedeploy")
    ids = client.list_deployments(applicationName="web", deploymentGroupName="web")["deployments"]
    found = [client.get_deployment(deploymentId=each)["deploymentInfo"] for each in ids]
    return [info for info in found if info["creator"] == "user"]


def assert_served(web, version):
    """Every target is healthy, and the version that served before serves, on the hosts that did."""

    def look():
        state = read_service(web.here, web.stack)
        return state.steady and state.healthy_targets == 3 and state.task_sets == 1 and web.version()

    wait_until(look, lambda seen: seen == version, what=version, clock=web.here.clock, timeout_s=1800, say=str)
    assert {host.launch_template_version for host in read_hosts(web.here, web.stack).hosts} == {"1"}
