"""What counts as a change of the hosts: a launch template version, not an output of Terraform's."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from hitless.errors import NotReady
from hitless.host_change import plan_host_change
from hitless.hosts import launch_template_of, read_group
from hitless.miniature import NAME, make_hosts
from hitless.refresh import RefreshSettings
from hitless.rehearsal import Rehearsal
from hitless.terraform_plan import Plan, ResourceChange

pytestmark = pytest.mark.live
TEMPLATE = ResourceChange("module.compute.aws_launch_template.this", ("update",), ("image_id",))


@pytest.fixture(scope="module")
def here():
    with Rehearsal(seed=3) as rehearsal:
        make_hosts(rehearsal.here, 2)
        yield rehearsal.here


def planned(here, *changes):
    """A host change for which Terraform would change these resources, and its outputs."""
    template = Plan(Path("plan.tfplan"), "0" * 64, changes, is_empty=False)
    environment = SimpleNamespace(plan_template=lambda held, **changed: template)
    stack = SimpleNamespace(group_name=NAME)
    return plan_host_change(here, stack, environment, RefreshSettings())


def test_a_plan_of_outputs_alone_replaces_no_host(here):
    with pytest.raises(NotReady, match="nothing to replace"):
        planned(here)


def test_a_new_launch_template_version_is_what_the_refresh_asks_for(here):
    assert planned(here, TEMPLATE).version == "2"


def test_a_group_of_several_types_is_left_to_terraform(here):
    asg = here.client("autoscaling")
    own = launch_template_of(read_group(here, NAME))
    named = {"LaunchTemplateId": own["LaunchTemplateId"], "Version": own["Version"]}
    types = [{"InstanceType": name} for name in ("t3.medium", "t3a.medium")]
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": named, "Overrides": types}}
    asg.update_auto_scaling_group(AutoScalingGroupName=NAME, MixedInstancesPolicy=policy)
    assert launch_template_of(read_group(here, NAME))["Version"] == own["Version"]
    with pytest.raises(NotReady, match="several types"):
        planned(here, TEMPLATE)
