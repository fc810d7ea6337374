"""One simulated process of a task, and the hosts' dynamic ports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from awslab.dataplane.behaviour import Behaviour

REQUEST_CPU_S = 0.0005  # what one answer costs of one vCPU; about what the app needs for it, a choice of the lab
PORT_MIN, PORT_MAX = 32768, 60999  # Linux's ip_local_port_range, from which Docker gives dynamic host ports


class Life(StrEnum):
    """Of a process."""

    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    EXITED = "exited"


TRANSITIONS: dict[Life, tuple[Life, ...]] = {
    Life.STARTING: (Life.RUNNING, Life.EXITED),
    Life.RUNNING: (Life.DRAINING, Life.EXITED),
    Life.DRAINING: (Life.EXITED,),
    Life.EXITED: (),
}


@dataclass(slots=True)
class SimulatedTask:
    """A process, from the request to start it until it ended."""

    task_id: str
    instance_id: str
    host_port: int
    behaviour: Behaviour
    life: Life = Life.STARTING
    started_at: float = 0.0
    drains_until: float = 0.0
    last_request_at: float = 0.0
    error_credit: float = 0.0
    answered: int = 0

    @property
    def answers(self) -> bool:
        """It takes connections; while it drains as well, because stragglers come (D2)."""
        return self.life in (Life.RUNNING, Life.DRAINING)

    def healthy(self, now: float) -> bool:
        """`/healthz` answers 200."""
        return now - self.started_at < self.behaviour.fail_health_after_s

    def answer(self, count: int, now: float, listener_port: int) -> int:
        """Answer so many by a listener on this port; how many of them are a 500, exact in the long run."""
        self.answered += count
        self.error_credit += count * self.behaviour.error_percent_at(now - self.started_at, listener_port) / 100
        errors = int(self.error_credit + 1e-9)
        self.error_credit -= errors
        return errors

    @property
    def cpu_s(self) -> float:
        """CPU time it has used."""
        return self.answered * REQUEST_CPU_S

    def move(self, life: Life) -> None:
        """Change state; an illegal change is a bug in the plane and changes nothing."""
        assert life in TRANSITIONS[self.life], f"{self.task_id}: {self.life} -> {life}"
        self.life = life


class Ports:
    """Dynamic host ports: upwards from 32768 on each host, round again when they run out."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._used: dict[str, set[int]] = {}

    def next(self, instance_id: str) -> int:
        """The dynamic port a host would give now."""
        used, port = self._used.setdefault(instance_id, set()), self._next.get(instance_id, PORT_MIN)
        assert len(used) <= PORT_MAX - PORT_MIN, f"{instance_id} has no free port"
        while port in used:
            port = _after(port)
        return port

    def refusal(self, instance_id: str, port: int) -> str:
        """Why a container can't have this port, in Docker's words; "" when it can."""
        if port not in self._used.get(instance_id, ()):
            return ""
        return f"CannotStartContainerError: Bind for 0.0.0.0:{port} failed: port is already allocated"

    def take(self, instance_id: str, port: int) -> None:
        """The port is in use from now on."""
        self._used.setdefault(instance_id, set()).add(port)
        if PORT_MIN <= port <= PORT_MAX:
            self._next[instance_id] = _after(port)

    def give_back(self, instance_id: str, port: int) -> None:
        """The port is free again."""
        self._used[instance_id].discard(port)


def _after(port: int) -> int:
    return port + 1 if port < PORT_MAX else PORT_MIN
