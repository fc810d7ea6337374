"""A refresh of hosts that carry tasks, on the virtual clock: what users saw, and what preflight had said."""

import asyncio
import base64

import pytest
from botocore.exceptions import ClientError

from hitless.capacity import lowest_in_service
from hitless.connect import Connection
from hitless.errors import NotReady, RolledBack
from hitless.floor import true_floor
from hitless.hosts import read_hosts
from hitless.preflight import check_refresh
from hitless.refresh import RefreshSettings, plan_refresh, read_refresh, watch_refresh
from hitless.service import read_targets
from hitless.stack import read_stack
from tests.lab.conftest import BROKEN, HOOK, NEWER
from tests.lab.ecs.conftest import Stack

USER_DATA = """echo ECS_CLUSTER=dev >> /etc/ecs/ecs.config
aws autoscaling complete-lifecycle-action --lifecycle-hook-name agent-ready --lifecycle-action-result CONTINUE
"""


SETTINGS = RefreshSettings()


class LabTime:
    """The lab's virtual clock as the helpers use a clock: waiting is what moves it."""

    rate = 1.0

    def __init__(self, clock):
        self.now, self.sleep = clock.now, clock.sleep

    async def asleep(self, seconds):
        self.sleep(seconds)


class LabSession:
    """Makes in-process clients where boto3 would open sockets."""

    region_name = "us-east-1"

    def __init__(self, lab):
        self._lab = lab

    def client(self, service, **_config):
        return self._lab.client(service)


class Fleet(Stack):
    """Hosts behind a launch hook, six tasks, users at ten requests a second; operated with hitless's own verbs."""

    def __init__(self, hosts=4, **given):
        super().__init__(**given)
        self.asg.put_lifecycle_hook(AutoScalingGroupName="hosts", **{k: v for k, v in HOOK.items()})
        encoded = base64.b64encode(USER_DATA.encode()).decode()
        template = {"LaunchTemplateName": "web", "SourceVersion": "1"}
        self.ec2.create_launch_template_version(**template, LaunchTemplateData={"UserData": encoded})
        self.asg.update_auto_scaling_group(
            AutoScalingGroupName="hosts",
            DesiredCapacity=hosts,
            LaunchTemplate={"LaunchTemplateName": "web", "Version": "2"},
        )
        self.sleep(200)  # tasks spread over hosts that are there; one without any would be scaled in
        self.create(desired=6)
        self.sleep(200)
        self.here = Connection(LabSession(self.lab), LabTime(self.lab.clock), "123456789012", "us-east-1")
        self.stack = read_stack(self.here, "dev", "web")
        self.send(10)
        self.sleep(30)

    def version_of(self, image_id):
        template = {"LaunchTemplateName": "web", "SourceVersion": "2"}
        made = self.ec2.create_launch_template_version(**template, LaunchTemplateData={"ImageId": image_id})
        return str(made["LaunchTemplateVersion"]["VersionNumber"])

    def replace_hosts(self, image_id=NEWER, settings=SETTINGS):
        before = read_hosts(self.here, self.stack)
        began = self.here.clock.now()
        plan = plan_refresh("hosts", before.launch_template_id, self.version_of(image_id), settings)
        refresh_id = plan.run(self.here, dry_run=False, say=str)["refresh"]["InstanceRefreshId"]
        serving = {host.instance_id for host in before.hosts}
        look = lambda: read_refresh(self.here, "hosts", refresh_id)  # noqa: E731
        try:
            return asyncio.run(watch_refresh(self.here, "hosts", look, usually_s=600, say=str))
        finally:
            self.sleep(120)
            self.lowest = lowest_in_service(self.here, "hosts", began, serving)
            self.gone = serving - {host.instance_id for host in read_hosts(self.here, self.stack).hosts}

    def sent(self):
        return self.plane.tally(self.listener_arn).sent


@pytest.fixture
def fleet():
    fleets = []

    def make(**given):
        fleets.append(Fleet(**given))
        return fleets[-1]

    yield make
    for one in fleets:
        one.lab.close()


def test_every_host_is_replaced_and_no_request_is_lost(fleet):
    f = fleet()
    check_refresh(f.here, f.stack, SETTINGS).require()
    f.replace_hosts()
    assert (f.failed_requests(), len(f.gone), f.lowest) == (0, 4, 4)
    assert f.sent() >= 3000
    assert {target.state for target in read_targets(f.here, f.stack)} == {"healthy"}
    assert {host.image_id for host in read_hosts(f.here, f.stack).hosts} == {NEWER}


def test_without_draining_the_same_refresh_loses_requests_and_preflight_said_so(fleet):
    f = fleet(managed_draining="DISABLED")
    with pytest.raises(NotReady, match="managed draining"):
        check_refresh(f.here, f.stack, SETTINGS).require()
    f.replace_hosts()
    assert f.failed_requests() > 0


def test_two_hosts_at_ninety_percent_without_a_maximum_go_to_one_as_preflight_said(fleet):
    f = fleet(hosts=2)
    settings = RefreshSettings(90, None)
    with pytest.raises(NotReady, match="50 %, at worst 1 of 2"):
        check_refresh(f.here, f.stack, settings).require()
    f.replace_hosts(settings=settings)
    assert f.lowest == true_floor(2, 90, None).fewest == 1


def test_an_ami_that_never_joins_is_rolled_back_after_an_hour_and_the_old_hosts_serve_on(fleet):
    f = fleet()
    with pytest.raises(RolledBack, match="the old hosts serve"):
        f.replace_hosts(BROKEN)
    assert (f.failed_requests(), f.gone, f.lowest) == (0, set(), 4)
    assert f.sent() > 10 * 3600


def test_preflight_refuses_a_second_refresh(fleet):
    f = fleet()
    plan_refresh("hosts", read_hosts(f.here, f.stack).launch_template_id, f.version_of(NEWER), SETTINGS).run(
        f.here, dry_run=False, say=str
    )
    with pytest.raises(NotReady, match="no other refresh"):
        check_refresh(f.here, f.stack, SETTINGS).require()


def test_a_dry_run_changes_nothing(fleet):
    f = fleet()
    before = len(f.lab.world.journal)
    plan = plan_refresh("hosts", "lt-none", "9", SETTINGS)
    assert plan.run(f.here, dry_run=True, say=str) == {}
    assert len(f.lab.world.journal) == before


@pytest.mark.parametrize("after_s", [0, 200])
def test_a_refresh_is_turned_round_once_however_young_it_is(hosts, after_s):
    fleet = hosts(2)
    fleet.start(fleet.new_version("ami-0a10000000000ec52"))
    fleet.sleep(after_s)
    fleet.asg.rollback_instance_refresh(AutoScalingGroupName="web")
    with pytest.raises(ClientError, match="IrreversibleInstanceRefresh"):
        fleet.asg.rollback_instance_refresh(AutoScalingGroupName="web")
    ended = fleet.ended()
    assert ended["Status"] == "RollbackSuccessful" and ended["StartTime"] <= ended["EndTime"]
    assert fleet.images() == ["ami-0a10000000000ec51"] * 2
