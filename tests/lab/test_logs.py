"""What tasks print reaches CloudWatch Logs, each line with the lab time it came; how a task ended stays known."""

import asyncio
import base64
import random
from dataclasses import dataclass, field

import pytest

from awslab.clock import ScaledClock, VirtualClock
from awslab.dataplane.live import LivePlane
from awslab.dataplane.log_file import LogFile
from awslab.dataplane.simulated import SimulatedPlane
from awslab.lab import Lab
from hitless import images, logs

GROUP = "/ecs/web"


@dataclass
class Here:
    """A connection to a lab in this process."""

    lab: Lab
    clients: dict = field(default_factory=dict)

    def client(self, service):
        return self.clients.setdefault(service, self.lab.client(service))


class Cluster:
    """One cluster, hosts, and tasks that log to a group; no load balancer."""

    def __init__(self, clock, plane=None, data=None):
        self.lab = Lab(clock, plane=plane, data=data)
        self.here = Here(self.lab)
        self.ecs, self.logs, self.clock = self.here.client("ecs"), self.here.client("logs"), clock
        self.logs.create_log_group(logGroupName=GROUP)
        self.ecs.create_cluster(clusterName="dev")

    def add_hosts(self):
        ec2, user_data = self.here.client("ec2"), base64.b64encode(b"echo ECS_CLUSTER=dev").decode()
        data = {"ImageId": "ami-0a10000000000ec51", "InstanceType": "t3.medium", "UserData": user_data}
        made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        self.here.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="hosts",
            MinSize=1,
            MaxSize=1,
            VPCZoneIdentifier=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
            LaunchTemplate={"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        )

    def run(self, image="app:1", **options):
        log = {"awslogs-group": GROUP, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web", **options}
        container = {"name": "app", "image": image, "memory": 64}
        container["logConfiguration"] = {"logDriver": "awslogs", "options": {k: v for k, v in log.items() if v}}
        self.ecs.register_task_definition(family="web", networkMode="bridge", containerDefinitions=[container])
        self.arn = self.ecs.run_task(cluster="dev", taskDefinition="web", launchType="EC2")["tasks"][0]["taskArn"]
        return self.arn.rpartition("/")[2]

    def task(self):
        return self.ecs.describe_tasks(cluster="dev", tasks=[self.arn])["tasks"][0]

    def streams(self, group=GROUP):
        return [stream["logStreamName"] for stream in self.logs.describe_log_streams(logGroupName=group)["logStreams"]]


@pytest.fixture
def cluster():
    cluster = Cluster(VirtualClock(), SimulatedPlane(random.Random(1)))
    cluster.add_hosts()
    cluster.clock.sleep(180)
    yield cluster
    cluster.lab.close()


@pytest.fixture
def pen(cluster):
    """Prints for a task, as the plane would."""

    def open_log(task_id):
        folder = cluster.lab.data / "tasks"
        folder.mkdir(exist_ok=True)
        return LogFile(folder / f"{task_id}.log", now=cluster.clock.now)

    return open_log


def test_lines_come_in_order_with_the_time_they_were_printed(cluster, pen):
    task_id = cluster.run()
    cluster.clock.sleep(30)
    log, printed_at = pen(task_id), int(cluster.clock.now())
    log.write(b"INFO one\n")
    cluster.clock.sleep(10)
    log.write(b"INFO two\nERROR thr")
    where = {"logGroupName": GROUP, "logStreamName": f"web/app/{task_id}"}
    first = cluster.logs.get_log_events(**where, startFromHead=True)
    assert [event["message"] for event in first["events"]] == ["INFO one", "INFO two"]
    assert [event["timestamp"] - 1000 * printed_at for event in first["events"]] == [0, 10_000]
    cluster.clock.sleep(1000)
    log.write(b"ee\n")
    found = cluster.logs.filter_log_events(logGroupName=GROUP, filterPattern="ERROR")["events"]
    assert [(event["message"], event["timestamp"]) for event in found] == [("ERROR three", 1000 * (printed_at + 1010))]
    rest = cluster.logs.get_log_events(**where, nextToken=first["nextForwardToken"])["events"]
    assert [event["message"] for event in rest] == ["ERROR three"]


def test_a_last_line_without_an_end_comes_when_the_task_has_ended(cluster, pen):
    task_id = cluster.run()
    cluster.clock.sleep(30)
    log = pen(task_id)
    log.write(b"Killed")
    assert logs.last_lines(cluster.here, cluster.task()) == []
    log.end()
    assert logs.last_lines(cluster.here, cluster.task()) == ["Killed"]


def test_a_stream_is_named_by_prefix_container_and_task_and_begins_with_the_container(cluster):
    task_id = cluster.run()
    assert cluster.streams() == []
    cluster.clock.sleep(30)
    assert cluster.streams() == [f"web/app/{task_id}"]


def test_a_task_whose_log_group_is_missing_does_not_start_as_on_aws(cluster):
    cluster.run(**{"awslogs-group": "/none"})
    cluster.clock.sleep(30)
    task = cluster.task()
    assert task["stopCode"] == "TaskFailedToStart"
    assert "log group does not exist" in task["containers"][0]["reason"]
    cluster.run(**{"awslogs-group": "/none", "awslogs-create-group": "true"})
    cluster.clock.sleep(30)
    assert cluster.task()["lastStatus"] == "RUNNING"
    assert len(cluster.streams("/none")) == 1


def test_the_last_lines_are_the_last_and_there_are_none_where_nobody_logged(cluster, pen):
    task_id = cluster.run()
    assert logs.last_lines(cluster.here, cluster.task()) == []
    cluster.clock.sleep(30)
    pen(task_id).write(b"".join(b"line %d\n" % number for number in range(50)))
    assert logs.last_lines(cluster.here, cluster.task(), 3) == ["line 47", "line 48", "line 49"]
    cluster.run(**{"awslogs-stream-prefix": None})
    cluster.clock.sleep(30)
    assert logs.last_lines(cluster.here, cluster.task()) == []


@pytest.mark.live
def test_a_task_that_failed_leaves_its_last_lines_exit_code_and_reason(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("print('starting')\nraise SystemExit('no database')\n")

    async def body():
        clock = ScaledClock(60)
        (tmp_path / "data").mkdir()
        cluster = Cluster(clock, data=tmp_path / "data")
        plane = LivePlane(cluster.lab, lost=lambda: None)
        await plane.start()
        try:
            cluster.lab.attach(plane)
            cluster.add_hosts()
            ecr = cluster.here.client("ecr")
            ecr.create_repository(repositoryName="web")
            image = images.push(images.build(tmp_path / "app"), "web", ecr=ecr)
            await until(lambda: cluster.ecs.list_container_instances(cluster="dev")["containerInstanceArns"])
            began = clock.now()
            cluster.run(image)
            await until(lambda: cluster.task()["lastStatus"] == "STOPPED")
            check(cluster, began)
        finally:
            await plane.stop()

    def check(cluster, began):
        task = cluster.task()
        assert logs.last_lines(cluster.here, task) == ["starting", "no database"]
        assert logs.stopped_as(task) == {
            "stop code": "EssentialContainerExited",
            "stopped reason": "Essential container in task exited",
            "app exit code": 1,
        }
        (_, last) = cluster.logs.filter_log_events(logGroupName=GROUP)["events"]
        assert began <= last["timestamp"] / 1000 + 1 and last["timestamp"] / 1000 <= cluster.clock.now()

    async def until(look):
        async with asyncio.timeout(20):
            while not look():  # noqa: ASYNC110  nobody tells; time passes in the lab by itself
                await asyncio.sleep(0.02)

    asyncio.run(body())
