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


def test_what_nobody_would_carry_out_is_refused(front, refused):
    front.service()
    scaling = front.lab.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    policy = {"TargetValue": 50.0}
    arguments = {**TARGET, "PolicyName": "p", "TargetTrackingScalingPolicyConfiguration": policy}
    assert refused(scaling.put_scaling_policy, **arguments) == "ValidationException"
    unknown = {**TARGET, "ResourceId": "service/dev/no", "MinCapacity": 1, "MaxCapacity": 1}
    assert refused(scaling.register_scalable_target, **unknown) == "ValidationException"
    assert refused(scaling.list_tags_for_resource, ResourceARN="arn:none") == "ResourceNotFoundException"
