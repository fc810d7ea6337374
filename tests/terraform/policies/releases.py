"""How users are reached, and what takes a bad release back."""

from __future__ import annotations

from collections.abc import Iterator

from .stack import Stacks, every, rule


@rule
def users_of_prod_are_served_over_tls(stacks: Stacks) -> Iterator[str]:
    """Both doors, 1.2 at least."""
    for address, one in stacks["prod"].of("aws_lb_listener"):
        if one["protocol"] != "HTTPS" or not one["ssl_policy"].startswith("ELBSecurityPolicy-TLS13-1-2"):
            yield address


@rule
def requests_are_read_strictly(stacks: Stacks) -> Iterator[str]:
    """What could be read in two ways is refused."""
    for address, one in every(stacks, "aws_lb"):
        if one["desync_mitigation_mode"] != "strictest" or not one["drop_invalid_header_fields"]:
            yield address


@rule
def prod_is_not_deleted_by_accident(stacks: Stacks) -> Iterator[str]:
    """Neither the load balancer nor what runs behind it."""
    for address, one in stacks["prod"].of("aws_lb"):
        if not one["enable_deletion_protection"]:
            yield address
    for kind in ("aws_autoscaling_group", "aws_ecr_repository", "aws_ecs_service"):
        yield from (address for address, one in stacks["prod"].of(kind) if one["force_delete"])


@rule
def requests_to_prod_are_filtered_and_logged(stacks: Stacks) -> Iterator[str]:
    """A firewall before the load balancer, and both keep a log."""
    for kind in ("aws_wafv2_web_acl_association", "aws_wafv2_web_acl_logging_configuration"):
        if not list(stacks["prod"].of(kind)):
            yield kind
    for address, one in stacks["prod"].of("aws_lb"):
        if not any(log["enabled"] for log in one["access_logs"]):
            yield address


@rule
def a_bad_release_comes_back_by_itself(stacks: Stacks) -> Iterator[str]:
    """On failure and on an alarm."""
    for address, one in every(stacks, "aws_codedeploy_deployment_group"):
        (back,) = one["auto_rollback_configuration"]
        if not back["enabled"] or set(back["events"]) != {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}:
            yield address


@rule
def alarms_watch_every_release(stacks: Stacks) -> Iterator[str]:
    """Answers, their time, the load balancer and both colours; one that cannot be read stops a release, too."""
    for address, one in every(stacks, "aws_codedeploy_deployment_group"):
        (watch,) = one["alarm_configuration"]
        if not watch["enabled"] or watch["ignore_poll_alarm_failure"] or len(watch["alarms"]) < 5:
            yield address


@rule
def a_release_is_tried_before_users_see_it(stacks: Stacks) -> Iterator[str]:
    """A test listener, and a first step that is small."""
    for address, one in every(stacks, "aws_codedeploy_deployment_group"):
        pair = one["load_balancer_info"][0]["target_group_pair_info"][0]
        small = one["deployment_config_name"].startswith(("CodeDeployDefault.ECSCanary", "CodeDeployDefault.ECSLinear"))
        if not pair["test_traffic_route"] or not small:
            yield address


@rule
def the_way_back_stays_open(stacks: Stacks) -> Iterator[str]:
    """Old tasks stay a quarter of an hour at least."""
    for address, one in every(stacks, "aws_codedeploy_deployment_group"):
        (end,) = one["blue_green_deployment_config"][0]["terminate_blue_instances_on_deployment_success"]
        if end["termination_wait_time_in_minutes"] < 15:
            yield address


@rule
def somebody_hears_of_alarms_in_prod(stacks: Stacks) -> Iterator[str]:
    """Each sends a notice; a refresh's comes from its event."""
    for address, one in stacks["prod"].of("aws_cloudwatch_metric_alarm"):
        if not one["alarm_actions"] and "refresh_failed" not in address:
            yield address
    if not list(stacks["prod"].of("aws_sns_topic_subscription")):
        yield "nobody has subscribed"
