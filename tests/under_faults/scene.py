"""A small service with users in a virtual lab of this process, spoken to as hitless speaks to AWS."""

import asyncio
import contextlib
import random
from types import SimpleNamespace

import botocore.endpoint

from awslab.virtual import VirtualLab
from hitless.connect import Connection
from hitless.hosts import read_hosts
from hitless.in_flight import read_stands
from hitless.journal import read
from hitless.miniature import ALL_AT_ONCE, NAME, Miniature, Settings, new_template_version
from hitless.past import Past
from hitless.request import Request
from hitless.run_folder import JOURNAL, open_folder
from hitless.service import read_service, read_targets
from hitless.stack import read_stack

ACCOUNT, REGION = "123456789012", "us-east-1"
USERS_PER_S = 5.0
SETTINGS = Settings(hosts=3, tasks=3, config_name=ALL_AT_ONCE, check_interval_s=15)
WHOLE_S = 2 * 3600.0
LOOK_S = 60.0


class Clock:
    """Lab time; what is due while somebody sleeps happens at its time."""

    rate = float("inf")

    def __init__(self, lab):
        self._lab, self._due = lab, []

    def now(self):
        return self._lab.clock.now()

    def at(self, seconds, act):
        """Let something happen so many seconds from now."""
        self._due.append((self.now() + seconds, act))
        self._due.sort(key=lambda due: due[0])

    def forget(self):
        """Nothing more is due."""
        self._due.clear()

    def sleep(self, seconds):
        until = self.now() + max(0.0, seconds)
        while self._due and self._due[0][0] <= until:
            at, act = self._due.pop(0)
            self._lab.sleep(max(0.0, at - self.now()))
            act()
        self._lab.sleep(max(0.0, until - self.now()))

    async def asleep(self, seconds):
        self.sleep(seconds)

    def from_real(self, _real_s):
        return self.now()


class Session:
    """Makes clients of the lab where boto3 would open sockets; their tries and pauses are botocore's own."""

    def __init__(self, lab):
        self._lab = lab

    def client(self, service, config):
        return self._lab.client(service, config=config)

    def get_credentials(self):
        return None


class Here(Connection):
    """Knows that it is a lab's."""

    @property
    def environment(self):
        return "lab"


class Live:
    """As much of a live timeline as a release asks for: nobody draws here, and users are counted by the lab."""

    def __init__(self, scene):
        self.record = SimpleNamespace(limit=lambda _name, _value: None)
        self.events, self._scene = [], scene

    @property
    def timeline(self):
        return SimpleNamespace(failures=self._scene.failed)

    def event(self, label, _tone="info"):
        self.events.append(label)

    @contextlib.contextmanager
    def phase(self, _name, _tone="info"):
        yield


class Scene:
    """A service of three tasks on three hosts in two zones, with users."""

    def __init__(self, folder, monkeypatch, seed=1):
        random.seed(seed)  # of botocore's pauses
        self.folder, self.said = folder, []
        self.lab = VirtualLab(seed, REGION, folder / "lab")
        clock = Clock(self.lab)
        monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=clock.sleep))
        self.here = Here(Session(self.lab), clock, ACCOUNT, REGION)
        self.stack = Miniature(self.here, SETTINGS).stack
        self.lab.send(self.stack.production_listener_arn, USERS_PER_S)
        clock.sleep(60)
        self.template_id = read_hosts(self.here, self.stack).launch_template_id
        self.live, self._runs, self.mend = Live(self), [], lambda: None
        self._happened = 0
        self.rebase()

    def rebase(self):
        """Count what is started from here on."""
        self._baseline = self._started()

    def run(self, name="run"):
        """The folder of a run, opened once more."""
        self.close()
        (self.folder / name).mkdir(exist_ok=True)
        request = Request("faults", name)
        request.write(self.folder / name)
        self._runs.append(open_folder(self.here, self.folder / name, request))
        return self._runs[-1]

    def close(self):
        for run in self._runs:
            run.close()

    def new_version(self):
        return new_template_version(self.here, self.template_id)

    def happens(self):
        """Note that the fault came before the operation was over."""
        self._happened += 1

    @property
    def met(self):
        """How often the fault was met."""
        return self._happened + self.lab.weather.struck

    def calm(self):
        """Whatever the fault was, it is over."""
        self.here.clock.forget()
        for name in ("ApiCalm", "RegistryBack", "HookFreed", "CapacityBack"):
            self.lab.fault(name)
        for arn in self.here.client("ecs").list_tasks(cluster=NAME)["taskArns"]:
            if self._is_neighbours(arn):
                self.here.client("ecs").stop_task(cluster=NAME, task=arn)

    def _is_neighbours(self, arn):
        [task] = self.here.client("ecs").describe_tasks(cluster=NAME, tasks=[arn])["tasks"]
        return task["group"].startswith("family:")

    # ---- what became of it

    @property
    def failed(self):
        return self.lab.seen(self.stack.production_listener_arn)["failed"]

    @property
    def sent(self):
        return self.lab.seen(self.stack.production_listener_arn)["sent"]

    @property
    def started(self):
        """How many (refreshes, deployments, revisions) somebody has made since the beginning."""
        return tuple(now - before for now, before in zip(self._started(), self._baseline, strict=True))

    def _started(self):
        call = self.here.client
        refreshes = call("autoscaling").describe_instance_refreshes(AutoScalingGroupName=NAME)["InstanceRefreshes"]
        named = {"applicationName": NAME, "deploymentGroupName": NAME}
        ids = call("codedeploy").list_deployments(**named)["deployments"]
        infos = [call("codedeploy").get_deployment(deploymentId=each)["deploymentInfo"] for each in ids]
        revisions = call("ecs").list_task_definitions(familyPrefix=NAME)["taskDefinitionArns"]
        return len(refreshes), sum(info["creator"] == "user" for info in infos), len(revisions)

    def whole(self):
        """Every task is healthy, on hosts of one version, and nothing is on its way."""
        stack = read_stack(self.here, NAME, NAME)  # a release has moved it to the other target group
        fleet, service = read_hosts(self.here, stack), read_service(self.here, stack)
        healthy = sum(target.state == "healthy" for target in read_targets(self.here, stack))
        versions = {host.launch_template_version for host in fleet.hosts}
        return service.steady and healthy == SETTINGS.tasks and len(versions) == 1 and fleet.healthy >= SETTINGS.hosts

    def until_whole(self):
        until = self.here.clock.now() + WHOLE_S
        while not self.whole() and self.here.clock.now() < until:
            self.here.clock.sleep(LOOK_S)
        return self.whole()

    def past(self, name="run"):
        return Past.of(read(self.folder / name / JOURNAL))

    def stands(self, name="run"):
        return read_stands(self.here, self.past(name))

    def do(self, coroutine):
        return asyncio.run(coroutine)
