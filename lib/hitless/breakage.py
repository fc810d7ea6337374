"""Take one safety away, make the change it protects, and count what users lose; then the same with it in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd
from botocore.config import Config
from botocore.exceptions import ClientError

from hitless import deployment
from hitless.errors import TimedOut
from hitless.hosts import read_group, read_hosts
from hitless.images import build_release
from hitless.miniature import ALL_AT_ONCE, APP, NAME, Miniature, Settings, new_template_version
from hitless.preflight import check_refresh
from hitless.refresh import ENDED, RefreshSettings, plan_refresh, read_refresh
from hitless.rehearsal import Rehearsal, Seen
from hitless.release import plan_release
from hitless.release_preflight import check_release
from hitless.service import read_service, read_targets

USERS_PER_S = 20.0
QUIET_S, LOOK_S, TIMEOUT_S = 120.0, 30.0, 4 * 3600.0
SLOW = "LATENCY_MS=2000"  # a request that takes two seconds can be cut off in the middle
BAD = "ERROR_PERCENT=100 ERROR_PORTS=80,443"


@dataclass(frozen=True)
class Told:
    """What one telling of a scenario came to.

    Attributes:
        seen: What users saw from the change's beginning to its end.
        ended: How the change ended.
        foretold: What preflight said no to, or warned of.
    """

    seen: Seen
    ended: str
    foretold: str = ""


@dataclass(frozen=True)
class Breakage:
    """A scenario told twice.

    Attributes:
        safety: What was taken away.
        change: What was done meanwhile.
        setting: What puts the safety in place.
        kept: With it.
        removed: Without it.
    """

    safety: str
    change: str
    setting: str
    kept: Told
    removed: Told

    def table(self) -> pd.DataFrame:
        """Both tellings, one a row."""
        rows = [(*self._row(told), told.ended, told.foretold or "nothing") for told in (self.kept, self.removed)]
        columns = ["requests", "failed", "answers", "the change", "preflight objected to"]
        index = [f"with {self.safety}", f"without {self.safety}"]
        return pd.DataFrame(rows, columns=columns, index=index)

    @staticmethod
    def _row(told: Told) -> tuple[int, int, str]:
        seen = told.seen
        return seen.sent, seen.failed, ", ".join(f"{count} × {status}" for status, count in seen.by_status.items())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

    def __repr__(self) -> str:
        return self.table().to_string()


class _Scene:
    """A small service with users in a rehearsal that starts over."""

    def __init__(self, rehearsal: Rehearsal, settings: Settings) -> None:
        rehearsal.start_over()
        self.rehearsal, self.here = rehearsal, rehearsal.here
        self.service = Miniature(self.here, settings)
        self.stack = self.service.stack
        self._listener = self.stack.production_listener_arn
        rehearsal.send_users(self._listener, USERS_PER_S)
        self.here.clock.sleep(QUIET_S)
        self._before = rehearsal.seen(self._listener)

    def end(self, ended: str, foretold: str = "") -> Told:
        self.here.clock.sleep(QUIET_S)
        return Told(self.rehearsal.seen(self._listener).since(self._before), ended, foretold)

    def until(self, done: Callable[[], object], timeout_s: float = TIMEOUT_S) -> object:
        """Let time pass until something is so; what it answered."""
        until = self.here.clock.now() + timeout_s
        while not (answer := done()):
            if self.here.clock.now() > until:
                raise TimedOut("The scenario did not end.", seen={"after": f"{timeout_s:g} s"}, do="look at the lab")
            self.here.clock.sleep(LOOK_S)
        return answer

    def refresh(self, settings: RefreshSettings = RefreshSettings()) -> Told:  # noqa: B008
        """Replace every host."""
        foretold = _no(check_refresh(self.here, self.stack, settings))
        self.start_refresh(settings)
        status = self.until(lambda: self._refresh_ended())
        return self.end(f"refresh {status}", foretold)

    def start_refresh(self, settings: RefreshSettings) -> None:
        template_id = read_group(self.here, NAME)["LaunchTemplate"]["LaunchTemplateId"]
        version = new_template_version(self.here, template_id)
        plan_refresh(NAME, template_id, version, settings).run(self.here, dry_run=False, say=str)

    def _refresh_ended(self) -> str:
        status = read_refresh(self.here, NAME)["Status"]
        return status if status in ENDED else ""

    def release(self, faults: str) -> Told:
        """Release a version that has these faults."""
        foretold = _no(check_release(self.here, self.stack))
        image = build_release(APP, "2.0.0", "red", faults)
        change = plan_release(self.here, self.stack, image, "2.0.0", NAME)
        deployment_id = change.plan.run(self.here, dry_run=False, say=str)["deployment"]["deploymentId"]
        last = self.until(lambda: self._deployment_ended(deployment_id))
        return self.end(f"release {last.status} {last.error_code}".strip(), foretold)

    def _deployment_ended(self, deployment_id: str) -> deployment.Deployment | None:
        seen = deployment.read_deployment(self.here, deployment_id)
        return seen if seen.ended else None


def _no(checks) -> str:
    """What preflight refused or warned of."""
    return ", ".join(row.name for row in checks.rows if row.state in ("NG", "WARN"))


def without_draining(rehearsal: Rehearsal) -> Breakage:
    """Hosts are replaced while tasks run on them, with managed draining and without."""
    told = [_Scene(rehearsal, Settings(managed_draining=on)).refresh() for on in (True, False)]
    return Breakage("managed draining", "replace every host", "capacity provider: managed_draining = ENABLED", *told)


def without_deregistration_delay(rehearsal: Rehearsal) -> Breakage:
    """Targets with requests of two seconds leave, with time to finish them and without."""
    told = [_Scene(rehearsal, Settings(deregistration_delay_s=s, faults=SLOW)).refresh() for s in (60, 0)]
    return Breakage(
        "deregistration delay", "replace every host", "target group: deregistration_delay ≥ slowest request", *told
    )


def without_sigterm(rehearsal: Rehearsal) -> Breakage:
    """Somebody stops tasks by hand: the signal comes before the load balancer knows."""
    told = [_stop_tasks(_Scene(rehearsal, Settings(faults=faults))) for faults in ("", "DRAIN_MAX_S=0")]
    setting = "app: on SIGTERM serve on until nobody asks; stopTimeout longer than that"
    return Breakage("SIGTERM handling", "stop three tasks by hand", setting, *told)


def _stop_tasks(scene: _Scene) -> Told:
    ecs = scene.here.client("ecs")
    for _ in range(3):
        arns = ecs.list_tasks(cluster=NAME, serviceName=NAME)["taskArns"]
        ecs.stop_task(cluster=NAME, task=sorted(arns)[0], reason="by hand")
        scene.here.clock.sleep(QUIET_S)
        scene.until(lambda: read_service(scene.here, scene.stack).steady)
    return scene.end("3 tasks replaced")


def without_test_listener(rehearsal: Rehearsal) -> Breakage:
    """A build that is never healthy and fails everybody, all at once: checked before the shift, or after it."""
    told = []
    for test in (True, False):
        scene = _Scene(rehearsal, Settings(tasks=2, test_listener=test, alarm=False, config_name=ALL_AT_ONCE))
        told.append(scene.release("ERROR_PERCENT=100 FAIL_HEALTH_AFTER_S=0"))
    setting = "deployment group: a test traffic route; or shift by canary"
    return Breakage("test listener", "release a broken build, all at once", setting, *told)


def without_alarm(rehearsal: Rehearsal) -> Breakage:
    """A release that fails its users after four minutes, with somebody watching and without."""
    told = [_Scene(rehearsal, Settings(alarm=on)).release(BAD) for on in (True, False)]
    return Breakage("alarm", "release a bad build by canary", "deployment group: alarms, and rollback on them", *told)


def without_headroom(rehearsal: Rehearsal) -> Breakage:
    """A release needs its tasks twice; the hosts have room for that, or not."""
    told = [_Scene(rehearsal, Settings(hosts=3, tasks=tasks, task_memory_mib=1800)).release("") for tasks in (2, 6)]
    return Breakage(
        "headroom", "release a good build by canary", "hosts for twice the tasks, MaxSize above that", *told
    )


def host_dies(rehearsal: Rehearsal) -> Breakage:
    """A host dies without a word; it carried some of the tasks, or all of them."""
    told = [_kill_one(_Scene(rehearsal, Settings(hosts=hosts))) for hosts in (4, 1)]
    return Breakage("more than one host", "a host dies", "group of several hosts, tasks spread over them", *told)


def zone_goes(rehearsal: Rehearsal) -> Breakage:
    """A zone is lost with every host in it, and gives no new ones; there is another zone, or not."""
    told = [_lose_zone(_Scene(rehearsal, Settings(zones=zones))) for zones in (2, 1)]
    return Breakage(
        "a second zone", "a zone is lost for an hour", "group over two zones, tasks spread over them", *told
    )


def _kill_one(scene: _Scene) -> Told:
    host = read_hosts(scene.here, scene.stack).hosts[0]
    scene.rehearsal.fault("InstanceDies", instance_id=host.instance_id)
    return _recovered(scene)


def _lose_zone(scene: _Scene) -> Told:
    hosts = read_hosts(scene.here, scene.stack).hosts
    zone = hosts[0].availability_zone
    scene.rehearsal.fault("CapacityMissing", availability_zone=zone)
    for host in hosts:
        if host.availability_zone == zone:
            scene.rehearsal.fault("InstanceDies", instance_id=host.instance_id)
    scene.here.clock.sleep(3600)
    scene.rehearsal.fault("CapacityBack", availability_zone=zone)
    return _recovered(scene)


def _recovered(scene: _Scene) -> Told:
    began = scene.here.clock.now()
    scene.here.clock.sleep(QUIET_S)
    wanted = scene.service.settings.tasks
    scene.until(lambda: sum(t.state == "healthy" for t in read_targets(scene.here, scene.stack)) >= wanted)
    return scene.end(f"{wanted} tasks healthy again within {(scene.here.clock.now() - began) / 60:.0f} minutes")


def api_throttles(rehearsal: Rehearsal) -> Breakage:
    """Auto Scaling and ECS answer `Rate exceeded` in the middle of a refresh; calls are tried again, or not."""
    told = [_throttled(_Scene(rehearsal, Settings()), retries) for retries in (True, False)]
    return Breakage(
        "retries", "replace every host while AWS throttles", "boto3: retries mode standard, 8 attempts", *told
    )


def _throttled(scene: _Scene, retries: bool) -> Told:
    scene.start_refresh(RefreshSettings())
    scene.here.clock.sleep(QUIET_S)
    scene.rehearsal.fault("ApiThrottled", service="autoscaling", calls=2)
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    client = scene.here.client("autoscaling") if retries else scene.here.session.client("autoscaling", config=once)
    try:
        client.describe_instance_refreshes(AutoScalingGroupName=NAME)
        watched = "watched to the end"
    except ClientError as error:
        watched = f"the watcher died of {error.response['Error']['Code']}"
    scene.until(lambda: read_refresh(scene.here, NAME)["Status"] in ENDED)
    return scene.end(f"{watched}; refresh {read_refresh(scene.here, NAME)['Status']}")


SAFETIES = (
    without_draining,
    without_deregistration_delay,
    without_sigterm,
    without_test_listener,
    without_alarm,
    without_headroom,
)
DISASTERS = (host_dies, zone_goes, api_throttles)


def table(told: Iterable[Breakage]) -> pd.DataFrame:
    """What users would have seen, and the setting that prevents it: one row a scenario."""
    rows = [(one.safety, one.change, _lost(one.kept), _lost(one.removed), one.setting) for one in told]
    columns = ["safety", "meanwhile", "with it", "without it", "set it by"]
    return pd.DataFrame(rows, columns=columns).set_index("safety")


def _lost(told: Told) -> str:
    return f"{told.seen.failed} of {told.seen.sent} failed"
