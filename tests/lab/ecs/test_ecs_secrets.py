"""A task gets its secrets when it starts, or does not start and says why."""

import pytest

from awslab.machines.events import TaskStartRequested
from awslab.machines.machine import Machine

ROLE = "arn:aws:iam::123456789012:role/execution"
MISSING = "arn:aws:secretsmanager:us-east-1:123456789012:secret:none-AbCdEf"


class Ear(Machine):
    """Hears what tasks are started with."""

    name, hears = "ear", (TaskStartRequested,)

    def __init__(self):
        self.keys = []

    def on_event(self, event, now):
        self.keys.append(dict(event.environment).get("KEY"))
        return ()


@pytest.fixture
def start(stack):
    """Run a service whose container asks for one secret; what its tasks were started with, and the tasks."""
    ear = stack.lab.world.add(Ear())

    def run(reference):
        definition = stack.register()
        stack.ecs.deregister_task_definition(taskDefinition=definition)
        container = stack.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        container = container["containerDefinitions"][0] | {"secrets": [{"name": "KEY", "valueFrom": reference}]}
        stack.ecs.register_task_definition(
            family="web", networkMode="bridge", executionRoleArn=ROLE, containerDefinitions=[container]
        )
        stack.create(desired=1)
        stack.sleep(60)
        return ear.keys, [*stack.tasks(), *stack.tasks(desiredStatus="STOPPED")]

    return run


@pytest.mark.parametrize("by", ["name", "arn"])
def test_a_parameter(stack, start, by):
    ssm = stack.lab.client("ssm")
    ssm.put_parameter(Name="/web/key", Value="hush", Type="SecureString")
    arn = ssm.get_parameter(Name="/web/key")["Parameter"]["ARN"]
    started, _ = start("/web/key" if by == "name" else arn)
    assert started == ["hush"]


def test_a_secret_or_one_key_of_it(stack, start):
    arn = stack.lab.client("secretsmanager").create_secret(Name="web", SecretString='{"k": "hush"}')["ARN"]
    started, _ = start(f"{arn}:k::")
    assert started == ["hush"]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("/none", "Fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: /none"),
        (
            MISSING,
            f"Fetching secret data from AWS Secrets Manager in region us-east-1: secret {MISSING}: "
            "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        ),
    ],
)
def test_a_missing_one_keeps_the_task_from_starting(start, reference, reason):
    started, tasks = start(reference)
    assert started == [] and tasks
    assert {(task["stopCode"], task["stoppedReason"]) for task in tasks if "stopCode" in task} == {
        ("TaskFailedToStart", reason)
    }


def test_secrets_need_an_execution_role(stack, refused):
    code, message = refused(stack.register, secrets=[{"name": "KEY", "valueFrom": "/web/key"}])
    assert code == "ClientException" and "executionRoleArn" in message
