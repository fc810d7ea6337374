"""Load, hours and Spot interruptions move a service and its hosts; nobody's request fails by it."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.lab.codedeploy.conftest import Release

TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/dev/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}
CPU = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
MANAGED = {"status": "ENABLED", "targetCapacity": 100, "instanceWarmupPeriod": 60}
TYPES = ("t3.medium", "t3a.medium")


class Scaled(Release):
    """A service whose count follows its processors, on hosts that follow the service."""

    def __init__(self, managed=True, **given):
        super().__init__(**{"hosts": 1, "desired": 2, "seed": 11, **given})
        self.scaling = self.lab.client("application-autoscaling")
        if managed:
            self.ecs.update_capacity_provider(name="hosts", autoScalingGroupProvider={"managedScaling": MANAGED})
        self.asg.update_auto_scaling_group(AutoScalingGroupName="hosts", MinSize=1)

    def bounds(self, low=2, high=40, **more):
        return self.scaling.register_scalable_target(**TARGET, MinCapacity=low, MaxCapacity=high, **more)

    def follow(self, name="cpu", target=50.0, config=CPU, **more):
        settings = {"TargetValue": target, "ScaleOutCooldown": 60, **config, **more}
        return self.scaling.put_scaling_policy(
            **TARGET,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=settings,
        )

    def counts(self):
        """(desired tasks, running tasks, hosts in service)."""
        service, [group] = self.service(), self.asg.describe_auto_scaling_groups()["AutoScalingGroups"]
        serving = [one for one in group["Instances"] if one["LifecycleState"] == "InService"]
        return service["desiredCount"], service["runningCount"], len(serving)

    def failed(self):
        self.lab.world.settle()
        return sum(count for (_, status), count in self.counter.answers.items() if status != 200)

    def activities(self):
        return self.scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]


@pytest.fixture
def scaled():
    made = []

    def make(**given):
        made.append(Scaled(**given))
        return made[-1]

    yield make
    for one in made:
        one.lab.close()


def test_tasks_and_hosts_follow_the_load_out_and_in(scaled):
    web = scaled()
    web.bounds()
    alarms = [one["AlarmName"] for one in web.follow()["Alarms"]]
    assert [name.split("-")[2] for name in alarms] == ["AlarmHigh", "AlarmLow"]
    web.send(4500.0)  # of 0.5 ms each: 2.25 vCPU, of which a task reserves a quarter
    web.until(lambda: web.counts()[1] >= 18, limit_s=3600)
    assert web.counts()[2] >= 3, "a host has room for eight"
    web.send(20.0)
    web.until(lambda: web.counts() == (2, 2, 2), limit_s=6 * 3600, step_s=60)  # one on each
    assert web.failed() == 0
    assert any("AlarmHigh" in one["Cause"] for one in web.activities())
    assert any("AlarmLow" in one["Cause"] for one in web.activities())


def test_without_managed_scaling_tasks_find_no_host(scaled):
    web = scaled(managed=False)
    web.bounds()
    web.follow()
    web.send(3000.0)
    web.sleep(1800)
    desired, running, hosts = web.counts()
    assert (running, hosts) == (8, 1) and desired > 8


def test_within_the_cooldown_it_scales_out_only_by_more(scaled):
    web = scaled()
    web.bounds()
    web.follow(ScaleOutCooldown=1200)
    web.send(900.0)
    web.until(lambda: web.counts()[0] > 2, limit_s=900)
    first = web.counts()[0]
    web.sleep(300)
    assert web.counts()[0] == first
    web.send(3000.0)
    web.until(lambda: web.counts()[0] > first, limit_s=600)


def test_it_keeps_to_its_bounds_and_to_what_is_suspended(scaled):
    web = scaled()
    web.bounds(high=4)
    web.follow()
    web.send(2500.0)
    web.sleep(600)
    assert web.counts()[0] == 4
    web.bounds(high=40, SuspendedState={"DynamicScalingOutSuspended": True})
    web.sleep(600)
    assert web.counts()[0] == 4
    web.bounds(SuspendedState={"DynamicScalingOutSuspended": False})
    web.until(lambda: web.counts()[0] > 4, limit_s=300)


def test_capacity_goes_only_when_every_policy_agrees(scaled):
    web = scaled(desired=6)
    web.bounds()
    balancer = web.balancer_arn.split(":loadbalancer/")[1]
    label = f"{balancer}/{web.arns['blue'].split(':')[-1]}"
    requests = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    web.send(60.0)  # 600 requests a minute and task: nothing for its processor
    web.follow()
    web.follow("requests", target=600.0, config={"PredefinedMetricSpecification": requests})
    web.sleep(3600)
    assert web.counts()[0] == 6
    web.scaling.delete_scaling_policy(**TARGET, PolicyName="requests")
    web.until(lambda: web.counts()[0] == 2, limit_s=2 * 3600, step_s=60)
    assert web.failed() == 0


def test_at_set_hours_the_bounds_change_and_the_count_with_them(scaled):
    web = scaled(desired=6)
    web.bounds(low=6, high=12)
    now = datetime.fromtimestamp(web.lab.world.now, UTC)
    hours = {"night": (now + timedelta(minutes=20), 2, 2), "day": (now + timedelta(minutes=60), 6, 12)}
    for name, (at, low, high) in hours.items():
        bounds = {"MinCapacity": low, "MaxCapacity": high}
        schedule = f"cron({at.minute} {at.hour} * * ? *)"
        web.scaling.put_scheduled_action(
            **TARGET, ScheduledActionName=name, Schedule=schedule, ScalableTargetAction=bounds
        )
    web.send(10.0)
    web.sleep(19 * 60)
    assert web.counts()[0] == 6
    web.until(lambda: web.counts()[0] == 2, limit_s=120)
    assert web.scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]["MaxCapacity"] == 2
    web.until(lambda: web.counts()[0] == 6, limit_s=41 * 60, step_s=60)
    assert web.failed() == 0
    assert {one["Cause"] for one in web.activities()} == {"scheduled action night", "scheduled action day"}
    web.send(0.0)
    web.scaling.delete_scheduled_action(**TARGET, ScheduledActionName="night")
    web.sleep(86_400)
    assert web.counts()[0] == 6


def mixed(web, base=1, percent=0, types=TYPES, **more):
    specification = {"LaunchTemplateId": web.template_id, "Version": "1"}
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": specification,
            "Overrides": [{"InstanceType": name} for name in types],
        },
        "InstancesDistribution": {"OnDemandBaseCapacity": base, "OnDemandPercentageAboveBaseCapacity": percent},
    }
    web.asg.update_auto_scaling_group(AutoScalingGroupName="hosts", MixedInstancesPolicy=policy, **more)


def spot_hosts(web):
    """{instance id: type} of the Spot hosts in the group."""
    [group] = web.asg.describe_auto_scaling_groups()["AutoScalingGroups"]
    ids = [one["InstanceId"] for one in group["Instances"]]
    found = [i for r in web.ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]]
    return {i["InstanceId"]: i["InstanceType"] for i in found if i.get("InstanceLifecycle") == "spot"}


def test_a_mixed_group_keeps_its_base_on_demand_and_takes_the_rest_of_several_types(scaled):
    web = scaled()
    mixed(web, base=3, percent=50, DesiredCapacity=6)
    web.sleep(300)
    assert list(spot_hosts(web).values()) == ["t3a.medium"]  # 3 of 6 are above the base; half of them, rounded up, not
    [group] = web.asg.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert "LaunchTemplate" not in group
    assert len(group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]) == 2
    with pytest.raises(ClientError, match="MixedInstancesPolicy"):
        desired = {"LaunchTemplate": {"LaunchTemplateId": web.template_id, "Version": "1"}}
        web.asg.start_instance_refresh(AutoScalingGroupName="hosts", DesiredConfiguration=desired)


def interrupt_one_of_three_spot_hosts(web, rebalances):
    """Three of four hosts are Spot, full of tasks; fewest hosts in service while one is taken back."""
    mixed(web, base=1, DesiredCapacity=4, MinSize=4, CapacityRebalance=rebalances)
    [old] = [i["InstanceId"] for i in web.asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]][:1]
    web.asg.terminate_instance_in_auto_scaling_group(InstanceId=old, ShouldDecrementDesiredCapacity=False)
    web.sleep(600)
    web.send(100.0)
    web.sleep(60)
    first = next(iter(spot_hosts(web)))
    web.lab.fault("SpotInterrupted", instance_id=first)
    fewest = 4
    for _ in range(120):
        web.sleep(5)
        fewest = min(fewest, web.counts()[2])
    assert web.counts()[2] == 4 and first not in spot_hosts(web)
    return fewest


def test_a_spot_host_is_replaced_before_it_is_taken_back(scaled):
    web = scaled(managed=False, desired=4)
    assert interrupt_one_of_three_spot_hosts(web, rebalances=True) == 4
    assert web.failed() == 0


def test_without_rebalancing_its_capacity_is_missing_meanwhile(scaled):
    assert interrupt_one_of_three_spot_hosts(scaled(managed=False, desired=4), rebalances=False) == 3


@pytest.mark.parametrize("percent", [90, 100])
def test_the_scaling_policy_of_the_group_is_ecss_own_and_goes_when_it_is_switched_off(scaled, percent):
    web = scaled()
    web.ecs.update_capacity_provider(
        name="hosts", autoScalingGroupProvider={"managedScaling": {**MANAGED, "targetCapacity": percent}}
    )
    [policy] = web.asg.describe_policies(AutoScalingGroupName="hosts")["ScalingPolicies"]
    assert policy["PolicyName"].startswith("ECSManagedAutoScalingPolicy-")
    assert policy["TargetTrackingConfiguration"]["TargetValue"] == percent
    alarms = [one["AlarmName"] for one in policy["Alarms"]]
    assert len(web.cw.describe_alarms(AlarmNames=alarms)["MetricAlarms"]) == 2
    web.ecs.update_capacity_provider(name="hosts", autoScalingGroupProvider={"managedScaling": {"status": "DISABLED"}})
    assert web.asg.describe_policies()["ScalingPolicies"] == []
    assert web.cw.describe_alarms(AlarmNames=alarms)["MetricAlarms"] == []


def newest_refresh(web):
    """(status, instances left to update)."""
    newest = web.asg.describe_instance_refreshes(AutoScalingGroupName="hosts")["InstanceRefreshes"][0]
    return newest["Status"], newest["InstancesToUpdate"]


def test_a_refresh_replaces_a_mixed_group_and_skips_what_matches_whatever_its_type(scaled):
    web = scaled()
    mixed(web, DesiredCapacity=3, MinSize=3)
    web.sleep(300)
    preferences = {"SkipMatching": True, "MinHealthyPercentage": 90, "MaxHealthyPercentage": 150, "InstanceWarmup": 60}
    web.asg.start_instance_refresh(AutoScalingGroupName="hosts", Preferences=preferences)
    web.sleep(60)
    assert newest_refresh(web) == ("Successful", 0)
    before = spot_hosts(web)
    web.asg.start_instance_refresh(AutoScalingGroupName="hosts", Preferences={**preferences, "SkipMatching": False})
    web.sleep(3600)
    assert newest_refresh(web) == ("Successful", 0)
    assert len(spot_hosts(web)) == 2 and not before.keys() & spot_hosts(web).keys()


def test_processors_are_reported_by_service_and_by_cluster(scaled):
    web = scaled()
    web.send(200.0)  # 100 a second and task: 0.05 vCPU, a fifth of what it reserves
    web.sleep(300)
    now = web.lab.clock.now()
    named = [{"Name": "ClusterName", "Value": "dev"}, {"Name": "ServiceName", "Value": "web"}]

    def read(dimensions):
        period = {"StartTime": now - 180, "EndTime": now - 60, "Period": 60, "Statistics": ["Average"]}
        metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": dimensions}
        return [one["Average"] for one in web.cw.get_metric_statistics(**metric, **period)["Datapoints"]]

    assert read(named) == pytest.approx([20, 20], rel=0.05)
    assert read(named[:1]) == pytest.approx([5, 5], rel=0.05)  # of two vCPU


def test_a_template_or_a_group_that_is_gone_disturbs_nobody_else(scaled):
    web = scaled()
    web.ec2.delete_launch_template(LaunchTemplateId=web.template_id)
    web.ecs.update_service(cluster="dev", service="web", desiredCount=20)
    web.sleep(1200)
    assert web.counts() == (20, 8, 1)
    web.asg.delete_auto_scaling_group(AutoScalingGroupName="hosts", ForceDelete=True)
    web.sleep(1200)
    assert web.ecs.create_cluster(clusterName="other")["cluster"]["status"] == "ACTIVE"
