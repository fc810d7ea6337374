"""The tables that deployments and their lifecycle events follow."""

import pytest

from awslab.machines import deployment_events as events
from awslab.machines.deployment import TRANSITIONS, Deployment, Status
from awslab.machines.deployment_events import EventStatus, LifecycleEvent

TABLES = [(TRANSITIONS, Status.CREATED), (events.TRANSITIONS, EventStatus.PENDING)]


def reachable(table, start):
    found, new = set(), {start}
    while new:
        found |= new
        new = {after for status in new for after in table[status]} - found
    return found


@pytest.mark.parametrize(("table", "start"), TABLES, ids=["deployment", "lifecycle event"])
def test_one_start_ends_without_exit_and_every_status_on_a_way_to_an_end(table, start):
    ends = {status for status, after in table.items() if not after}
    assert ends
    assert start not in {status for after in table.values() for status in after}
    assert reachable(table, start) == set(table) == set(type(start))
    assert all(reachable(table, status) & ends for status in table)


@pytest.mark.parametrize(("old", "new"), [(o, n) for o in Status for n in Status if n not in TRANSITIONS[o]])
def test_no_deployment_changes_past_its_table(old, new):
    deployment = Deployment("d-1", None, 0.0, status=old)
    with pytest.raises(AssertionError):
        deployment.move(new, 1.0)
    assert (deployment.status, deployment.completed_at) == (old, None)


@pytest.mark.parametrize(
    ("old", "new"), [(o, n) for o in EventStatus for n in EventStatus if n not in events.TRANSITIONS[o]]
)
def test_no_lifecycle_event_changes_past_its_table(old, new):
    event = LifecycleEvent("Install", old)
    with pytest.raises(AssertionError):
        event.move(new, 1.0)
    assert (event.status, event.started_at, event.ended_at) == (old, None, None)
