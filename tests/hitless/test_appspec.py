"""What CodeDeploy is told is complete, the same every time, and never less than the service has."""

import hashlib

import pytest
import yaml

from hitless import appspec
from hitless.errors import Refused

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:7"
GIVEN = {
    "task_definition_arn": ARN,
    "container_name": "app",
    "container_port": 8080,
    "capacity_provider_strategy": [{"capacityProvider": "web", "weight": 1, "base": 2}],
}


def test_an_appspec_names_revision_port_hosts_and_hooks():
    rendered = appspec.render(**GIVEN, hooks={"AfterAllowTraffic": "b", "BeforeInstall": "a"})
    assert rendered.value == {
        "version": 0.0,
        "Resources": [
            {
                "TargetService": {
                    "Type": "AWS::ECS::Service",
                    "Properties": {
                        "TaskDefinition": ARN,
                        "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080},
                        "CapacityProviderStrategy": [{"Base": 2, "CapacityProvider": "web", "Weight": 1}],
                    },
                }
            }
        ],
        "Hooks": [{"BeforeInstall": "a"}, {"AfterAllowTraffic": "b"}],
    }
    assert yaml.safe_load(rendered.content) == rendered.value


def test_the_same_values_give_the_same_bytes():
    one, two = (appspec.render(**GIVEN, hooks={e: "f" for e in order}) for order in (HOOKS, HOOKS[::-1]))
    assert one == two
    assert one.sha256 == hashlib.sha256(one.content.encode()).hexdigest()
    assert one.sha256 != appspec.render(**GIVEN).sha256


HOOKS = ("BeforeInstall", "AfterAllowTestTraffic")


def test_without_hooks_the_section_is_left_out():
    assert "Hooks" not in appspec.render(**GIVEN).value


@pytest.mark.parametrize(
    "wrong",
    [
        {"capacity_provider_strategy": []},
        {"task_definition_arn": "web:7"},
        {"task_definition_arn": ARN.removesuffix(":7")},
        {"container_port": 0},
        {"hooks": {"Install": "f"}},
        {"hooks": {"BeforeInstall": "no function"}},
    ],
    ids=repr,
)
def test_what_aws_would_refuse_or_misread_is_refused(wrong):
    with pytest.raises(Refused):
        appspec.render(**{**GIVEN, **wrong})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("CapacityProviderStrategy: <CAPACITY_PROVIDER_STRATEGY>", "", "<CAPACITY_PROVIDER_STRATEGY>"),
        ("<CONTAINER_NAME>", "app", "<CONTAINER_NAME>"),
        ("<CONTAINER_NAME>", "<CONTAINER>", "nothing fills"),
        ("<CONTAINER_NAME>", "the <CONTAINER_NAME>", "not a value of its own"),
        ("ContainerName: <CONTAINER_NAME>", "<CONTAINER_NAME>: <CONTAINER_NAME>", "not a value of its own"),
    ],
)
def test_a_template_that_lost_or_gained_a_placeholder_is_refused(tmp_path, old, new, said):
    text = appspec.TEMPLATE.read_text()
    assert old in text
    (tmp_path / "appspec.yaml").write_text(text.replace(old, new))
    with pytest.raises(Refused, match=said):
        appspec.render(**GIVEN, template=tmp_path / "appspec.yaml")
