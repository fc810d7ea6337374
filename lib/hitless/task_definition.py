"""The task definition of a release, from `codedeploy/taskdef.template.json` and what the service runs now.

The template holds what keeps a host safe and two releases side by side: dynamic ports, no root, nothing writable, no
capabilities, logs that never block. What differs between environments is taken over from the revision that runs; what
differs between releases is the image, and perhaps its variables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from hitless.errors import Refused
from hitless.template import Rendered, fill

TEMPLATE = Path("codedeploy/taskdef.template.json")
REPOSITORY = r"[a-z0-9][a-z0-9.-]*(:\d+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"
IMAGE = re.compile(REPOSITORY + r"@sha256:[0-9a-f]{64}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SECRET_NAME = re.compile(r"PASSW|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY", re.IGNORECASE)
SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:(secretsmanager:[a-z0-9-]+:\d{12}:secret:|ssm:[a-z0-9-]+:\d{12}:parameter/)\S+"
)
ROOT = ("", "0", "root")


def render(
    running: Mapping[str, object],
    image: str,
    *,
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    template: Path | str = TEMPLATE,
) -> Rendered:
    """Make the next revision of a service's task definition.

    Args:
        running: `taskDefinition` of DescribeTaskDefinition: the revision the service runs. Family, roles, size, user,
            port, stop timeout and log are taken over from it.
        image: `repository@sha256:…`, without a tag.
        environment: Variables by name; those of `running` by default. Anybody who may describe tasks reads them.
        secrets: {variable: ARN in Secrets Manager or Parameter Store}; those of `running` by default.
        template: The task definition's file.

    Returns:
        The arguments of RegisterTaskDefinition as JSON, and its SHA-256.

    Raises:
        Refused: The image is not named by digest alone, a variable looks like a secret, a secret is no reference, the
            user would be root, the log's settings are missing, or the template has lost a placeholder or got an
            unknown one.
    """
    container = _container(running)
    variables = _given(environment, container.get("environment"), "value")
    references = _given(secrets, container.get("secrets"), "valueFrom")
    _check_image(image)
    _check_variables(variables, references)
    values = {
        **_taken_over(running, container),
        "IMAGE": image,
        "ENVIRONMENT": [{"name": name, "value": variables[name]} for name in sorted(variables)],
        "SECRETS": [{"name": name, "valueFrom": references[name]} for name in sorted(references)],
    }
    text = Path(template).read_text()
    return Rendered.of(fill("The task definition", json.loads(text), values))


def _container(running: Mapping[str, object]) -> Mapping:
    containers = running["containerDefinitions"]
    if len(containers) != 1:
        seen = {"containers": ", ".join(each["name"] for each in containers)}
        raise Refused("The template has one container, the running revision has not.", seen=seen)
    return containers[0]


def _taken_over(running: Mapping[str, object], container: Mapping) -> dict[str, object]:
    log = (container.get("logConfiguration") or {}).get("options") or {}
    ports = container.get("portMappings") or [{}]
    taken = {
        "FAMILY": running.get("family"),
        "EXECUTION_ROLE_ARN": running.get("executionRoleArn"),
        "TASK_ROLE_ARN": running.get("taskRoleArn"),
        "CONTAINER_NAME": container.get("name"),
        "CPU_UNITS": container.get("cpu"),
        "MEMORY_MIB": container.get("memory"),
        "CONTAINER_PORT": ports[0].get("containerPort"),
        "STOP_TIMEOUT_S": container.get("stopTimeout"),
        "USER": container.get("user"),
        "LOG_GROUP": log.get("awslogs-group"),
        "REGION": log.get("awslogs-region"),
    }
    if missing := [name for name, value in taken.items() if value is None]:
        seen = {"revision": running.get("taskDefinitionArn", ""), "missing": ", ".join(missing)}
        raise Refused("The running revision does not say what the next one needs.", seen=seen)
    if str(taken["USER"]).partition(":")[0] in ROOT:
        do = "give the container a user that is not root in terraform/modules/ecs_service"
        raise Refused("The container would run as root.", seen={"user": taken["USER"]}, do=do)
    return taken


def _given(given: Mapping[str, str] | None, had: list[dict] | None, field: str) -> dict[str, str]:
    return {each["name"]: each[field] for each in had or ()} if given is None else dict(given)


def _check_image(image: str) -> None:
    if not IMAGE.fullmatch(image):
        raise Refused(
            "A release names its image by digest alone: a tag can be moved, `latest` always is.",
            seen={"given": image, "wanted": "repository@sha256:<64 hex digits>"},
            do="use what hitless.images.push answers",
        )


def _check_variables(variables: Mapping[str, str], references: Mapping[str, str]) -> None:
    if bad := [name for name in (*variables, *references) if not VARIABLE.fullmatch(name)]:
        raise Refused("An environment variable has no usable name.", seen={"name": repr(bad[0])})
    if bad := sorted(name for name in variables if SECRET_NAME.search(name)):
        raise Refused(
            "A variable looks like a secret, and anybody who may describe tasks could read it.",
            seen={"variable": ", ".join(bad)},
            do="keep it in Secrets Manager or Parameter Store and give its ARN in `secrets`",
        )
    if bad := sorted(name for name, arn in references.items() if not SECRET_ARN.fullmatch(arn)):
        seen = {"secret": ", ".join(bad)}  # not the value: it may be the secret itself
        raise Refused("A secret is not given by reference.", seen=seen, do="give its ARN")
    if both := sorted(variables.keys() & references.keys()):
        raise Refused("A name is a variable and a secret.", seen={"name": ", ".join(both)})
