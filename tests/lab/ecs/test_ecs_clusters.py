"""Clusters, capacity providers, and what they do to the hosts of an Auto Scaling group."""

import pytest

from awslab.machines.events import TaskKilled

HOOK = "ecs-managed-draining-termination-hook"


def terminate_one(stack):
    instance_id = stack.hosts()[0]["ec2InstanceId"]
    stack.asg.terminate_instance_in_auto_scaling_group(InstanceId=instance_id, ShouldDecrementDesiredCapacity=False)


def test_a_host_that_booted_before_its_cluster_joins_it_later(stack):
    assert len(stack.hosts()) == 2  # the group is older than the cluster, as with Terraform


def test_describe_clusters_counts(stack):
    stack.create()
    stack.sleep(120)
    (cluster,) = stack.ecs.describe_clusters(clusters=["dev"])["clusters"]
    assert (cluster["runningTasksCount"], cluster["pendingTasksCount"], cluster["activeServicesCount"]) == (2, 0, 1)
    assert cluster["registeredContainerInstancesCount"] == 2


def test_managed_draining_is_on_by_default_and_installs_its_hook(stack):
    stack.ecs.create_capacity_provider(name="more", autoScalingGroupProvider={"autoScalingGroupArn": stack.group_arn})
    (provider,) = stack.ecs.describe_capacity_providers(capacityProviders=["more"])["capacityProviders"]
    assert provider["autoScalingGroupProvider"]["managedDraining"] == "ENABLED"
    (hook,) = stack.asg.describe_lifecycle_hooks(AutoScalingGroupName="hosts")["LifecycleHooks"]
    assert (hook["LifecycleHookName"], hook["HeartbeatTimeout"], hook["DefaultResult"]) == (HOOK, 3600, "CONTINUE")


def test_an_update_of_managed_draining_is_kept(stack):
    stack.ecs.update_capacity_provider(name="hosts", autoScalingGroupProvider={"managedDraining": "DISABLED"})
    (provider,) = stack.ecs.describe_capacity_providers(capacityProviders=["hosts"])["capacityProviders"]
    given = provider["autoScalingGroupProvider"]
    assert given["managedDraining"] == "DISABLED" and given["managedScaling"]["status"] == "ENABLED"
    assert provider["updateStatus"] == "UPDATE_COMPLETE"


def test_a_host_that_goes_is_drained_first_and_no_request_is_lost(stack):
    stack.create()
    stack.sleep(120)
    stack.send()
    terminate_one(stack)
    stack.sleep(900)
    assert len(stack.tasks()) == 2 and len(stack.hosts()) == 2
    assert stack.failed_requests() == 0 and not [e for e in stack.lab.world.journal if isinstance(e.event, TaskKilled)]


def test_without_managed_draining_requests_are_lost(make_stack):
    stack = make_stack(managed_draining="DISABLED")
    stack.create()
    stack.sleep(120)
    stack.send()
    terminate_one(stack)
    stack.sleep(900)
    assert len(stack.tasks()) == 2 and stack.failed_requests() > 0


def test_busy_hosts_are_protected_from_scale_in(make_stack):
    stack = make_stack(protection="ENABLED")
    stack.create(desired=1)
    stack.sleep(120)
    group = stack.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert sorted(instance["ProtectedFromScaleIn"] for instance in group["Instances"]) == [False, True]


def test_protection_needs_managed_scaling_and_a_protecting_group(stack, refused):
    given = {"autoScalingGroupArn": stack.group_arn, "managedTerminationProtection": "ENABLED"}
    for scaling in ({}, {"managedScaling": {"status": "ENABLED"}}):
        code, said = refused(
            stack.ecs.create_capacity_provider, name="p", autoScalingGroupProvider={**given, **scaling}
        )
        assert code == "InvalidParameterException" and "managed termination protection" in said


def test_a_provider_in_use_stays(stack, refused):
    stack.create()
    code, _ = refused(
        stack.ecs.put_cluster_capacity_providers,
        cluster="dev",
        capacityProviders=[],
        defaultCapacityProviderStrategy=[],
    )
    assert code == "ResourceInUseException"
    code, said = refused(stack.ecs.delete_capacity_provider, capacityProvider="hosts")
    assert code == "ClientException" and "associated with cluster: dev" in said


@pytest.mark.parametrize("what", ["Services", "ContainerInstances"])
def test_a_cluster_with_anything_active_cannot_be_deleted(stack, refused, what):
    if what == "Services":
        stack.create()
    assert refused(stack.ecs.delete_cluster, cluster="dev")[0] == f"ClusterContains{what}Exception"


def test_everything_can_be_destroyed_in_terraforms_order(stack):
    stack.create()
    stack.sleep(120)
    stack.ecs.update_service(cluster="dev", service="web", desiredCount=0)
    stack.ecs.delete_service(cluster="dev", service="web", force=True)
    stack.sleep(180)
    assert stack.service()["status"] == "INACTIVE"
    stack.ecs.put_cluster_capacity_providers(cluster="dev", capacityProviders=[], defaultCapacityProviderStrategy=[])
    stack.ecs.delete_capacity_provider(capacityProvider="hosts")
    stack.asg.delete_auto_scaling_group(AutoScalingGroupName="hosts", ForceDelete=True)
    stack.sleep(300)
    assert stack.ecs.delete_cluster(cluster="dev")["cluster"]["status"] == "INACTIVE"
    assert stack.ecs.create_cluster(clusterName="dev")["cluster"]["status"] == "ACTIVE"


def test_an_unknown_capacity_provider_is_an_aws_error(stack, refused):
    code, _ = refused(stack.ecs.delete_capacity_provider, capacityProvider="none")
    assert code == "InvalidParameterException"
    failures = stack.ecs.describe_capacity_providers(capacityProviders=["none"])["failures"]
    assert failures[0]["reason"] == "MISSING"
