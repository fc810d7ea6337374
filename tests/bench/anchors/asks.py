"""Seven asks, each a program that ends with what it saw, or with `Missed`, `Stuck` or AWS's error."""

from __future__ import annotations

import json

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tests.bench.anchors.difference import differences
from tests.bench.anchors.stack import Ground, Stack, Stuck, Users

ENDED = ("Succeeded", "Failed", "Stopped")
REFRESH_ENDED = ("Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed")


class Missed(Exception):
    """It came to an end, and not as it should have."""


AUDIENCE = 100  # requests before anything is changed
FAILURES = (ClientError, BotoCoreError, ResponseParserError, Stuck, Missed, KeyError, IndexError)


def require(holds: bool, seen: object) -> None:
    """Raise `Missed` with what was seen, unless it holds."""
    if not holds:
        raise Missed(str(seen))


# ---- parts

HOSTS = ("make_hosts",)
SERVICE = ("make_hosts", "make_balancer", "make_cluster", "make_service")
RELEASES = (*SERVICE, "make_alarm", "make_releases")


def made(ground: Ground, parts: tuple[str, ...], **size: int) -> Stack:
    """A stack of these parts; what does not come is noted, and the next is made all the same."""
    stack = Stack(ground, **size)
    for part in parts:
        try:
            getattr(stack, part)()
        except FAILURES as error:
            ground.lacks.append(in_a_line(error))
    return stack


def in_a_line(error: Exception) -> str:
    """What went wrong, short."""
    match error:
        case ClientError():
            return f"{error.operation_name} {error.response['Error']['Code']}"
        case ResponseParserError():
            return "an answer that is no AWS answer" + (" (HTTP 500)" if "500 Internal" in str(error) else "")
        case KeyError() | IndexError():
            return f"an answer lacks {error}"
    return str(error)[:160]


class Nobody:
    """Users that cannot come."""

    sent = failed = 0


def users_of(stack: Stack) -> Users:
    """Users of the service; nobody where it does not run."""
    try:
        users = stack.ground.users(stack.prod)
    except FAILURES as nobody:
        stack.ground.lacks.append(in_a_line(nobody))
        return Nobody()
    stack.until(lambda: users.sent, lambda sent: sent >= AUDIENCE, "users")
    return users


def deploy(stack: Stack, **environment: object) -> str:
    """Start a release; its deployment id."""
    balancer = {"ContainerName": "app", "ContainerPort": 8080}
    strategy = [{"CapacityProvider": "hosts", "Weight": 1, "Base": 0}]
    properties = {"TaskDefinition": stack.register(**environment), "LoadBalancerInfo": balancer}
    properties["CapacityProviderStrategy"] = strategy
    service = {"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}}
    content = json.dumps({"version": 0.0, "Resources": [service]})
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
    name = {"applicationName": "web", "deploymentGroupName": "web"}
    return stack.cd.create_deployment(**name, revision=revision)["deploymentId"]


def ended(stack: Stack, deployment_id: str) -> dict:
    """The deployment when it is over."""
    read = lambda: stack.cd.get_deployment(deploymentId=deployment_id)["deploymentInfo"]  # noqa: E731
    status = lambda: (read()["status"], stack.weights())  # noqa: E731
    stack.until(status, lambda seen: seen[0] in ENDED, "deployment")
    return read()


def start_refresh(stack: Stack) -> set[str]:
    """Replace four hosts at 75 %; who is to be replaced."""
    old = {one["InstanceId"] for one in stack.instances()}
    newer = {"LaunchTemplateId": stack.template_id, "SourceVersion": "1"}
    stack.ec2.create_launch_template_version(**newer, LaunchTemplateData={"InstanceType": "t3.large"})
    stack.asg.start_instance_refresh(
        AutoScalingGroupName="hosts",
        DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": stack.template_id, "Version": "2"}},
        Preferences={"MinHealthyPercentage": 75, "MaxHealthyPercentage": 100},
    )
    return old


def refresh(stack: Stack) -> dict:
    """The newest refresh."""
    return stack.asg.describe_instance_refreshes(AutoScalingGroupName="hosts")["InstanceRefreshes"][0]


# ---- the asks


def three_releases_in_a_row(ground: Ground) -> str:
    """A second and a third blue/green release after the first, each into the other target group."""
    stack = made(ground, RELEASES)
    users, served = users_of(stack), []
    for _ in range(3):
        info = ended(stack, deploy(stack))
        require(info["status"] == "Succeeded", f"release {len(served) + 1} {info['status']}")
        served += list(stack.weights())
    require(served == ["green", "blue", "green"], f"served by {served}")
    require(users.failed == 0, f"{users.failed} of {users.sent} requests failed")
    return f"3 of 3, {users.sent} requests, none failed{again(stack)}"


def errors_at_ten_percent(ground: Ground) -> str:
    """A release that answers 500 is stopped at 10 % by the alarm, and traffic goes back by itself."""
    stack = made(ground, RELEASES)
    users = users_of(stack)
    info = ended(stack, deploy(stack, ERROR_PERCENT=100))
    code = (info.get("errorInformation") or {}).get("code")
    require((info["status"], code) == ("Stopped", "ALARM_ACTIVE"), f"{info['status']} {code or ''}")
    ended(stack, info["rollbackInfo"]["rollbackDeploymentId"])
    require(stack.weights() == {"blue": 100}, stack.weights())
    require(0 < users.failed < users.sent / 4, f"{users.failed} of {users.sent} requests failed")
    return f"taken back, {users.failed} of {users.sent} requests failed{again(stack)}"


def refresh_of_four_at_75(ground: Ground) -> str:
    """Four hosts are replaced, never fewer than three serve, and no request is lost."""
    stack = made(ground, SERVICE)
    users, fewest = users_of(stack), [4]
    old = start_refresh(stack)

    def look() -> tuple:
        fewest.append(sum(one["LifecycleState"] == "InService" for one in stack.instances()))
        return refresh(stack)["Status"], stack.instances()

    status, instances = stack.until(look, lambda seen: seen[0] in REFRESH_ENDED, "refresh")
    kept = old & {one["InstanceId"] for one in instances}
    require(status == "Successful" and not kept, f"{status}, {4 - len(kept)} of 4 replaced")
    require(min(fewest) == 3, f"{min(fewest)} in service at the least")
    require(users.failed == 0, f"{users.failed} of {users.sent} requests failed")
    stack.asked["group"]["LaunchTemplate"]["Version"] = "2"
    return f"4 of 4, 3 at the least, {users.sent} requests, none failed{again(stack)}"


def cancel_at_50(ground: Ground) -> str:
    """A refresh is cancelled half-way; half of the hosts stay replaced, the others untouched."""
    stack = made(ground, HOSTS)
    old = start_refresh(stack)
    stack.until(lambda: refresh(stack), lambda seen: seen["PercentageComplete"] >= 50, "refresh")
    stack.asg.cancel_instance_refresh(AutoScalingGroupName="hosts")
    seen = stack.until(lambda: refresh(stack), lambda seen: seen["Status"] in REFRESH_ENDED, "refresh")
    kept = len(old & {one["InstanceId"] for one in stack.instances()})
    require(seen["Status"] == "Cancelled", f"{seen['Status']}, {4 - kept} of 4 replaced")
    require(0 < kept <= 2 and len(stack.instances()) == 4, f"{4 - kept} of 4 replaced")
    return f"Cancelled, {4 - kept} of 4 replaced{again(stack)}"


def drain_under_load(ground: Ground) -> str:
    """A container instance is drained by hand while users come; its tasks move and no request is lost."""
    stack = made(ground, SERVICE)
    users = users_of(stack)
    arns = stack.ecs.list_container_instances(cluster="dev")["containerInstanceArns"]
    require(len(arns) == 4, f"{len(arns)} container instances")
    one = {"cluster": "dev", "containerInstances": arns[:1]}
    before = stack.ecs.describe_container_instances(**one)["containerInstances"][0]["runningTasksCount"]
    require(before > 0, f"{before} tasks on it")
    stack.ecs.update_container_instances_state(**one, status="DRAINING")
    running = lambda: stack.ecs.describe_container_instances(**one)["containerInstances"][0]["runningTasksCount"]  # noqa: E731
    stack.until(running, lambda n: n == 0, "tasks of the draining host")
    stack.until(stack.healthy, lambda found: len(found) == stack.tasks, "healthy targets")
    require(users.failed == 0, f"{users.failed} of {users.sent} requests failed")
    return f"{before} moved, {users.sent} requests, none failed{again(stack)}"


def three_tasks_on_one_host(ground: Ground) -> str:
    """Three tasks of one service share a host, each a target of its own port."""
    stack = made(ground, SERVICE, hosts=1, tasks=3)
    users, found = users_of(stack), stack.healthy()
    require(len(found) == 3 and len({target_id for target_id, _ in found}) == 1, f"targets {found}")
    ground.pause()
    require(users.failed == 0, f"{users.failed} of {users.sent} requests failed")
    return f"3 healthy targets of one host{again(stack)}"


def read_back(ground: Ground) -> str:
    """Everything is described as it was made."""
    stack = made(ground, RELEASES)
    return f"{len(stack.asked)} parts{again(stack)}"


def again(stack: Stack) -> str:
    """What a second plan would find after all of it."""
    found = differences(stack)
    require(not found, f"reads back differently: {'; '.join(found)}")
    return "; reads back as made"


ASKS = {
    "second and third blue/green in a row": three_releases_in_a_row,
    "500s at 10 % are taken back": errors_at_ten_percent,
    "refresh of 4 at 75 %": refresh_of_four_at_75,
    "cancel at 50 %": cancel_at_50,
    "drain under load": drain_under_load,
    "several tasks of a service on one host": three_tasks_on_one_host,
    "described as made": read_back,
}
