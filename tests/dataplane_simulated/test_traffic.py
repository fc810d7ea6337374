import pytest

from awslab.machines.events import (
    InstanceDied,
    ListenerClosed,
    RequestsServed,
    TargetCut,
    TaskKilled,
    TaskSignalled,
    WeightsChanged,
)

GREEN = "arn:green"
LISTENER, GROUP = "arn:listener", "arn:blue"


def busy(stage, hosts=("i-1", "i-2"), per_second=50, **environment):
    endpoints = [stage.run(f"t-{host}", host, **environment) for host in hosts]
    stage.listener()
    stage.route(*endpoints)
    stage.send(per_second)
    stage.after(10)
    return endpoints


def stop(stage):
    stage.send(0)
    stage.after(10)
    tally = stage.plane.tally(LISTENER)
    assert tally.sent == tally.ok + tally.failed
    return tally


def test_every_request_sent_is_answered_and_counted_once(stage):
    busy(stage)
    tally = stop(stage)
    assert (tally.sent, tally.failed) == (500, 0)
    assert stage.counts() == {200: 500}
    assert sum(n for _, event in stage.served.heard for _, n in event.response_times_s) == 500


def test_endpoints_take_turns(stage):
    busy(stage, ("i-1", "i-2", "i-3"), per_second=10)
    stop(stage)
    by_host = {}
    for _, event in stage.served.heard:
        by_host[event.target_id] = by_host.get(event.target_id, 0) + sum(n for _, n in event.statuses)
    assert sorted(by_host.values()) == [33, 33, 34]


@pytest.mark.parametrize("weights", [(90, 10), (1, 2), (0, 100), (333, 666)])
def test_groups_get_their_weights_share(stage, weights):
    blue, green = stage.run("a", "i-1"), stage.run("b", "i-2")
    stage.listener(weights=((GROUP, weights[0]), (GREEN, weights[1])))
    stage.route(blue)
    stage.route(green, group=GREEN)
    stage.send(7)
    stage.after(1000)
    stop(stage)
    got = stage.counts(group=GROUP).get(200, 0)
    assert abs(got - 7000 * weights[0] / sum(weights)) <= 1


def test_weights_may_change_again_and_again_without_losing_count(stage):
    groups = [f"arn:{n}" for n in range(4)]
    for n, group in enumerate(groups):
        stage.route(stage.run(group, f"i-{n}"), group=group)
    stage.listener()
    stage.send(13)
    for n in range(200):
        stage.say(
            WeightsChanged(
                listener_arn=LISTENER, weights=tuple((g, (n * 7 + i * 3) % 11) for i, g in enumerate(groups))
            )
        )
        stage.after(0.7)
    assert stop(stage).failed == 0


def test_a_drained_task_costs_no_request(stage):
    _, second = busy(stage)
    stage.route(second)
    stage.after(30)
    stage.say(TaskSignalled(task_id="t-i-1"))
    stage.after(30)
    assert stage.exited == {"t-i-1": 0}
    assert stop(stage).failed == 0


def test_without_draining_a_kill_costs_what_was_open_and_what_still_comes(stage):
    _, second = busy(stage)
    stage.after(0.51)
    stage.say(TaskKilled(task_id="t-i-1"))
    stage.after(2)
    stage.route(second)
    stage.after(10)
    tally = stop(stage)
    assert 50 <= tally.failed <= 54  # 25 a second for two seconds, and those open at the kill
    assert stage.counts()["elb-502"] == tally.failed


def test_a_signalled_task_serves_stragglers_until_they_stop(stage):
    _, second = busy(stage)
    stage.say(TaskSignalled(task_id="t-i-1"))  # the wrong way round: signal first, then deregister
    stage.after(5)
    assert not stage.exited
    stage.route(second)
    stage.after(2)
    assert stage.exited == {"t-i-1": 0}
    assert stop(stage).failed == 0


def test_an_app_that_stops_at_sigterm_loses_stragglers(stage):
    _, second = busy(stage, DRAIN_MAX_S="0")
    stage.say(TaskSignalled(task_id="t-i-1"))
    stage.after(5)
    stage.route(second)
    assert stop(stage).failed > 100


def test_draining_ends_at_its_limit_however_many_still_come(stage):
    busy(stage, DRAIN_MAX_S="25")
    stage.say(TaskSignalled(task_id="t-i-1"))
    stage.after(24.9)
    assert not stage.exited
    stage.after(0.2)
    assert stage.exited == {"t-i-1": 0}


def test_a_dead_host_is_504_until_it_is_routed_around(stage):
    _, second = busy(stage)
    stage.say(InstanceDied(instance_id="i-1"))
    stage.after(4)
    stage.route(second)
    stop(stage)
    assert 100 <= stage.counts()["elb-504"] <= 103


def test_no_endpoint_is_503_with_no_target_named(stage):
    busy(stage)
    stage.route()
    stage.after(2)
    stop(stage)
    assert stage.counts(group="") == {"elb-503": 100}


def test_no_listener_fails_the_client_but_no_load_balancer_counts_it(stage):
    busy(stage)
    stage.say(ListenerClosed(listener_arn=LISTENER))
    stage.after(2)
    assert stop(stage).failed == 100
    assert stage.counts() == {200: 500}


def test_a_cut_ends_what_is_still_open_and_only_that(stage):
    first, second = busy(stage, LATENCY_MS="2950")  # 3 s a request: 75 open on each
    stage.route(second)
    stage.say(TargetCut(target_group_arn=GROUP, target_id=first[0], port=first[1]))
    assert stop(stage).failed == 75


def test_a_bad_release_fails_its_percentage_from_its_time_on(stage):
    busy(stage, ERROR_PERCENT="20", ERROR_AFTER_S="0")
    stop(stage)
    assert stage.counts() == {200: 400, 500: 100}


@pytest.mark.parametrize(("ports", "failed"), [("80,443", 500), ("8080", 0)])
def test_a_bad_release_may_fail_those_of_some_listeners_only(stage, ports, failed):
    busy(stage, ERROR_PERCENT="100", ERROR_PORTS=ports)
    assert stop(stage).failed == failed


def test_traffic_can_start_with_the_listener(make_stage):
    stage = make_stage(traffic={80: 5.0})
    stage.listener(80)
    stage.listener(8080, arn="arn:test")
    stage.after(10)
    assert {event.listener_arn for _, event in stage.served.heard} == {LISTENER}


def test_looking_never_changes_what_was_served(make_stage):
    def story(looks):
        stage = make_stage()
        busy(stage, per_second=33.3)
        stage.say(TaskKilled(task_id="t-i-1"))
        for _ in range(looks):
            stage.after(20 / looks)
        tally = stop(stage)
        return tally, [event for _, event in stage.served.heard]

    assert story(1)[0] == story(64)[0]
    assert story(1) == story(64)


def test_a_thousand_targets_are_simulated_in_a_moment(stage):
    endpoints = []
    for n in range(1000):
        stage.request(f"t-{n}", f"i-{n}")
    stage.after(5)
    endpoints = [(f"i-{n}", 32768) for n in range(1000)]
    stage.listener()
    stage.route(*endpoints)
    stage.send(1000)
    stage.after(60)
    assert stop(stage).ok == 60_000
    assert all(isinstance(event, RequestsServed) for _, event in stage.served.heard)
