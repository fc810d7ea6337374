"""A group alone in a world: no AWS, no plane, no waiting."""

import pytest

from awslab.clock import VirtualClock
from awslab.machines.events import InstanceStateChanged, LaunchSpec
from awslab.machines.group import Group
from awslab.machines.launching import LaunchRef
from awslab.machines.preferences import Preferences
from awslab.world import World


def spec(ref: LaunchRef) -> LaunchSpec:
    return LaunchSpec(
        launch_template_id=ref.launch_template_id,
        launch_template_name="web",
        launch_template_version=ref.version,
        image_id=f"ami-{int(ref.version):08x}",
        instance_type="t3.small",
    )


class Fleet:
    """A settled group and what an operator does to it."""

    def __init__(self, desired: int, seed: int = 1) -> None:
        self.clock = VirtualClock()
        self.world = World(self.clock, seed)
        self.group = self.world.add(
            Group(
                "web",
                rng=self.world.random("group:web"),
                resolve=spec,
                subnets={"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"},
                launch=LaunchRef("lt-1", "1"),
                desired_capacity=desired,
                min_size=0,
                max_size=10 * desired + 10,
                now=self.clock.now(),
            )
        )
        self.sleep(60)

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        self.world.settle()

    def tell(self, events) -> None:
        self.world.call(lambda: self.world.tell(events))

    def start(self, version: str | None = "2", *, alarm_state=lambda _name: "OK", **preferences) -> str:
        desired = LaunchRef("lt-1", version) if version else None
        refresh_id, events = self.group.start_refresh(
            Preferences(**preferences), desired, alarm_state, now=self.world.now
        )
        self.tell(events)
        return refresh_id

    def run(self, hours: float = 24) -> str:
        """Let time pass until the refresh has ended, hour by hour."""
        for _ in range(int(hours * 60)):
            if self.group.refresh is None:
                break
            self.sleep(60)
        return str(self.group.refreshes[0].status)

    def extremes(self) -> tuple[int, int]:
        """Fewest in service, most not leaving, over the whole journal since the first refresh."""
        return extremes(self.world.journal, self.group.refreshes[-1].started_at)

    def versions(self) -> list[str]:
        return sorted(i.spec.launch_template_version for i in self.group.instances.values() if i.available)


def extremes(journal, since: float) -> tuple[int, int]:
    states: dict[str, str] = {}
    fewest, most = 10**9, 0
    at = None
    for entry in [*journal, None]:
        if entry is None or (at is not None and entry.at > at):
            if at is not None and at >= since:
                serving = sum(s == "InService" for s in states.values())
                present = sum(not s.startswith("Terminat") for s in states.values())
                fewest, most = min(fewest, serving), max(most, present)
            if entry is None:
                break
        at = entry.at
        event = entry.event
        if isinstance(event, InstanceStateChanged):
            states[event.instance_id] = event.new_state
        elif type(event).__name__ == "InstanceLaunched":
            states[event.instance_id] = "Pending"
    return fewest, most


@pytest.fixture
def fleet():
    return Fleet
