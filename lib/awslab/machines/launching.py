"""What an Auto Scaling group launches next, and in which zone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from awslab.machines.events import LaunchSpec
from awslab.machines.machine import Event

RETRY_S = 60.0  # between attempts to launch; AWS backs off, times not documented


@dataclass(frozen=True, slots=True)
class LaunchRef:
    """The launch template a group names: version is a number, `$Latest` or `$Default`; a type overrides its own."""

    launch_template_id: str
    version: str
    instance_type: str = ""


class LaunchRefused(Exception):
    """EC2 would refuse the launch: `code` and message are EC2's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Launching:
    """The part of a group that launches; the rest of it says how many."""

    @property
    def image_by_parameter(self) -> bool:
        """Its own launch template names its image by a parameter; one that is not there any more names nothing."""
        try:
            return self._resolve(self.launch).image_by_parameter
        except LaunchRefused:
            return False

    def launch_some(self, count: int, now: float) -> list[Event]:
        """Launch that many now, or as many as EC2 lets, and try again later."""
        retry_at = self.timers.at("retry")
        if retry_at is not None and retry_at > now:
            return []
        events: list[Event] = []
        for _ in range(count):
            try:
                events += self._launch_one(now)
            except LaunchRefused as refused:
                return [*events, self._launch_failed(refused, now)]
        return events

    def next_spec(self) -> LaunchSpec:
        """What the next instance will be.

        Raises:
            LaunchRefused: EC2 would not launch it.
        """
        applies = self.refresh is not None and self.refresh.applies_desired
        ref = self.refresh.desired if applies else self.launch
        if self.mix is None:
            return self._resolve(ref)
        there = [one.spec for one in self.roll.counted.values()]
        market = self.mix.next_market(there)
        return replace(self._resolve(replace(ref, instance_type=self.mix.next_type(market, there))), market=market)

    def _launch_one(self, now: float) -> list[Event]:
        spec = self.next_spec()
        subnet_id, zone = self._emptiest_zone(spec)
        cause = f"a difference between desired and actual capacity, group {self.name}"
        return self._members.launch(spec, subnet_id, zone, cause, self.new_instances_protected, now)

    def _emptiest_zone(self, spec: LaunchSpec) -> tuple[str, str]:
        """Where the fewest are; of equals, where the fewest of this kind are, so that a refresh ends spread as well."""
        open_zones = [(s, z) for s, z in self.subnets.items() if z not in self._zones_without_capacity]
        if not open_zones:
            raise LaunchRefused(
                "InsufficientInstanceCapacity",
                "We currently do not have sufficient capacity in the Availability Zone you requested. "
                "Our system will be working on provisioning additional capacity. Launching EC2 instance failed.",
            )
        roll = self.roll
        return min(open_zones, key=lambda place: (roll.by_zone[place[1]], roll.by_kind[place[1], spec]))

    def _launch_failed(self, refused: LaunchRefused, now: float) -> Event:
        self.timers.set("retry", now + RETRY_S)
        activity = self.activities.start("Launching a new EC2 instance", "a difference in capacity", now)
        return self.activities.end(activity.activity_id, now, "Failed", f"{refused}")
