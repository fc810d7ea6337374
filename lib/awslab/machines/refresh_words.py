"""What AWS says an instance refresh waits for."""

from __future__ import annotations

from awslab.machines.turnover import Turnover


def waiting_for(turnover: Turnover) -> str:
    """StatusReason; empty when it waits for nothing but capacity."""
    if turnover.warming:
        one = next(iter(turnover.warming))
        return f"Waiting for instances to warm up before continuing. For example: {one} is warming up."
    if turnover.held and not turnover.anybody_free:
        stuck = next(iter(turnover.held.values()))
        held = "protected. Remove instance scale-in protection" if stuck.protected else "in Standby. Exit it"
        return (
            f"Waiting for remaining instances to be available. For example: {stuck.instance_id} is {held} to continue."
        )
    return ""
