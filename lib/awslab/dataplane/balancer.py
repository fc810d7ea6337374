"""The load balancer: listeners, routing, connections and counts, driven by the control process's events."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from awslab.clock import ScaledClock
from awslab.dataplane import forwarding
from awslab.dataplane.answers import BAD_GATEWAY, GATEWAY_TIMEOUT
from awslab.dataplane.checks import check
from awslab.dataplane.downstream import Downstream
from awslab.dataplane.exchange import Exchange
from awslab.dataplane.messages import AddressChanged, HostGone
from awslab.dataplane.patience import LATE_S, REAL_S_MIN, within
from awslab.dataplane.routing import Router
from awslab.dataplane.syntax import Request
from awslab.dataplane.tally import NOBODY, Tally
from awslab.dataplane.target import Target
from awslab.dataplane.upstream import Upstream
from awslab.machines.events import (
    EndpointsChanged,
    HealthCheckRequested,
    IdleTimeoutChanged,
    ListenerBound,
    ListenerClosed,
    ListenerOpened,
    TargetCut,
    WeightsChanged,
)
from awslab.machines.machine import Event

HEAD_S_MAX = 8.0  # for a request's head; an ALB waits its idle timeout, a laptop should not
CONNECT_S = 10.0  # AWS: a connection to a target is given up after 10 s; lab seconds
REPORT_S = 0.25  # real seconds between two reports of what was served
SWEEP_S_MIN, SWEEP_S_MAX = 0.02, 1.0  # real seconds between two looks at who has waited too long
CLIENTS_MAX = 4096
BACKLOG = 1024


@dataclass(slots=True, eq=False)
class Listener:
    """One listening socket and the clients it let in."""

    arn: str
    port: int  # as configured
    keep_alive_s: float  # real seconds a connection may idle between requests
    idle_s: float  # real seconds an open request may stand still
    server: asyncio.Server | None = None
    clients: set[Downstream] = field(default_factory=set)


class Balancer:
    """Carries requests from listeners to targets.

    Timeouts of an open request (connect, idle) are lab time, as AWS configures them. How long a connection without a
    request is kept is real time: the clients' and targets' own keep-alive timeouts are real, and must stay on the same
    side of it as on AWS.

    Args:
        loop: Where it runs.
        clock: Lab time.
        seed: Same seed, same draws.
        tell: Takes what happened, to tell the control process.
        ports: Loopback ports to prefer for listeners, in this order; any free one when none of them is.
        head_s_max: Real seconds a client may take to send a request's head.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: ScaledClock,
        *,
        seed: str,
        tell: Callable[[Event], None],
        ports: range = range(0),
        head_s_max: float = HEAD_S_MAX,
    ) -> None:
        self.head_s_max = head_s_max
        self.loop, self._clock, self._tell, self._ports = loop, clock, tell, ports
        self.now = clock.now
        self.router = Router(seed)
        self._tally = Tally()
        self._rng = random.Random(f"{seed}:trace")
        self._listeners: dict[str, Listener] = {}
        self._leaving: set[Listener] = set()
        self._tasks: set[asyncio.Task] = set()
        self._reporting = self._sweeping = self._stood_still = False
        self._on: dict[type[Event], Callable] = {
            ListenerOpened: self._open,
            ListenerClosed: self._close,
            IdleTimeoutChanged: self._change_timeout,
            WeightsChanged: lambda event: self.router.weigh(event.listener_arn, event.weights),
            EndpointsChanged: lambda event: self.router.route(event.target_group_arn, event.endpoints),
            TargetCut: lambda event: self.router.target(event.target_id, event.port).cut(event.target_group_arn),
            HealthCheckRequested: lambda event: self._spawn(self._check(event)),
            AddressChanged: lambda event: self.router.move(event.target_id, event.port, event.loopback_port),
            HostGone: lambda event: self.router.lose_host(event.target_id),
        }

    def hear(self, event: Event) -> None:
        """Do what the control process says."""
        self._on[type(event)](event)

    # ---- for connections and exchanges

    def admit(self, client: Downstream) -> bool:
        """Take a client in, if there is room."""
        listener = client.listener
        if listener.arn not in self._listeners or len(listener.clients) >= CLIENTS_MAX:
            return False
        listener.clients.add(client)
        self._sweep_later()
        return True

    def head_for_target(self, request: Request, client: Downstream) -> bytes:
        """A request's head as the target is to see it."""
        trace_id = forwarding.trace_id(request.trace_id, self.now(), self._rng)
        return forwarding.head_for_target(request, client.address, client.listener.port, trace_id)

    def connect(self, exchange: Exchange) -> None:
        """Find the exchange a new connection to its target, or let it fail."""
        if exchange.target.loopback_port or exchange.target.host_gone:
            self._spawn(self._connect(exchange))
        else:
            exchange.fail(BAD_GATEWAY, connection_error=True)

    def count_target(self, exchange: Exchange, status: int, response_time_s: float) -> None:
        """A target's answer went through."""
        self._tally.row(_key(exchange)).answered(status, response_time_s)
        if not self._reporting:
            self._report_later()

    def count_failure(self, exchange: Exchange, status: int, connection_error: bool) -> None:
        """A request to a chosen target was not answered by it."""
        self._tally.balancer_answered(_key(exchange), status, connection_error=connection_error)
        self._report_later()

    def count_unrouted(self, listener_arn: str, status: int) -> None:
        """A request was answered before a target was chosen."""
        self._tally.balancer_answered((listener_arn, *NOBODY), status)
        self._report_later()

    # ---- connecting and checking

    def _spawn(self, coroutine) -> None:
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, exchange: Exchange) -> None:
        target = exchange.target
        try:
            upstream = await within(self.loop, self._patience_s(target, CONNECT_S), self._reach(target))
        except TimeoutError:
            exchange.fail(GATEWAY_TIMEOUT, connection_error=True)
        except OSError:
            exchange.fail(BAD_GATEWAY, connection_error=True)
        else:
            self._connected(exchange, upstream)

    async def _reach(self, target: Target) -> Upstream:
        if target.host_gone:
            await self.loop.create_future()  # nobody says no, and nobody says yes
        port = target.loopback_port
        _, upstream = await self.loop.create_connection(lambda: Upstream(self.loop, target), "127.0.0.1", port)
        return upstream

    def _connected(self, exchange: Exchange, upstream: Upstream) -> None:
        if not exchange.over:
            exchange.connected(upstream)
        else:
            upstream.idle_since = self.loop.time()
            exchange.target.keep(upstream)

    async def _check(self, event: HealthCheckRequested) -> None:
        target = self.router.target(event.target_id, event.port)
        self._tell(await check(self.loop, target, event, self._patience_s(target, event.timeout_s)))

    def _patience_s(self, target: Target, timeout_s: float) -> float:
        """A timeout in real seconds; whoever lives is left the time that a busy laptop needs."""
        scaled_s = timeout_s / self._clock.rate
        return scaled_s if target.host_gone else max(REAL_S_MIN, scaled_s)

    # ---- what the control process says

    def _open(self, event: ListenerOpened) -> None:
        listener = Listener(event.listener_arn, event.port, event.idle_timeout_s, 0.0)
        self._set_timeout(listener, event.idle_timeout_s)
        self._listeners[event.listener_arn] = listener
        self._spawn(self._listen(listener))

    async def _listen(self, listener: Listener) -> None:
        listening = self._bind()
        listener.server = await self.loop.create_server(
            lambda: Downstream(self, listener), sock=listening, backlog=BACKLOG
        )
        if listener.arn not in self._listeners:  # closed meanwhile
            listener.server.close()
            return
        self._tell(ListenerBound(listener_arn=listener.arn, host_port=listening.getsockname()[1]))

    def _bind(self) -> socket.socket:
        for port in (*self._ports, 0):
            listening = socket.socket()
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind(("127.0.0.1", port))
                listening.listen(BACKLOG)
            except OSError:
                listening.close()
                if port == 0:
                    raise
            else:
                return listening
        raise AssertionError("port 0 is always tried")

    def _close(self, event: ListenerClosed) -> None:
        listener = self._listeners.pop(event.listener_arn)
        self.router.forget_listener(event.listener_arn)
        if listener.server is not None:
            listener.server.close()
        self._leaving.add(listener)
        for client in tuple(listener.clients):
            client.close_when_idle()

    def _change_timeout(self, event: IdleTimeoutChanged) -> None:
        self._set_timeout(self._listeners[event.listener_arn], event.idle_timeout_s)

    def _set_timeout(self, listener: Listener, idle_timeout_s: float) -> None:
        listener.keep_alive_s = idle_timeout_s
        listener.idle_s = idle_timeout_s / self._clock.rate

    # ---- now and then

    def _report_later(self) -> None:
        if not self._reporting:
            self._reporting = True
            self.loop.call_later(REPORT_S, self._report)

    def _report(self) -> None:
        self._reporting = False
        for event in self._tally.take():
            self._tell(event)

    def _sweep_later(self, deadline: float = inf) -> None:
        """Sweep at this deadline, or when the first can be of what begins from now on."""
        if not self._sweeping:
            self._sweeping = True
            shortest = min([self.head_s_max, *(listener.idle_s for listener in self._listeners.values())])
            now = self.loop.time()
            wait_s = min(deadline - now, shortest)
            self._sweep_due = now + min(SWEEP_S_MAX, max(SWEEP_S_MIN, wait_s))
            self.loop.call_at(self._sweep_due, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = False
        now = self.loop.time()
        late_s = now - self._sweep_due
        self._stood_still = not self._stood_still and late_s > LATE_S
        if self._stood_still:  # what came meanwhile lies unread: judge nobody before it is read
            return self._sweep_later(now + late_s)
        self._leaving = {listener for listener in self._leaving if listener.clients}
        clients = [client for listener in (*self._listeners.values(), *self._leaving) for client in listener.clients]
        for client in clients:
            client.check_time(now)
        keep_alive_s = min((listener.keep_alive_s for listener in self._listeners.values()), default=0.0)
        idle = [upstream for target in self.router.targets for upstream in target.idle]
        for upstream in idle:
            if now - upstream.idle_since > keep_alive_s:
                upstream.transport.close()
        if clients or idle:
            deadlines = [client.deadline for client in clients]
            deadlines += [upstream.idle_since + keep_alive_s for upstream in idle]
            self._sweep_later(min(deadlines))


def _key(exchange: Exchange) -> tuple[str, str, str, int]:
    target = exchange.target
    return exchange.client.listener.arn, exchange.target_group_arn, target.target_id, target.port
