"""Hosts, service and releases on the virtual clock, and everything an operator's hands and nature can do to them.

A program is a list of deeds, each a name and plain arguments: it can be printed, kept as a test, and done again.
"""

from __future__ import annotations

import base64
import dataclasses

from botocore.exceptions import ClientError

from awslab import faults
from tests.lab.codedeploy.conftest import Release
from tests.lab.conftest import BROKEN, GOOD, HOOK, NEWER, USER_DATA
from tests.property.witness import Witness

WATCHED = {"enabled": True, "ignorePollAlarmFailure": False, "alarms": [{"name": "target-5xx"}]}
ROLLBACK = {
    "enabled": True,
    "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
}
NAME = {"AutoScalingGroupName": "hosts"}
HOSTS, TASKS = 4, 3
LIMITS = ((90, 110), (75, 125), (100, 100), (50, 150), (90, None), (50, None))  # min, max healthy percent
RELEASES = {  # what is wrong with it
    "good": {},
    "errors": {"ERROR_PERCENT": 100},
    "unhealthy": {"FAIL_HEALTH_AFTER_S": 0},
    "crashing": {"EXIT_ON_START": 1},
}
ENDED = ("Succeeded", "Failed", "Stopped")
BOUND_S = 8 * 3600  # two hours without progress, an hour of Install, and what lies between
Deed = tuple


class Estate(Release):
    """A release's stack with hosts behind a launch hook, three versions of their template, and users."""

    def __init__(self, seed: int) -> None:
        super().__init__(
            config="ECSCanary10Percent5Minutes",
            hosts=HOSTS,
            desired=TASKS,
            seed=seed,
            alarmConfiguration=WATCHED,
            autoRollbackConfiguration=ROLLBACK,
        )
        self.watch()
        self.program: list[Deed] = []
        self.answers: list[str] = []
        self.deployed: dict[str, str] = {}  # deployment id: task definition
        self.witness = self.lab.world.add(Witness(HOSTS, self._healthy()))
        self.send(2)

    def _make_hosts(self, hosts: int) -> None:
        super()._make_hosts(hosts)
        self.asg.put_lifecycle_hook(**NAME, **HOOK)
        user_data = base64.b64encode(USER_DATA.encode()).decode()
        for image_id in (GOOD, NEWER, BROKEN):  # versions 2, 3, 4
            data = {"ImageId": image_id, "UserData": user_data}
            self.ec2.create_launch_template_version(
                LaunchTemplateId=self.template_id, SourceVersion="1", LaunchTemplateData=data
            )
        template = {"LaunchTemplateId": self.template_id, "Version": "2"}
        self.asg.update_auto_scaling_group(**NAME, LaunchTemplate=template, DefaultInstanceWarmup=60)
        self.asg.set_desired_capacity(**NAME, DesiredCapacity=0)  # those of version 1 have no hook
        self.sleep(120)
        self.asg.set_desired_capacity(**NAME, DesiredCapacity=hosts)

    def _healthy(self) -> set[tuple[str, str, int]]:
        found = set()
        for arn in self.arns.values():
            for one in self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]:
                if one["TargetHealth"]["State"] == "healthy":
                    found.add((arn, one["Target"]["Id"], one["Target"]["Port"]))
        return found

    def do(self, name: str, *arguments) -> str:
        """Do one deed, and note it and how AWS answered: "done", or its error code."""
        self.program.append((name, *arguments))
        try:
            answer = getattr(self, f"do_{name}")(*arguments) or "done"
        except ClientError as refused:
            answer = refused.response["Error"]["Code"]
        self.answers.append(answer)
        return answer

    # ---- the operator's hands

    def do_refresh(self, version: str, limits: tuple, auto_rollback: bool) -> None:
        wanted = dict(zip(("MinHealthyPercentage", "MaxHealthyPercentage"), limits, strict=True))
        preferences = {k: v for k, v in wanted.items() if v is not None} | {"AutoRollback": auto_rollback}
        template = {"LaunchTemplateId": self.template_id, "Version": version}
        with self.witness.promising(*limits):
            self.asg.start_instance_refresh(
                **NAME, DesiredConfiguration={"LaunchTemplate": template}, Preferences=preferences
            )

    def do_cancel(self, wait: bool) -> None:
        self.asg.cancel_instance_refresh(**NAME, WaitForTransitioningInstances=wait)

    def do_roll_back(self) -> None:
        self.asg.rollback_instance_refresh(**NAME)

    def do_deploy(self, kind: str) -> None:
        if kind != "good":
            self.witness.disturbed = True
        arn = self.register(**RELEASES[kind])
        self.deployed[self.deploy(arn)] = arn

    def do_stop(self) -> str:
        return self._newest(lambda i: self.cd.stop_deployment(deploymentId=i))

    def do_go_on(self) -> str:
        wait = "TERMINATION_WAIT"
        return self._newest(lambda i: self.cd.continue_deployment(deploymentId=i, deploymentWaitType=wait))

    def _newest(self, call) -> str:
        found = self.cd.list_deployments()["deployments"]
        if not found:
            return "nothing"
        call(found[0])
        return "done"

    def do_scale_hosts(self, desired: int) -> None:
        self.witness.resized(desired)
        self.asg.set_desired_capacity(**NAME, DesiredCapacity=desired)

    def do_scale_tasks(self, desired: int) -> None:
        self.ecs.update_service(cluster="dev", service="web", desiredCount=desired)

    # ---- nature's

    def do_kill_host(self, index: int) -> str:
        serving = [i["InstanceId"] for i in self._hosts() if i["LifecycleState"] == "InService"]
        if not serving:
            return "nothing"
        self.witness.disturbed = True
        faults.inject(self.lab, {"fault": "InstanceDies", "instance_id": serving[index % len(serving)]})
        return "done"

    def do_kill_task(self, index: int) -> str:
        arns = sorted(self.ecs.list_tasks(cluster="dev")["taskArns"])
        if not arns:
            return "nothing"
        self.witness.disturbed = True
        self.ecs.stop_task(cluster="dev", task=arns[index % len(arns)])
        return "done"

    def do_sicken_task(self, index: int) -> str:
        """A process whose health check fails from now on."""
        alive = sorted(arn.split("/")[-1] for arn in self.ecs.list_tasks(cluster="dev")["taskArns"])
        known = [one for i in alive if (one := self.plane._tasks.get(i)) is not None]
        if not known:
            return "nothing"
        self.witness.disturbed = True
        one = known[index % len(known)]
        one.behaviour = dataclasses.replace(one.behaviour, fail_health_after_s=0.0)
        return "done"

    def do_throttle(self) -> str:
        """Two calls in a row are throttled; neither changes anything."""
        faults.inject(self.lab, {"fault": "ApiThrottled", "service": "autoscaling", "calls": 2})
        before = len(self.lab.world.journal)
        answers = []
        for _ in range(2):
            try:
                self.asg.start_instance_refresh(**NAME)
            except ClientError as refused:
                answers.append(refused.response["Error"]["Code"])
        assert (answers, len(self.lab.world.journal)) == (["Throttling"] * 2, before)
        return "done"

    def do_capacity(self, available: bool) -> None:
        faults.inject(self.lab, {"fault": "CapacityBack" if available else "CapacityMissing"})

    def do_sleep(self, seconds: int) -> None:
        self.sleep(seconds)
        self.lab.world.call(lambda: None)

    # ---- looking

    def _hosts(self) -> list[dict]:
        return self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=["hosts"])["AutoScalingGroups"][0][
            "Instances"
        ]

    def look(self) -> dict:
        """Everything a monitoring tool would ask for."""
        found = self.cd.list_deployments()["deployments"]
        infos = self.cd.batch_get_deployments(deploymentIds=found[:25])["deploymentsInfo"] if found else []
        for arn in self.arns.values():
            self.elb.describe_target_health(TargetGroupArn=arn)
        self.cw.describe_alarms()
        self.asg.describe_scaling_activities(**NAME)
        return {
            "hosts": self._hosts(),
            "refreshes": self.asg.describe_instance_refreshes(**NAME)["InstanceRefreshes"],
            "deployments": infos,
            "service": self.service(),
            "weights": self.weights(),
        }

    def end(self) -> None:
        """The users leave, there is room again, and everything that was started comes to its end within the bound."""
        self.send(0)
        self.do_capacity(True)
        began = self.lab.clock.now()
        while self.busy():
            assert self.lab.clock.now() - began < BOUND_S, f"it goes on for ever: {self.busy()}"
            self.sleep(60)
            self.lab.world.call(lambda: None)

    def serving(self) -> tuple[str, str]:
        """The release and the version of the hosts that serve."""
        group = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=["hosts"])["AutoScalingGroups"][0]
        return self.service()["taskDefinition"], group["LaunchTemplate"]["Version"]

    def should_serve(self) -> tuple[str, str]:
        """Those of the last deployment and the last refresh that succeeded; what did not is as if it had never been."""
        release, version = self.first, "2"
        for deployment_id, arn in self.deployed.items():
            if self.status(deployment_id) == "Succeeded":
                release = arn
        for one in reversed(self.asg.describe_instance_refreshes(**NAME)["InstanceRefreshes"]):
            if one["Status"] == "Successful":
                version = one["DesiredConfiguration"]["LaunchTemplate"]["Version"]
        return release, version

    def busy(self) -> list[str]:
        """What is still going on."""
        refreshes = self.asg.describe_instance_refreshes(**NAME)["InstanceRefreshes"]
        going = [f"refresh {r['Status']}" for r in refreshes if "EndTime" not in r]
        return going + [f"deployment {d}" for d in self._active()]

    def _active(self) -> list[str]:
        active = ["Created", "Queued", "InProgress", "Baking", "Ready"]
        return self.cd.list_deployments(includeOnlyStatuses=active)["deployments"]
