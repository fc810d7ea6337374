"""How hitless foretells and explains what ends a release; each one really ends so in the lab."""

import pytest

from hitless.checks import NG, WARN
from hitless.connect import Connection
from hitless.deployment import read_deployment
from hitless.errors import Failed, RolledBack
from hitless.release_end import ended_badly
from hitless.release_preflight import check_release
from hitless.stack import read_stack
from tests.lab.test_host_refresh import LabSession, LabTime

ROLLBACK = {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]}


def here(release):
    return Connection(LabSession(release.lab), LabTime(release.lab.clock), "123456789012", "us-east-1")


def foretold(release, state=NG):
    connection = here(release)
    checks = check_release(connection, read_stack(connection, "dev", "web"))
    return {row.name for row in checks.rows if row.state == state}


def explained(release, deployment_id, image="app:1"):
    release.end(deployment_id)
    connection = here(release)
    last = read_deployment(connection, deployment_id)
    return ended_badly(connection, read_stack(connection, "dev", "web"), "version 2", image, last)


@pytest.mark.parametrize(
    ("hook", "says", "remedy"),
    [
        ("unhappy", "HOOK_EXECUTION_FAILURE", "the hook's log"),
        ("check-AfterAllowTestTraffic", "status callback", "never called back"),
    ],
)
def test_a_hook_that_says_no_or_nothing(make_release, hook, says, remedy):
    r = make_release(autoRollbackConfiguration=ROLLBACK)
    error = explained(r, r.deploy(hooks={"AfterAllowTestTraffic": hook}))
    assert isinstance(error, RolledBack)
    assert says in error.seen["reason"]
    assert remedy in error.do


def test_an_image_that_does_not_exist(make_release):
    r = make_release(autoRollbackConfiguration=ROLLBACK)
    error = explained(r, r.deploy(r.register(image="missing:1")), "missing:1")
    assert isinstance(error, RolledBack)
    assert error.seen["stop code"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in str(error)


def test_tasks_that_never_become_healthy(make_release):
    r = make_release(autoRollbackConfiguration=ROLLBACK)
    error = explained(r, r.deploy(r.register(FAIL_HEALTH_AFTER_S=0)))
    assert error.seen["reason"].startswith("TIMEOUT")
    assert "health check" in str(error.seen["stopped reason"]).lower()


def test_no_room_for_twice_the_tasks_is_foretold(make_release):
    r = make_release(hosts=1, desired=5)
    assert "room for twice the tasks" in foretold(r)
    error = explained(r, r.deploy())
    assert (type(error), error.seen["rolled back by"]) == (Failed, "nobody")
    assert "40-roll-back-app" in error.do


def test_a_refresh_that_runs_is_foretold(release):
    assert "no refresh of the hosts" not in foretold(release)
    release.asg.start_instance_refresh(AutoScalingGroupName="hosts")
    assert "no refresh of the hosts" in foretold(release)


def test_a_deployment_that_runs_is_foretold(release):
    release.deploy()
    assert "no other release" in foretold(release)


def test_a_listener_moved_by_hand_is_foretold_and_explained(release):
    action = [{"Type": "forward", "TargetGroupArn": release.arns["green"]}]
    release.elb.modify_listener(ListenerArn=release.prod, DefaultActions=action)
    assert "the listener serves the running tasks" in foretold(release)
    error = explained(release, release.deploy())
    assert "Primary taskset target group must be behind listener" in error.seen["reason"]


def test_all_at_once_without_a_test_listener_is_warned_of(make_release):
    trap = make_release(config="ECSAllAtOnce", test=False)
    assert "health is known before the shift" in foretold(trap, WARN)
    safe = make_release(config="ECSAllAtOnce")
    assert "health is known before the shift" not in foretold(safe, WARN)
