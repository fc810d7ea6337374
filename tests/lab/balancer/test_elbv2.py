"""Elastic Load Balancing as boto3 sees it."""

import pytest

ATTRIBUTE = "deregistration_delay.timeout_seconds"


def test_a_target_becomes_healthy_drains_and_is_gone(front):
    host = front.host()
    port = front.task(host, 1)
    front.elb.modify_target_group_attributes(TargetGroupArn=front.blue, Attributes=[{"Key": ATTRIBUTE, "Value": "30"}])
    front.register(front.blue, (host, port))
    assert front.health(front.blue) == {port: "initial"}
    front.sleep(5)
    assert front.health(front.blue) == {port: "healthy"}
    front.deregister(front.blue, (host, port))
    front.sleep(29)
    assert front.health(front.blue) == {port: "draining"}
    front.sleep(2)
    assert front.health(front.blue) == {}
    assert front.health(front.blue, Targets=[{"Id": host, "Port": port}]) == {port: "unused"}


def test_the_waiters_of_boto3_come_to_an_end(front):
    host = front.host()
    port = front.task(host, 1)
    target = {"TargetGroupArn": front.blue, "Targets": [{"Id": host, "Port": port}]}
    front.register(front.blue, (host, port))
    front.sleep(5)
    front.elb.get_waiter("target_in_service").wait(**target, WaiterConfig={"MaxAttempts": 1})
    front.deregister(front.blue, (host, port))
    front.sleep(301)
    front.elb.get_waiter("target_deregistered").wait(**target, WaiterConfig={"MaxAttempts": 1})


def test_many_ports_of_one_host_are_many_targets(front):
    host = front.host()
    ports = [front.task(host, 1), front.task(host, 2, FAIL_HEALTH_AFTER_S="0")]
    front.register(front.blue, *((host, port) for port in ports))
    front.sleep(60)
    assert front.health(front.blue) == {ports[0]: "healthy", ports[1]: "unhealthy"}
    front.deregister(front.blue, (host, ports[0]))
    assert front.health(front.blue) == {ports[0]: "draining", ports[1]: "unhealthy"}


def test_an_unhealthy_target_says_why(front):
    host = front.host()
    port = front.task(host, 1, FAIL_HEALTH_AFTER_S="0")
    front.register(front.blue, (host, port))
    front.sleep(60)
    answer = front.elb.describe_target_health(TargetGroupArn=front.blue)["TargetHealthDescriptions"][0]
    assert answer["TargetHealth"] == {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [503]",
    }


def test_targets_are_checked_before_they_are_registered(front, refused):
    host = front.host()
    register = front.elb.register_targets
    both = [{"Id": host, "Port": 1}, {"Id": "i-00000000000000000", "Port": 1}]
    assert refused(register, TargetGroupArn=front.blue, Targets=both) == "ValidationError"
    assert front.health(front.blue) == {}
    front.ec2.stop_instances(InstanceIds=[host])
    assert refused(register, TargetGroupArn=front.blue, Targets=both[:1]) == "InvalidTarget"


def test_deregistering_an_unknown_target_is_a_success_and_asking_after_one_is_not(front, refused):
    front.deregister(front.blue, ("i-00000000000000000", 1))
    named = [{"Id": "i-00000000000000000", "Port": 1}]
    assert refused(front.elb.describe_target_health, TargetGroupArn=front.blue, Targets=named) == "InvalidTarget"


def test_a_group_no_listener_uses_is_unused_until_it_has_a_weight_of_nothing(front):
    host = front.host()
    port = front.task(host, 1)
    front.register(front.green, (host, port))
    front.sleep(60)
    assert front.health(front.green) == {port: "unused"}
    actions = [front.forward((front.blue, 100), (front.green, 0))]
    front.elb.modify_listener(ListenerArn=front.prod, DefaultActions=actions)
    front.sleep(5)
    assert front.health(front.green) == {port: "healthy"}


def test_a_single_target_group_disappears_from_a_weighted_action(front):
    assert front.action(front.prod)["TargetGroupArn"] == front.blue
    actions = [front.forward((front.blue, 90), (front.green, 10))]
    front.elb.modify_listener(ListenerArn=front.prod, DefaultActions=actions)
    action = front.action(front.prod)
    assert "TargetGroupArn" not in action
    weights = {one["TargetGroupArn"]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}
    assert weights == {front.blue: 90, front.green: 10}
    groups = front.elb.describe_target_groups(Names=["green"])["TargetGroups"]
    assert groups[0]["LoadBalancerArns"] == [front.lb_arn]


def test_where_a_listener_is_served_is_one_of_its_attributes(front):
    read = front.elb.describe_listener_attributes(ListenerArn=front.prod)["Attributes"]
    assert read == [{"Key": "lab.endpoint", "Value": "http://127.0.0.1:80"}]
    balancer = front.elb.describe_load_balancers(Names=["web"])["LoadBalancers"][0]
    assert balancer["DNSName"] == "127.0.0.1"
    assert front.elb.describe_tags(ResourceArns=[front.prod])["TagDescriptions"][0]["Tags"] == []


def test_a_listener_that_goes_closes_and_its_group_can_go_then(front, refused):
    assert refused(front.elb.delete_target_group, TargetGroupArn=front.blue) == "ResourceInUse"
    front.elb.delete_load_balancer(LoadBalancerArn=front.lb_arn)
    closed = [e.event.listener_arn for e in front.lab.world.journal if type(e.event).__name__ == "ListenerClosed"]
    assert closed == [front.prod, front.test]
    front.elb.delete_target_group(TargetGroupArn=front.blue)


def test_a_target_group_serves_one_load_balancer(front, refused):
    other = front.elb.create_load_balancer(Name="other", Subnets=front.subnet_ids)["LoadBalancers"][0]
    wanted = {"LoadBalancerArn": other["LoadBalancerArn"], "Protocol": "HTTP", "Port": 80}
    code = refused(front.elb.create_listener, **wanted, DefaultActions=[front.forward(front.blue)])
    assert code == "TargetGroupAssociationLimit"


@pytest.mark.parametrize("weight", [-1, 1000])
def test_weights_are_from_0_to_999(front, refused, weight):
    actions = [front.forward((front.blue, weight), (front.green, 1))]
    assert refused(front.elb.modify_listener, ListenerArn=front.prod, DefaultActions=actions) == "ValidationError"
    assert front.action(front.prod)["TargetGroupArn"] == front.blue


def test_a_port_has_one_listener(front, refused):
    wanted = {"LoadBalancerArn": front.lb_arn, "Protocol": "HTTP", "Port": 80}
    assert (
        refused(front.elb.create_listener, **wanted, DefaultActions=[front.forward(front.blue)]) == "DuplicateListener"
    )


@pytest.mark.parametrize(
    ("attribute", "code"),
    [
        ((ATTRIBUTE, "3600"), None),
        ((ATTRIBUTE, "3601"), "ValidationError"),
        (("slow_start.duration_seconds", "30"), "InvalidConfigurationRequest"),
        (("stickiness.enabled", "true"), "InvalidConfigurationRequest"),
        (("load_balancing.algorithm.type", "least_outstanding_requests"), "InvalidConfigurationRequest"),
        (("nonsense", "1"), "ValidationError"),
    ],
)
def test_attributes_are_imitated_or_refused(front, refused, attribute, code):
    change = {"TargetGroupArn": front.blue, "Attributes": [dict(zip(("Key", "Value"), attribute, strict=True))]}
    if code is None:
        front.elb.modify_target_group_attributes(**change)
    else:
        assert refused(front.elb.modify_target_group_attributes, **change) == code


@pytest.mark.parametrize(
    "settings",
    [
        {"Protocol": "HTTPS"},
        {"HealthCheckPort": "9000"},
        {"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10},
        {"Matcher": {"HttpCode": "500"}},
    ],
)
def test_health_checks_the_lab_cannot_do_are_refused(front, refused, settings):
    wanted = {"Name": "x", "Protocol": "HTTP", "Port": 80, "VpcId": front.vpc_id, **settings}
    code = refused(front.elb.create_target_group, **wanted)
    assert code in ("ValidationError", "InvalidConfigurationRequest")


def test_changed_health_checks_count_from_the_next_check_on(front):
    host = front.host()
    port = front.task(host, 1)
    front.register(front.blue, (host, port))
    front.sleep(5)
    front.elb.modify_target_group(TargetGroupArn=front.blue, HealthCheckPath="/nowhere", HealthCheckIntervalSeconds=10)
    front.sleep(60)
    assert front.health(front.blue) == {port: "unhealthy"}


def test_rules_and_other_actions_are_refused_not_ignored(front, refused):
    condition = {"Field": "path-pattern", "Values": ["/x"]}
    rule = {"ListenerArn": front.prod, "Conditions": [condition], "Priority": 1, "Actions": [front.forward(front.blue)]}
    assert refused(front.elb.create_rule, **rule) == "InvalidConfigurationRequest"
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    code = refused(front.elb.modify_listener, ListenerArn=front.prod, DefaultActions=fixed)
    assert code == "InvalidLoadBalancerAction"
    read = front.elb.describe_rules(ListenerArn=front.prod)["Rules"]
    assert [one["IsDefault"] for one in read] == [True]
    code = refused(front.elb.modify_rule, RuleArn=read[0]["RuleArn"], Actions=[front.forward(front.green)])
    assert code == "OperationNotPermitted"


def test_a_guarded_load_balancer_is_not_deleted(front, refused):
    guard = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=front.lb_arn, Attributes=guard)
    assert refused(front.elb.delete_load_balancer, LoadBalancerArn=front.lb_arn) == "OperationNotPermitted"


def test_the_idle_timeout_reaches_the_data_plane(front):
    timeout = [{"Key": "idle_timeout.timeout_seconds", "Value": "120"}]
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=front.lb_arn, Attributes=timeout)
    told = [e.event for e in front.lab.world.journal if type(e.event).__name__ == "IdleTimeoutChanged"]
    assert {e.idle_timeout_s for e in told} == {120.0} and len(told) == 2
