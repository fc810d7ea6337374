"""Everything one machine can tell another, named as AWS names it.

Requests end in `Requested` (somebody wants it), facts are participles (it happened). Ids are AWS's: `i-…`, task ids
are 32 hex digits, targets are keyed by (target group ARN, target id, port) because one host registers many ports.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from awslab.machines.machine import Event
from awslab.machines.task_definitions import LoadBalancer, TaskDefinition
from awslab.machines.task_sets import ProviderShare

# ---- EC2 and Auto Scaling


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """What a launch template version resolves to; `image_by_parameter`: the image is named by a parameter's name."""

    launch_template_id: str
    launch_template_name: str
    launch_template_version: str
    image_id: str
    instance_type: str
    user_data: str = ""
    vcpus: int = 2
    memory_mib: int = 4096
    image_by_parameter: bool = False
    market: str = "on-demand"  # or "spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLaunched(Event):
    """EC2 accepted a launch; the instance is `pending`."""

    instance_id: str
    group_name: str
    availability_zone: str
    subnet_id: str
    spec: LaunchSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRunning(Event):
    """EC2 state `running`: the kernel boots, user data starts."""

    instance_id: str
    group_name: str
    availability_zone: str
    subnet_id: str
    spec: LaunchSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStateChanged(Event):
    """Auto Scaling lifecycle state changed, e.g. `Pending` to `InService`."""

    instance_id: str
    group_name: str
    old_state: str
    new_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceHealthChanged(Event):
    """Auto Scaling's view of one instance: `Healthy` or `Unhealthy`."""

    instance_id: str
    group_name: str
    health_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceDied(Event):
    """The host is gone without warning (a fault, or TerminateInstances past Auto Scaling)."""

    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotInterruptionNotified(Event):
    """EC2 will take a Spot instance back in two minutes, and says so."""

    instance_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDataStalled(Event):
    """From now on the user data of hosts that boot does not end, until it does again: a mirror that hangs."""

    stalled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityChanged(Event):
    """EC2 has, or has no, capacity left in one zone ("" for all): a fault of the place, not of the group."""

    availability_zone: str
    available: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTerminated(Event):
    """EC2 state `terminated`: everything on the host is gone."""

    instance_id: str
    group_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleActionStarted(Event):
    """An instance waits for a lifecycle hook; `transition` is autoscaling:EC2_INSTANCE_LAUNCHING or …_TERMINATING."""

    instance_id: str
    group_name: str
    hook_name: str
    transition: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleActionRequested(Event):
    """Somebody inside the lab (managed draining, user data) completes a hook: `result` CONTINUE or ABANDON."""

    instance_id: str
    hook_name: str
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleHeartbeatRequested(Event):
    """RecordLifecycleActionHeartbeat by somebody inside the lab: managed draining needs longer than one heartbeat."""

    instance_id: str
    hook_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleInProtectionRequested(Event):
    """ECS managed termination protection sets or clears scale-in protection."""

    instance_id: str
    protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityChanged(Event):
    """One scaling activity was recorded or ended."""

    group_name: str
    activity_id: str
    status_code: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshChanged(Event):
    """An instance refresh changed status or progress."""

    group_name: str
    instance_refresh_id: str
    status: str
    percentage_complete: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointReached(Event):
    """A refresh reached a checkpoint and waits `delay_s`."""

    group_name: str
    instance_refresh_id: str
    checkpoint_percent: int
    delay_s: float


# ---- ECS


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConnected(Event):
    """The ECS agent of a booted host registers with the cluster its user data names."""

    instance_id: str
    cluster_name: str
    availability_zone: str
    subnet_id: str
    group_name: str
    spec: LaunchSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerInstanceChanged(Event):
    """ECS container-instance status: REGISTERING ACTIVE DRAINING DEREGISTERING INACTIVE."""

    cluster_name: str
    instance_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChanged(Event):
    """A task's lastStatus changed."""

    cluster_name: str
    task_id: str
    service_name: str
    instance_id: str
    last_status: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEventRecorded(Event):
    """A line of DescribeServices' `events`."""

    cluster_name: str
    service_name: str
    message: str


# ---- ECS to the data plane and back. One container a task is run; `container_port` is what it listens on.


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStartRequested(Event):
    """Run the app whose content has digest `image` as a process."""

    task_id: str
    image: str
    environment: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    container_port: int
    instance_id: str
    availability_zone: str
    host_port: int = 0  # 0: an ephemeral port of the plane's choice; else TaskStarted must say this one


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted(Event):
    """The process runs and owns `host_port` (the dynamic port of its host)."""

    task_id: str
    host_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStartFailed(Event):
    """It could not be started (`CannotPullContainerError…`)."""

    task_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSignalled(Event):
    """Send SIGTERM to a task's process."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKilled(Event):
    """Send SIGKILL to a task's process (stop timeout over, or its host died)."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExited(Event):
    """The process ended; `exit_code` 137 after SIGKILL."""

    task_id: str
    exit_code: int


# ---- Elastic Load Balancing


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRegisterRequested(Event):
    """RegisterTargets for one (id, port), by ECS or by the API."""

    target_group_arn: str
    target_id: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDeregisterRequested(Event):
    """DeregisterTargets for one (id, port)."""

    target_group_arn: str
    target_id: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHealthChanged(Event):
    """DescribeTargetHealth's State: initial healthy unhealthy unused draining unavailable; gone is `unused`."""

    target_group_arn: str
    target_id: str
    port: int
    state: str
    reason: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheckRequested(Event):
    """The load balancer checks one target now; `timeout_s` is lab time."""

    quiet: ClassVar[bool] = True
    target_group_arn: str
    target_id: str
    port: int
    path: str
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecked(Event):
    """What one check saw: an HTTP `status`, or 0 with `error` (timeout, refused, reset)."""

    quiet: ClassVar[bool] = True
    target_group_arn: str
    target_id: str
    port: int
    status: int
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerOpened(Event):
    """A listener exists: `port` is the one configured (80); the data plane finds it a loopback port."""

    listener_arn: str
    load_balancer_arn: str
    port: int
    idle_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerBound(Event):
    """The data plane serves a listener on loopback port `host_port` (the configured port when it is only simulated)."""

    listener_arn: str
    host_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerClosed(Event):
    """A listener is gone."""

    listener_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsChanged(Event):
    """A listener's default action forwards to these target groups: ((target group ARN, weight 0-999), …)."""

    listener_arn: str
    weights: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsRequested(Event):
    """ModifyListener by somebody inside the lab (CodeDeploy, ECS): forward to these; `WeightsChanged` follows."""

    listener_arn: str
    weights: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTimeoutChanged(Event):
    """The load balancer of an open listener got another idle timeout."""

    listener_arn: str
    idle_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsChanged(Event):
    """The targets of one group that may get new requests now: ((target id, port), …).

    Healthy ones, or every registered one when none is healthy (fail-open). `registered` counts the group's registered
    targets: 0 means 503 for the group's share.
    """

    target_group_arn: str
    endpoints: tuple[tuple[str, int], ...]
    registered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCut(Event):
    """The deregistration delay is over: requests still open to this target end in a 5xx."""

    target_group_arn: str
    target_id: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsServed(Event):
    """What one listener did since the last report, for one target group ("" when no target was chosen).

    `statuses` counts what targets answered by status code, `elb_statuses` what the load balancer answered itself (502,
    503, 504); `response_times_s` counts the **real** seconds until a target's response headers started.
    """

    quiet: ClassVar[bool] = True
    listener_arn: str
    target_group_arn: str
    target_id: str
    port: int
    statuses: tuple[tuple[int, int], ...]
    elb_statuses: tuple[tuple[int, int], ...]
    connection_errors: int
    response_times_s: tuple[tuple[float, int], ...]


# ---- CloudWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmStateChanged(Event):
    """OK, ALARM or INSUFFICIENT_DATA."""

    alarm_name: str
    old_state: str
    new_state: str
    reason: str


# ---- CodeDeploy. It drives ECS and the load balancer as a user would, by request.


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSetRequested(Event):
    """CreateTaskSet by CodeDeploy: a replacement at 100 % beside the PRIMARY one; `external_id` is the deployment's."""

    cluster_name: str
    service_name: str
    external_id: str
    definition: TaskDefinition
    load_balancers: tuple[LoadBalancer, ...]
    provider_shares: tuple[ProviderShare, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSetDrainRequested(Event):
    """DeleteTaskSet by CodeDeploy: scale 0 and DRAINING."""

    cluster_name: str
    service_name: str
    task_set_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryTaskSetRequested(Event):
    """UpdateServicePrimaryTaskSet by CodeDeploy."""

    cluster_name: str
    service_name: str
    task_set_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentChanged(Event):
    """A CodeDeploy deployment changed status; `code` and `message` are its errorInformation, "" for none."""

    deployment_id: str
    status: str
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleEventChanged(Event):
    """One of a deployment's eight lifecycle events changed status: InProgress Succeeded Failed Skipped."""

    deployment_id: str
    lifecycle_event: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookInvoked(Event):
    """CodeDeploy invokes a Lambda function and waits for PutLifecycleEventHookExecutionStatus."""

    deployment_id: str
    hook_execution_id: str
    function_name: str
    lifecycle_event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRefused(Event):
    """Lambda could not invoke the function (`Function not found: …`); whoever runs functions says so."""

    hook_execution_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HookStatusPut(Event):
    """A function inside the lab calls PutLifecycleEventHookExecutionStatus: `status` Succeeded or Failed.

    Functions that run as processes call the API itself; this is for those that are only simulated.
    """

    deployment_id: str
    hook_execution_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionStarted(Event):
    """A Lambda function runs as a process; `request_id` names this invocation and its log."""

    function_name: str
    request_id: str


# ---- scaling


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCountRequested(Event):
    """UpdateService by Application Auto Scaling."""

    cluster_name: str
    service_name: str
    desired_count: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCapacityRequested(Event):
    """SetDesiredCapacity by a scaling policy of the group; what is outside of its bounds is brought into them."""

    group_name: str
    desired_capacity: int
    cause: str
