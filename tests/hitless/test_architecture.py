"""The picture shows what there is: what is read, and nothing that Terraform did not make."""

from types import SimpleNamespace

import pytest

from hitless.architecture import DRAWN, read_architecture
from hitless.architecture_chart import draw_architecture
from hitless.launch_template import read_versions
from hitless.miniature import NEWER_AMI_ID, Miniature, Settings, new_template_version
from hitless.rehearsal import Rehearsal

pytestmark = pytest.mark.live


def state(kinds):
    """As `terraform show -json` says it."""
    resources = [{"mode": "managed", "address": f"module.all.{kind}.this", "type": kind} for kind in sorted(kinds)]
    return {"values": {"root_module": {"child_modules": [{"resources": resources}]}}}


def environment(kinds=frozenset(DRAWN)):
    return SimpleNamespace(terraform=SimpleNamespace(show=lambda: state(kinds)))


@pytest.fixture(scope="module")
def service():
    with Rehearsal(seed=3) as rehearsal:
        yield Miniature(rehearsal.here, Settings())


def test_everything_is_read_and_drawn(service):
    seen = read_architecture(service.here, service.stack, environment())
    assert {zone: len(hosts) for zone, hosts in seen.zones.items()} == {"us-east-1a": 2, "us-east-1b": 2}
    assert (sum(seen.tasks.values()), seen.weights, seen.healthy) == (
        6,
        {"web-blue": 100, "web-green": 0},
        {"web-blue": 6},
    )
    assert (seen.ports, seen.modules, seen.undrawn) == ((80, 8080), {"all": len(DRAWN)}, ())
    card = draw_architecture(seen)
    assert "6 tasks on 4 hosts in 2 zones" in repr(card)
    assert card.png(50) != draw_architecture(seen, "dark").png(50)


def test_what_terraform_did_not_make_is_said(service):
    seen = read_architecture(service.here, service.stack, environment(DRAWN - {"aws_ecr_repository"}))
    assert seen.undrawn == ("aws_ecr_repository",)


def test_the_launch_templates_history_says_which_version_is_held(service):
    template_id = service.here.client("ec2").describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
    new_template_version(service.here, template_id)
    table = read_versions(service.here, service.stack)
    assert list(table["group"]) == ["held here", ""] and list(table["healthy hosts"]) == [4, 0]
    assert table.loc[2, "AMI"] == NEWER_AMI_ID
