"""Tasks go where they fit, where they may, and where the strategies prefer."""

from collections import Counter

import pytest

from awslab.machines import task_commands
from awslab.machines.placement import ZONE, Rules, Strategy, pick_provider
from awslab.machines.task_sets import ProviderShare

SPREAD_ZONE, SPREAD_HOST = Strategy("spread", ZONE), Strategy("spread", "instanceId")


def placed(stage, count=4, *, rules=None, what=None, shares=()):
    tasks, misfit, _events = stage.do(task_commands.run, stage.order(what), rules or Rules(), tuple(shares), count)
    return Counter(task.instance_id for task in tasks), misfit


def test_the_default_spreads_over_zones_then_hosts(stage):
    stage.hosts("i-1a", "i-2a", "i-3b")
    assert placed(stage) == (Counter({"i-3b": 2, "i-1a": 1, "i-2a": 1}), None)


def test_spread_over_hosts_ignores_zones(stage):
    stage.hosts("i-1a", "i-2a", "i-3b")
    counts, _ = placed(stage, 6, rules=Rules((SPREAD_HOST,)))
    assert set(counts.values()) == {2}


@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_binpack_fills_one_host_first(stage, resource):
    stage.hosts("i-a", "i-b")
    counts, _ = placed(stage, 4, rules=Rules((Strategy("binpack", resource),)))
    assert list(counts.values()) == [4]


def test_strategies_narrow_one_after_the_other(stage):
    stage.hosts("i-1a", "i-2a", "i-3b", "i-4b")
    counts, _ = placed(stage, 4, rules=Rules((SPREAD_ZONE, Strategy("binpack", "memory"))))
    assert sorted(counts.values()) == [2, 2]


def test_random_is_the_same_for_the_same_seed(stage):
    stage.hosts("i-a", "i-b", "i-c")
    counts, _ = placed(stage, 6, rules=Rules((Strategy("random"),)))
    assert sum(counts.values()) == 6 and len(counts) > 1


def test_distinct_instance_puts_one_task_of_a_group_on_a_host(stage):
    stage.hosts("i-a", "i-b")
    counts, misfit = placed(stage, 3, rules=Rules(distinct_instance=True))
    assert counts == Counter({"i-a": 1, "i-b": 1})
    assert "DistinctInstance placement constraint unsatisfied" in misfit.message


@pytest.mark.parametrize(
    ("wants", "why"),
    [
        ({"cpu_units": 4096}, "has insufficient CPU units available"),
        ({"memory_mib": 8192}, "has insufficient memory available"),
        ({"host_port": 51678}, "is already using a port required by your task"),
    ],
)
def test_the_closest_host_says_what_it_lacks(stage, wants, why):
    stage.hosts("i-a")
    stage.service(1, what=stage.definition(**wants))
    stage.wait(60)
    host_id = stage.cluster.hosts["i-a"].container_instance_id
    because = "because no container instance met all of its requirements."
    (said,) = stage.said()
    assert said.startswith(
        f"(service web) was unable to place a task {because} The closest matching container-instance {host_id} {why}."
    )


def test_a_host_whose_agent_is_gone_gets_nothing(stage):
    stage.hosts("i-a")
    stage.cluster.hosts["i-a"].agent_connected = False
    _, misfit = placed(stage, 1)
    assert misfit.failures[0][1] == "AGENT" and 'encountered error "AGENT"' in misfit.message


def test_an_empty_cluster_says_so(stage):
    stage.service(1)
    stage.wait(60)
    assert "Reason: No Container Instances were found in your cluster." in stage.said()[0]


def test_a_fixed_host_port_allows_one_copy_a_host(stage):
    stage.hosts("i-a", "i-b")
    stage.service(3, what=stage.definition(host_port=80))
    stage.wait(60)
    assert len(stage.running("i-a")) == len(stage.running("i-b")) == 1
    assert {task.host_port for task in stage.running()} == {80}


def test_tasks_that_found_no_room_are_placed_when_a_host_joins(stage):
    stage.hosts("i-a")
    stage.service(10)
    stage.wait(60)
    assert len(stage.running()) == 8
    stage.hosts("i-b")
    stage.wait(60)
    assert len(stage.running()) == 10


def test_a_stopped_task_gives_its_room_back(stage):
    stage.hosts("i-a")
    stage.service(8)
    stage.wait(60)
    stage.update(desired_count=0)
    stage.wait(60)
    host = stage.cluster.hosts["i-a"]
    assert (host.cpu_used, host.memory_used_mib, host.task_ids) == (0, 0, {})


def test_a_strategy_keeps_tasks_on_its_provider(stage):
    stage.hosts("i-a", group_name="asg")
    stage.hosts("i-b", group_name="other")
    stage.provide()
    counts, _ = placed(stage, 2, shares=[ProviderShare("cp", 1)])
    assert counts == Counter({"i-a": 2})


def test_a_provider_without_hosts_says_so(stage):
    stage.hosts("i-b", group_name="other")
    stage.provide()
    _, misfit = placed(stage, 1, shares=[ProviderShare("cp", 1)])
    assert "No Container Instances were found in your capacity provider." in misfit.message


def test_the_base_comes_first_then_the_weights():
    shares, now, order = (("a", 1, 2), ("b", 3, 0)), Counter(), []
    for _ in range(10):
        order.append(pick_provider(shares, now))
        now[order[-1]] += 1
    assert order[:2] == ["a", "a"] and Counter(order[2:]) == Counter({"b": 6, "a": 2})
