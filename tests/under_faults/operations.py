"""What an operator does to a service, with hitless's own plans, deliveries and watches; without probe and pictures."""

from dataclasses import dataclass, field
from types import SimpleNamespace

from hitless import undo as undoing
from hitless.errors import Failed, RolledBack
from hitless.host_rollback import plan_host_rollback
from hitless.hosts import read_hosts
from hitless.images import build_release
from hitless.miniature import APP, NAME
from hitless.refresh import RefreshSettings, plan_refresh, read_refresh, watch_refresh
from hitless.release import deploy, plan_release, plan_return

REFRESH = RefreshSettings(90, 140, 60)
HALFWAY_S = 150.0  # a refresh has replaced something by then, and a release has begun
REGISTER, DEPLOY, TURN = "RegisterTaskDefinition", "CreateDeployment", "RollbackInstanceRefresh"


@dataclass
class Operation:
    """One thing to do.

    Attributes:
        name: What it is called.
        writes: The AWS actions it makes, in order.
        prepare: Brings the service to where it begins; before any fault.
        fault_after_s: When nature strikes: in the middle of it.
        act: Does it; raises what stops it.
        reached: Whether the service is as it was to become.
    """

    name: str
    writes: tuple[str, ...]
    act: object
    reached: object
    prepare: object = field(default=lambda scene: None)
    fault_after_s: float = 100.0


# ---- hosts


def start_refresh(scene):
    scene.version = scene.new_version()
    plan = plan_refresh(NAME, scene.template_id, scene.version, REFRESH)
    run = scene.run()
    run.keep_plan(plan)
    scene.refresh_id = plan.run(scene.here, dry_run=False, say=scene.said.append, run=run)["refresh"][
        "InstanceRefreshId"
    ]


def watch(scene):
    look = lambda: read_refresh(scene.here, NAME, scene.refresh_id)  # noqa: E731
    return scene.do(watch_refresh(scene.here, NAME, look, usually_s=600, say=scene.said.append))


def refresh_hosts(scene):
    start_refresh(scene)
    watch(scene)


def at_version(scene, version):
    fleet = read_hosts(scene.here, scene.stack)
    return {host.launch_template_version for host in fleet.hosts} == {version} == {fleet.launch_template_version}


def begin_refresh(scene):
    start_refresh(scene)
    scene.here.clock.sleep(HALFWAY_S)


def roll_hosts_back(scene):
    change = plan_host_rollback(scene.here, scene.stack, SimpleNamespace(), REFRESH)
    run = scene.run("back")
    run.keep_plan(change.plan)
    answers = change.plan.run(scene.here, dry_run=False, say=scene.said.append, run=run)
    scene.refresh_id = answers["refresh"]["InstanceRefreshId"]
    try:
        watch(scene)
    except RolledBack:
        return
    raise Failed("It was not turned round.", seen={"refresh": scene.refresh_id}, do="look at the hosts")


# ---- releases


def release(scene):
    image = build_release(APP, "2.0.0", "green", "")
    carry_out(scene, plan_release(scene.here, scene.stack, image, "2.0.0", NAME), "run")


def register_another(scene):
    """An earlier revision to go back to, which the service can run."""
    ecs = scene.here.client("ecs")
    known = ecs.describe_task_definition(taskDefinition=NAME)["taskDefinition"]
    kept = ("family", "networkMode", "containerDefinitions", "executionRoleArn", "taskRoleArn")
    ecs.register_task_definition(**{name: known[name] for name in kept})
    scene.rebase()


def roll_release_back(scene):
    carry_out(scene, plan_return(scene.here, scene.stack, to_revision="2"), "run")


def carry_out(scene, change, name):
    run = scene.run(name)
    run.keep_plan(change.plan)
    scene.do(deploy(change, run, scene.live, say=scene.said.append))


def runs_revision(scene, revision):
    service = scene.here.client("ecs").describe_services(cluster=NAME, services=[NAME])["services"][0]
    [primary] = [one for one in service["taskSets"] if one["status"] == "PRIMARY"]
    return primary["taskDefinition"].endswith(f":{revision}")


def begin_release(scene):
    image = build_release(APP, "2.0.0", "green", "")
    change = plan_release(scene.here, scene.stack, image, "2.0.0", NAME)
    run = scene.run()
    run.keep_plan(change.plan)
    change.plan.run(scene.here, dry_run=False, say=scene.said.append, run=run)
    scene.here.clock.sleep(20)


def undo(scene):
    scene.run().close()
    code = undoing.undo(scene.folder / "run", scene.said.append)
    if code:
        raise Failed("It was not undone.", seen={"exit code": code}, do="look at the run of the undoing")


OPERATIONS = {
    one.name: one
    for one in (
        Operation("refresh", ("StartInstanceRefresh",), refresh_hosts, lambda s: at_version(s, s.version)),
        Operation("host rollback", (TURN,), roll_hosts_back, lambda s: at_version(s, "1"), begin_refresh, 20.0),
        Operation("release", (REGISTER, DEPLOY), release, lambda s: runs_revision(s, 2)),
        Operation("release rollback", (DEPLOY,), roll_release_back, lambda s: runs_revision(s, 2), register_another),
        Operation("undo a refresh", (TURN,), undo, lambda s: at_version(s, "1"), begin_refresh, 20.0),
        Operation("undo a release", ("StopDeployment",), undo, lambda s: runs_revision(s, 1), begin_release, 2.0),
    )
}  # fmt: skip
