"""From AWS's parameters to what the ECS machines understand, refusing what the lab does not imitate."""

from __future__ import annotations

from awslab.faces.inventory import AwsError
from awslab.machines.placement import ZONE, Rules, Strategy
from awslab.machines.task_definitions import (
    STOP_TIMEOUT_S,
    ContainerDefinition,
    LoadBalancer,
    PortMapping,
    TaskDefinition,
)
from awslab.machines.task_sets import ProviderShare

STRATEGIES_MAX = 5  # AWS: placement strategy rules of a service
NETWORK_MODES = ("bridge", "host", "none", None)
UNKNOWN_TO_A_CONTAINER = ("environmentFiles",)


def invalid(message: str) -> AwsError:
    """InvalidParameterException."""
    return AwsError("InvalidParameterException", message)


def read_definition(stored) -> TaskDefinition:
    """One revision, as moto keeps it."""
    if len(stored.container_definitions) != 1:
        raise invalid(f"The lab runs one container a task; {stored.family}:{stored.revision} has several.")
    if stored.network_mode not in NETWORK_MODES:
        raise invalid(f"The lab does not imitate network mode {stored.network_mode}; use bridge.")
    (container,) = stored.container_definitions
    memory = container.get("memoryReservation") or container.get("memory") or 0
    return TaskDefinition(
        arn=stored.arn,
        family=stored.family,
        revision=stored.revision,
        cpu_units=_units(stored.cpu, "vcpu") or int(container.get("cpu") or 0),
        memory_mib=_units(stored.memory, "gb") or int(memory),
        container=_container(container, stored.network_mode),
    )


def find_definition(families: dict, name: str) -> TaskDefinition:
    """An active revision, by family, family:revision or ARN; `families` as moto keeps them."""
    family, _, revision = name.rsplit("/", 1)[-1].partition(":")
    revisions = families.get(family) or {}
    active = [number for number, stored in revisions.items() if stored.status == "ACTIVE"]
    number = int(revision) if revision.isdigit() else max(active, default=0)
    if number not in revisions:
        raise AwsError("ClientException", "TaskDefinition not found.")
    if number not in active:
        raise AwsError("ClientException", "TaskDefinition is inactive")
    return read_definition(revisions[number])


def _container(given: dict, network_mode: str | None) -> ContainerDefinition:
    for field in UNKNOWN_TO_A_CONTAINER:
        if given.get(field):
            raise invalid(f"The lab does not imitate {field} of a container definition.")
    timeout = given.get("stopTimeout")
    return ContainerDefinition(
        name=given["name"],
        image=given["image"],
        environment=environment(given.get("environment")),
        secrets=tuple((each["name"], each["valueFrom"]) for each in given.get("secrets") or ()),
        command=(*(given.get("entryPoint") or ()), *(given.get("command") or ())),
        ports=tuple(_port(port, network_mode) for port in given.get("portMappings") or ()),
        stop_timeout_s=STOP_TIMEOUT_S if timeout is None else float(timeout),
    )


def _port(given: dict, network_mode: str | None) -> PortMapping:
    port = int(given["containerPort"])
    host = port if network_mode == "host" else int(given.get("hostPort") or 0)
    return PortMapping(port, host, given.get("protocol") or "tcp")


def environment(pairs: list[dict] | None) -> tuple[tuple[str, str], ...]:
    """[{name, value}, …] as pairs."""
    return tuple((pair["name"], pair.get("value", "")) for pair in pairs or ())


def _units(given: str | None, unit: str) -> int:
    """Task-level cpu or memory: `256`, `.25 vCPU`, `512`, `0.5GB`; 0 when absent."""
    text = (given or "0").lower().replace(" ", "")
    return int(float(text.removesuffix(unit)) * 1024) if text.endswith(unit) else int(text)


def read_load_balancers(given: list[dict] | None, definition: TaskDefinition) -> tuple[LoadBalancer, ...]:
    """A service's loadBalancers, each naming a container port of the definition."""
    balancers = []
    for one in given or ():
        if not one.get("targetGroupArn"):
            raise invalid("The lab does not imitate Classic Load Balancers; name a targetGroupArn.")
        if one.get("advancedConfiguration"):
            raise invalid("The lab does not imitate the ECS controller's own blue/green deployments.")
        name, port = one.get("containerName", ""), int(one.get("containerPort") or 0)
        if name != definition.container.name:
            raise invalid(f"The container {name} does not exist in the task definition.")
        if port not in [mapping.container_port for mapping in definition.container.ports]:
            raise invalid(f"The container {name} did not have a container port {port} defined.")
        balancers.append(LoadBalancer(one["targetGroupArn"], name, port))
    return tuple(balancers)


def read_shares(given: list[dict] | None, known: set[str]) -> tuple[ProviderShare, ...]:
    """A capacityProviderStrategy; `known` are the capacity providers of the cluster."""
    shares = tuple(
        ProviderShare(one["capacityProvider"], int(one.get("weight") or 0), int(one.get("base") or 0))
        for one in given or ()
    )
    for share in shares:
        if share.name not in known:
            raise invalid(f"The capacity provider {share.name} is not associated with the cluster.")
    if shares and not any(share.weight for share in shares):
        raise invalid("At least one capacity provider of a strategy must have a weight greater than 0.")
    if sum(share.base > 0 for share in shares) > 1:
        raise invalid("Only one capacity provider of a strategy can have a base defined.")
    return shares


def read_rules(strategies: list[dict] | None, constraints: list[dict] | None) -> Rules:
    """Placement strategies and constraints of a service or RunTask."""
    if len(strategies or ()) > STRATEGIES_MAX:
        raise invalid(f"Placement strategies cannot have more than {STRATEGIES_MAX} elements.")
    for constraint in constraints or ():
        if constraint.get("type") != "distinctInstance":
            raise invalid(f"The lab does not imitate the placement constraint {constraint.get('type')}.")
    distinct = bool(constraints)
    if not strategies:
        return Rules(distinct_instance=distinct)
    return Rules(tuple(_strategy(one) for one in strategies), distinct)


def _strategy(given: dict) -> Strategy:
    kind, field = given.get("type"), given.get("field") or ""
    if kind == "random":
        return Strategy("random")
    if kind == "binpack" and field.lower() in ("cpu", "memory"):
        return Strategy("binpack", field.lower())
    if kind == "spread":
        field = field or ZONE
        if field in ("instanceId", "host") or field.startswith("attribute:"):
            return Strategy("spread", field)
    raise invalid(f"Placement strategy {kind} does not take the field {field}.")
