"""The next revision keeps what the running one has and every safety of the template."""

import json

import pytest

from awslab.lab import Lab
from hitless import task_definition
from hitless.errors import Refused

IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:{'a' * 64}"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/web/key"
RUNNING = {
    "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
    "family": "web",
    "executionRoleArn": "arn:aws:iam::123456789012:role/web-execution",
    "taskRoleArn": "arn:aws:iam::123456789012:role/web-task",
    "revision": 1,
    "status": "ACTIVE",
    "containerDefinitions": [
        {
            "name": "app",
            "image": f"old@sha256:{'b' * 64}",
            "cpu": 256,
            "memory": 300,
            "portMappings": [{"containerPort": 8081, "hostPort": 9000}],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
            "secrets": [{"name": "KEY", "valueFrom": PARAMETER}],
            "stopTimeout": 60,
            "user": "10001:10001",
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1"},
            },
        }
    ],
}


def running(**changed):
    return {**RUNNING, "containerDefinitions": [{**RUNNING["containerDefinitions"][0], **changed}]}


def test_the_next_revision_is_safe_whatever_the_running_one_was():
    (container,) = task_definition.render(RUNNING, IMAGE).value["containerDefinitions"]
    assert container["portMappings"] == [{"containerPort": 8081, "hostPort": 0, "protocol": "tcp"}]
    assert container["image"] == IMAGE
    assert container["readonlyRootFilesystem"] is True and container["privileged"] is False
    assert container["linuxParameters"]["capabilities"] == {"add": [], "drop": ["ALL"]}
    assert container["user"] == "10001:10001"
    assert container["logConfiguration"]["options"]["awslogs-stream-prefix"] == "app"


def test_size_roles_and_variables_are_taken_over_unless_given():
    kept = task_definition.render(RUNNING, IMAGE).value
    assert (kept["family"], kept["taskRoleArn"]) == ("web", RUNNING["taskRoleArn"])
    (container,) = kept["containerDefinitions"]
    assert (container["cpu"], container["memory"], container["stopTimeout"]) == (256, 300, 60)
    assert container["environment"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert container["secrets"] == [{"name": "KEY", "valueFrom": PARAMETER}]
    given = task_definition.render(RUNNING, IMAGE, environment={"C": "3"}, secrets={}).value["containerDefinitions"][0]
    assert given["environment"] == [{"name": "C", "value": "3"}]
    assert given["secrets"] == []


def test_rendering_what_was_rendered_changes_nothing():
    first = task_definition.render(RUNNING, IMAGE)
    assert task_definition.render(first.value, IMAGE) == first
    shuffled = running(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    assert task_definition.render(shuffled, IMAGE).sha256 == first.sha256


def test_ecs_registers_what_was_rendered_as_it_is():
    ecs = Lab().client("ecs")
    rendered = task_definition.render(running(secrets=[]), IMAGE)
    registered = ecs.register_task_definition(**rendered.value)["taskDefinition"]
    assert task_definition.render(registered, IMAGE) == rendered


@pytest.mark.parametrize(
    "image",
    [
        "web:latest",
        "web",
        f"r.example/web:1@sha256:{'a' * 64}",
        f"r.example/web:latest@sha256:{'a' * 64}",
        f"r.example/web@sha256:{'a' * 63}",
        f"r.example/web@sha512:{'a' * 64}",
        f"r.example/web@sha256:{'A' * 64}",
        f"@sha256:{'a' * 64}",
        f"r.example/web@sha256:{'a' * 64}\n",
        "",
    ],
)
def test_an_image_is_named_by_digest_alone(image):
    with pytest.raises(Refused, match="by digest"):
        task_definition.render(RUNNING, image)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"environment": {"DB_PASSWORD": "p"}}, "looks like a secret"),
        ({"environment": {"api_key": "p"}}, "looks like a secret"),
        ({"environment": {"NOT A NAME": "p"}}, "no usable name"),
        ({"secrets": {"KEY": "hunter2"}}, "not given by reference"),
        ({"environment": {"KEY": "1"}}, "a variable and a secret"),
    ],
)
def test_a_secret_is_given_by_reference_and_never_shown(given, said):
    with pytest.raises(Refused, match=said) as refused:
        task_definition.render(RUNNING, IMAGE, **given)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("user", ["0", "root", "0:0", "root:wheel", "", None])
def test_nothing_runs_as_root(user):
    with pytest.raises(Refused):
        task_definition.render(running(user=user), IMAGE)


def test_a_running_revision_without_a_log_or_with_two_containers_is_refused():
    with pytest.raises(Refused, match="LOG_GROUP, REGION"):
        task_definition.render(running(logConfiguration=None), IMAGE)
    with pytest.raises(Refused, match="one container"):
        task_definition.render({**RUNNING, "containerDefinitions": RUNNING["containerDefinitions"] * 2}, IMAGE)


def test_a_template_without_a_safety_of_its_own_placeholder_is_refused(tmp_path):
    template = json.loads(task_definition.TEMPLATE.read_text())
    template["containerDefinitions"][0]["image"] = "web:latest"
    (tmp_path / "taskdef.json").write_text(json.dumps(template))
    with pytest.raises(Refused, match="<IMAGE>"):
        task_definition.render(RUNNING, IMAGE, template=tmp_path / "taskdef.json")
