"""Application Auto Scaling's books as boto3 sees them."""

TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/dev/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}


def test_a_scalable_target_keeps_its_tags(front):
    front.service()
    scaling = front.lab.client("application-autoscaling")
    made = scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4, Tags={"team": "a"})
    arn = made["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"stage": "dev"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "dev"}


def test_what_does_not_exist_or_cannot_be_read_is_refused(front, refused):
    front.service()
    scaling = front.lab.client("application-autoscaling")
    nothing = {**TARGET, "ResourceId": "service/dev/no"}
    action = {"ScheduledActionName": "night", "ScalableTargetAction": {"MinCapacity": 1}}
    assert refused(scaling.register_scalable_target, **nothing, MinCapacity=1, MaxCapacity=1) == "ValidationException"
    assert refused(scaling.deregister_scalable_target, **TARGET) == "ObjectNotFoundException"
    assert refused(scaling.delete_scaling_policy, **TARGET, PolicyName="p") == "ObjectNotFoundException"
    assert refused(scaling.list_tags_for_resource, ResourceARN="arn:none") == "ResourceNotFoundException"
    assert refused(scaling.register_scalable_target, **TARGET, MinCapacity=4, MaxCapacity=1) == "ValidationException"
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    assert refused(scaling.put_scheduled_action, **TARGET, **action, Schedule="nightly") == "ValidationException"
    assert refused(scaling.put_scheduled_action, **TARGET, **action) == "ValidationException"
    assert refused(scaling.delete_scheduled_action, **TARGET, ScheduledActionName="no") == "ObjectNotFoundException"


def test_a_target_goes_with_its_policies_and_their_alarms(front):
    front.service()
    scaling = front.lab.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    cpu = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
    policy = {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling"}
    for target in (50.0, 60.0):  # the second replaces the first, and its alarms
        settings = {"TargetValue": target, **cpu}
        scaling.put_scaling_policy(**TARGET, **policy, TargetTrackingScalingPolicyConfiguration=settings)
    alarms = front.cloudwatch.describe_alarms()["MetricAlarms"]
    assert sorted(one["Threshold"] for one in alarms) == [54.0, 60.0]
    [told] = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert {one["AlarmName"] for one in told["Alarms"]} == {one["AlarmName"] for one in alarms}
    front.cloudwatch.delete_alarms(AlarmNames=[alarms[0]["AlarmName"]])
    scaling.deregister_scalable_target(**TARGET)
    assert front.cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []


def test_a_schedule_is_told_as_it_was_put_and_can_be_changed_in_part(front):
    front.service()
    scaling = front.lab.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    night = {**TARGET, "ScheduledActionName": "night"}
    bounds = {"MinCapacity": 0, "MaxCapacity": 0}
    scaling.put_scheduled_action(
        **night, Schedule="cron(0 20 * * ? *)", Timezone="Europe/Zurich", ScalableTargetAction=bounds
    )
    scaling.put_scheduled_action(**night, ScalableTargetAction={"MaxCapacity": 1})
    [told] = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert (told["Schedule"], told["Timezone"]) == ("cron(0 20 * * ? *)", "Europe/Zurich")
    assert told["ScalableTargetAction"] == {"MaxCapacity": 1}
