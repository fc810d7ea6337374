"""Agents join their cluster, be it made before or after them."""

from awslab.machines.agents import Agents
from awslab.machines.capacity_providers import DRAINING_HOOK
from awslab.machines.events import AgentConnected, InstanceTerminated, LifecycleActionRequested, LifecycleActionStarted


def test_an_agent_joins_when_its_cluster_is_made(stage):
    agents = stage.world.add(Agents())
    stage.hosts("i-a")
    assert [event.instance_id for event in agents.cluster_made("dev")] == ["i-a"]
    assert agents.cluster_made("other") == []
    stage.world.hear(InstanceTerminated(instance_id="i-a", group_name="asg"))
    assert agents.cluster_made("dev") == []


def test_a_host_that_never_joined_has_nothing_to_drain(stage):
    agents = stage.world.add(Agents())
    agents.cluster_made("dev")
    stage.terminate("i-unknown")
    (let_go,) = stage.happened(LifecycleActionRequested)
    assert (let_go.event.hook_name, let_go.event.result) == (DRAINING_HOOK, "CONTINUE")


def test_a_host_of_a_cluster_is_the_clusters_business():
    agents = Agents()
    agents.cluster_made("dev")
    where = {"availability_zone": "a", "subnet_id": "s", "group_name": "asg", "spec": None}
    agents.on_event(AgentConnected(instance_id="i-a", cluster_name="dev", **where), 0.0)
    wait = {"hook_name": DRAINING_HOOK, "transition": "autoscaling:EC2_INSTANCE_TERMINATING", "token": "t"}
    assert not agents.on_event(LifecycleActionStarted(instance_id="i-a", group_name="asg", **wait), 0.0)
