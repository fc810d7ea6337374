"""What a workflow's step has begun on AWS, and the moment to cancel it."""

import threading
import time

import boto3

WITHIN_S = 120.0


def refreshes(group_name):
    """The instance refreshes of a group, newest first."""
    found = boto3.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=group_name)
    return found["InstanceRefreshes"]


def another_refresh(group_name):
    """For `GitHub.cancel`: wait until a refresh has begun that is not there now."""
    before, pause = len(refreshes(group_name)), threading.Event()

    def wait(_workspace, process):
        until = time.monotonic() + WITHIN_S
        while len(refreshes(group_name)) == before:
            assert process.poll() is None and time.monotonic() < until
            pause.wait(0.1)

    return wait
