"""Whatever ends a run, and whenever: the record is true, nothing is started twice, and the service can be put right.

Every way to die is tried at every moment of each runbook: `make crash` runs them all and says how many there were;
HITLESS_CRASH=some runs a choice that has every way and every moment at least once, and the tests of every day run one.
"""

import itertools

import pytest

from hitless.hosts import read_hosts
from hitless.service import read_service
from hitless.wait import wait_until
from tests.hitless.crash.conftest import WORKER
from tests.hitless.crash.ended import CONCLUDED, ENDS, OPENED, PLANNED, assert_true, cases_of, end, resume, step

pytestmark = pytest.mark.live

RELEASE = {"DEPLOYMENT_CONFIG": "CodeDeployDefault.ECSAllAtOnce", "PROBE_RATE_PER_S": 200}
STATE_DIR = f".cache/crash/{WORKER}"  # each worker has a service of its own
RUNBOOKS = {
    "30-deploy-app": {"VERSION": "2.0.0"} | RELEASE,
    "40-roll-back-app": {"TO_REVISION": "1"} | RELEASE,
    "41-roll-back-hosts": {"TO_VERSION": "2", "PROBE_RATE_PER_S": 200, "STATE_DIR": STATE_DIR},
}
STEPS = {
    "30-deploy-app": step("image", "revision", "deployment"),
    "40-roll-back-app": step("deployment"),
    "41-roll-back-hosts": step("refresh"),
}
LOOKED_AT = {"looked at": ("checks", {})}
WATCHED = {"watching": ("phase", {}), "judged": ("verdict", {})}
MOMENTS = {book: OPENED | LOOKED_AT | PLANNED | steps | WATCHED | CONCLUDED for book, steps in STEPS.items()}
TARGET = {"ACCOUNT_ID": "123456789012", "NAME": "web", "REASON": "crash matrix", "DRY_RUN": "false"}
PLACES = [(book, moment) for book, moments in MOMENTS.items() for moment in moments]
EVERY = [(*place, way) for place, way in itertools.product(PLACES, ENDS)]
CHOICE = [(*place, way) for place, way in zip(PLACES, itertools.cycle(ENDS), strict=False)]
QUICK = [("30-deploy-app", "watching", "runner killed")]
CASES = cases_of(EVERY, CHOICE, QUICK)


def test_the_choice_has_every_way_and_every_moment():
    assert {way for _, _, way in CHOICE} == set(ENDS) and {(book, moment) for book, moment, _ in CHOICE} == set(PLACES)


@pytest.mark.parametrize(("runbook", "moment", "way"), CASES, ids=str)
def test_a_run_that_is_ended(kept, operator, tmp_path, record_property, runbook, moment, way):
    record_property("cases", 1)
    web, serving = kept.take(tmp_path), "2.0.0" if runbook == "40-roll-back-app" else "1.0.0"
    if web.version() != serving:
        web.release(serving, "green").require()
    before = started(web)
    one = operator(runbook, **TARGET, **RUNBOOKS[runbook])
    code = end(one, MOMENTS[runbook][moment], way)

    assert_true(one, code, way)
    resume(one, "done", "not proven", "rolled back")
    assert started(web) <= before + 1, "a second one was started"
    assert one.do("undo", one.folder)[0] in (0, 4)
    assert_served(web, serving)
    kept.is_clean = True


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
