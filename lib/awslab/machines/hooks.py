"""Lifecycle hooks: an instance waits in `Pending:Wait` or `Terminating:Wait` until somebody says go on."""

from __future__ import annotations

import random
from dataclasses import dataclass

from awslab.machines.instances import HookWait
from awslab.machines.machine import new_uuid

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
HEARTBEAT_S = 3600.0  # PutLifecycleHook: HeartbeatTimeout 30-7200 s, default 3600
CEILING_S = 48 * 3600.0  # the global limit: 48 h or 100 heartbeats, whichever is smaller


@dataclass(slots=True)
class Hook:
    """One hook of a group."""

    name: str
    transition: str
    heartbeat_s: float = HEARTBEAT_S
    default_result: str = "ABANDON"
    notification_target_arn: str = ""
    role_arn: str = ""
    notification_metadata: str = ""

    def wait(self, rng: random.Random, now: float) -> HookWait:
        """What an instance that reaches this hook now waits for."""
        ceiling = min(CEILING_S, 100 * self.heartbeat_s)
        return HookWait(new_uuid(rng), self.transition, self.heartbeat_s, now + ceiling, self.default_result)
