"""A service and everything under it at one moment; `hitless.difference` compares two of them.

A snapshot is plain JSON: sections of things by name, each thing a few facts. Times, counters of AWS's own and other
facts that change by themselves are left out, so whatever differs was changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hitless.clock import to_datetime
from hitless.connect import Connection
from hitless.hosts import Fleet, read_hosts
from hitless.run_folder import RunFolder
from hitless.service import read_service_answer, read_targets
from hitless.stack import Stack

Snapshot = dict[str, Any]


def keep(run: RunFolder, here: Connection, stack: Stack, when: str) -> Snapshot:
    """Take a snapshot and keep it in a run's folder and journal.

    Args:
        run: Whose record.
        here: Whose account.
        stack: The service's parts.
        when: "before" or "after". What was before the first attempt of a run was before all of them.
    """
    if when == "before" and run.is_resumed:
        return json.loads((run.path / "before.json").read_text())
    taken = take(here, stack)
    run.write(f"{when}.json", json.dumps(taken, indent=1))
    run.journal.append("snapshot", when=when, file=f"{when}.json")
    return taken


def take(here: Connection, stack: Stack) -> Snapshot:
    """Look at a service, its hosts and its traffic.

    Calls:
        autoscaling:DescribeAutoScalingGroups, ec2:DescribeInstances, DescribeLaunchTemplateVersions,
        ecs:DescribeServices, DescribeTaskDefinition, ListTasks, DescribeTasks, ListContainerInstances,
        DescribeContainerInstances, elasticloadbalancing:DescribeTargetHealth, DescribeListeners,
        cloudwatch:DescribeAlarms.
    """
    fleet = read_hosts(here, stack)
    service = read_service_answer(here, stack)
    return {
        "taken_at": to_datetime(here.clock.now()).isoformat(timespec="seconds"),
        "launch template": _template(here, fleet),
        "group": {fleet.group_name: {name: getattr(fleet, name) for name in _SIZES}},
        "hosts": {host.instance_id: {name: getattr(host, name) for name in _OF_HOST} for host in fleet.hosts},
        "service": {stack.service_name: {name: service.get(name) for name in _COUNTS}},
        "task sets": _task_sets(here, service),
        "targets": {
            f"{target.target_group_arn.split('/')[1]} {target.instance_id}:{target.port}": {
                "state": target.state,
                "task": target.task_id,
            }
            for target in read_targets(here, stack)
        },
        "listeners": _listeners(here, stack),
        "alarms": _alarms(here, stack.service_name),
    }


_SIZES = ("desired_capacity", "min_size", "max_size", "launch_template_version")
_OF_HOST = (
    "image_id",
    "instance_type",
    "availability_zone",
    "launch_template_version",
    "lifecycle_state",
    "health_status",
)
_COUNTS = ("status", "desiredCount", "runningCount", "pendingCount")


def _template(here: Connection, fleet: Fleet) -> dict[str, dict[str, str]]:
    answer = here.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=fleet.launch_template_id, Versions=[fleet.launch_template_version]
    )
    version = answer["LaunchTemplateVersions"][0]
    data = version["LaunchTemplateData"]
    facts = {"image_id": data.get("ImageId", ""), "instance_type": data.get("InstanceType", "")}
    return {version["LaunchTemplateName"]: {"version": str(version["VersionNumber"]), **facts}}


def _task_sets(here: Connection, service: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        one["id"]: {
            "status": one["status"],
            "images": _images(here, one["taskDefinition"]),
            "task_definition": one["taskDefinition"].rpartition("/")[2],
            "target_group": one["loadBalancers"][0]["targetGroupArn"].split("/")[1] if one.get("loadBalancers") else "",
            "scale_percent": one.get("scale", {}).get("value"),
            "running": one["runningCount"],
        }
        for one in service.get("taskSets") or []
    }


def _images(here: Connection, task_definition: str) -> str:
    answer = here.client("ecs").describe_task_definition(taskDefinition=task_definition)
    return ", ".join(container["image"] for container in answer["taskDefinition"]["containerDefinitions"])


def _listeners(here: Connection, stack: Stack) -> dict[str, dict[str, int]]:
    """Weights by target group, as the listeners have them: they need not add up to a hundred."""
    listeners = here.client("elbv2").describe_listeners(ListenerArns=list(stack.listener_arns.values()))["Listeners"]
    weights = {}
    for listener in listeners:
        action = listener["DefaultActions"][0]
        groups = action.get("ForwardConfig", {}).get("TargetGroups") or [
            {"TargetGroupArn": action.get("TargetGroupArn", f"-/{action['Type']}")}
        ]
        weights[f"port {listener['Port']}"] = {
            group["TargetGroupArn"].split("/")[1]: group.get("Weight", 1) for group in groups
        }
    return weights


def _alarms(here: Connection, prefix: str) -> dict[str, dict[str, str]]:
    pages = here.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    return {alarm["AlarmName"]: {"state": alarm["StateValue"]} for page in pages for alarm in page["MetricAlarms"]}
