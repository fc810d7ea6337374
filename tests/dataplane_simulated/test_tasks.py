import random

import pytest

from awslab.dataplane.behaviour import Behaviour, read_behaviour
from awslab.dataplane.simulated_task import PORT_MAX, PORT_MIN, TRANSITIONS, Life, Ports, SimulatedTask
from awslab.machines.events import (
    HealthChecked,
    InstanceDied,
    ListenerBound,
    TaskExited,
    TaskKilled,
    TaskSignalled,
    TaskStartFailed,
)
from tests.dataplane_simulated.conftest import Stage


def test_ports_are_unique_on_a_host_and_start_at_32768(stage):
    for task_id in "abc":
        stage.request(task_id, "i-1" if task_id != "c" else "i-2")
    stage.after(5)
    assert stage.started == {"a": 32768, "b": 32769, "c": 32768}


def test_ports_go_round_and_skip_what_is_in_use():
    ports = Ports()
    for expected in range(PORT_MIN, PORT_MAX + 1):
        assert ports.next("i-1") == expected
        ports.take("i-1", expected)
    ports.give_back("i-1", 40000)
    assert ports.next("i-1") == 40000


def test_a_fixed_port_is_given_once(stage):
    stage.request("a", host_port=8080)
    stage.request("b", host_port=8080)
    stage.after(5)
    assert stage.started == {"a": 8080}
    [failed] = [e.event for e in stage.world.journal if isinstance(e.event, TaskStartFailed)]
    assert (failed.task_id, "port is already allocated" in failed.reason) == ("b", True)


def test_an_image_that_is_not_there_fails_to_start(make_stage):
    stage = make_stage(refusal=lambda image: "" if "sha256:1" in image else "CannotPullContainerError: none")
    stage.request("a", image="app@sha256:2")
    [reason] = [e.event.reason for e in stage.world.journal if isinstance(e.event, TaskStartFailed)]
    assert reason.startswith("CannotPullContainerError")
    assert not stage.exited


@pytest.mark.parametrize(
    ("environment", "exit_code"),
    [({"EXIT_ON_START": "3"}, 3), ({"EXIT_AFTER_S": "60"}, 1), ({"ERROR_PERCENT": "lots"}, 2), ({}, None)],
)
def test_a_bad_release_ends_by_itself_and_a_good_one_does_not(stage, environment, exit_code):
    stage.run("a", **environment)
    stage.after(100)
    assert stage.exited.get("a") == exit_code


def test_the_image_brings_its_variables_and_the_task_definition_overrides_them(make_stage):
    stage = make_stage(baked=lambda image: {"EXIT_ON_START": "1"} if image == "bad" else {})
    stage.run("a", image="bad")
    stage.run("b", image="bad", EXIT_ON_START="")
    assert stage.exited == {"a": 1}


def test_sigterm_ends_a_quiet_task_with_0_and_before_it_runs_with_143(stage):
    stage.run("a")
    stage.request("b")
    stage.say(TaskSignalled(task_id="a"), TaskSignalled(task_id="b"))
    stage.after(1.5)
    assert stage.exited == {"a": 0, "b": 143}


def test_only_sigkill_ends_what_ignores_sigterm(stage):
    stage.run("a", IGNORE_SIGTERM="1")
    stage.say(TaskSignalled(task_id="a"))
    stage.after(1000)
    assert not stage.exited
    stage.say(TaskKilled(task_id="a"))
    assert stage.exited == {"a": 137}


def test_every_task_ends_exactly_once_whoever_asks(make_stage):
    for seed in range(30):
        stage, rng = make_stage(), random.Random(seed)
        ends = stage.listen(TaskExited)
        for number in range(6):
            stage.request(str(number), f"i-{number % 3}", EXIT_AFTER_S=str(rng.choice([1, 10, 100])))
        for _ in range(30):
            stage.after(rng.choice([0.0, 0.5, 3.0]))
            task_id, host = str(rng.randrange(6)), f"i-{rng.randrange(3)}"
            stage.say(rng.choice([TaskSignalled(task_id=task_id), TaskKilled(task_id=task_id)]))
            if rng.random() < 0.1:
                stage.say(InstanceDied(instance_id=host))
        stage.after(200)
        assert sorted(event.task_id for _, event in ends) == list("012345")


def test_a_dead_host_takes_its_tasks_with_it_and_no_others(stage):
    stage.run("a", "i-1")
    stage.run("b", "i-2")
    stage.say(InstanceDied(instance_id="i-1"))
    assert stage.exited == {"a": 137}


@pytest.mark.parametrize("before", Life)
@pytest.mark.parametrize("after", Life)
def test_an_illegal_change_raises_and_changes_nothing(before, after):
    task = SimulatedTask("a", "i-1", 1, Behaviour(), before)
    if after in TRANSITIONS[before]:
        task.move(after)
        return
    with pytest.raises(AssertionError):
        task.move(after)
    assert task.life is before


@pytest.mark.parametrize("settings", [{"ERROR_PERCENT": "101"}, {"LATENCY_MS": "-1"}, {"EXIT_AFTER_S": "nan"}])
def test_settings_the_app_refuses_make_it_exit_on_start(settings):
    assert read_behaviour(settings) == Behaviour(exit_on_start=2)


class TestHealthChecks:
    def look(self, stage, endpoint, **kwargs):
        heard = stage.listen(HealthChecked)
        asked_at = stage.world.now
        stage.check(endpoint, **kwargs)
        stage.after(30)
        [(at, answer)] = heard
        return answer.status, answer.error, round(at - asked_at, 3)

    def test_a_running_task_answers_200_also_while_it_drains(self, stage):
        endpoint = stage.run("a", DRAIN_QUIET_S="20")
        assert self.look(stage, endpoint) == (200, "", 0.02)
        stage.say(TaskSignalled(task_id="a"))
        stage.check(endpoint)
        heard = stage.listen(HealthChecked)
        stage.after(1)
        assert heard[0][1].status == 200

    def test_health_fails_from_the_time_it_was_told_to(self, stage):
        endpoint = stage.run("a", FAIL_HEALTH_AFTER_S="20")
        assert self.look(stage, endpoint)[0] == 200
        assert self.look(stage, endpoint) == (503, "", 0.02)

    def test_an_unknown_path_is_404(self, stage):
        assert self.look(stage, stage.run("a"), path="/nope")[0] == 404

    def test_a_slow_answer_is_a_timeout_after_the_timeout(self, stage):
        assert self.look(stage, stage.run("a", LATENCY_MS="6000")) == (0, "timeout", 5.0)

    def test_a_dead_process_refuses_and_a_dead_host_times_out(self, stage):
        endpoint = stage.run("a")
        stage.say(TaskKilled(task_id="a"))
        assert self.look(stage, endpoint) == (0, "refused", 0.02)
        stage.say(InstanceDied(instance_id="i-1"))
        assert self.look(stage, endpoint) == (0, "timeout", 5.0)


def test_a_listener_is_bound_at_once(stage):
    stage.listener(8443)
    [bound] = [e.event for e in stage.world.journal if isinstance(e.event, ListenerBound)]
    assert bound.host_port == 8443


def test_a_host_that_has_a_copy_goes_on_without_the_registry_and_another_does_not():
    trouble = {"app": ""}
    stage = Stage(refusal=lambda _image: trouble["app"])
    failed = stage.listen(TaskStartFailed)
    stage.run("t1", host="i-1")
    trouble["app"] = "CannotPullContainerError: i/o timeout"
    stage.run("t2", host="i-1")
    stage.request("t3", "i-2", "app@sha256:1")
    assert [event.task_id for _, event in failed] == ["t3"]
