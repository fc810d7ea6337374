"""A load balancer in the test's own loop, without a world around it."""

import asyncio
from collections import Counter

from awslab.clock import ScaledClock
from awslab.dataplane.balancer import Balancer
from awslab.dataplane.messages import AddressChanged
from awslab.machines.events import (
    EndpointsChanged,
    ListenerBound,
    ListenerClosed,
    ListenerOpened,
    RequestsServed,
    WeightsChanged,
)
from tests.dataplane.stage import GROUP, LISTENER


class Site:
    """A load balancer in the test's own loop, with one listener, and targets that say whatever bytes a test likes."""

    def __init__(self, rate=60.0, idle_timeout_s=60.0, **options):
        self.told, self._servers, self.broken = [], [], 0
        self._idle_timeout_s, self._bound = idle_timeout_s, asyncio.Event()
        self.balancer = Balancer(
            asyncio.get_running_loop(), ScaledClock(rate, start=1e9), seed="1", tell=self._hear, **options
        )

    def _hear(self, event):
        self.told.append(event)
        if isinstance(event, ListenerBound):
            self.port = event.host_port
            self._bound.set()

    async def __aenter__(self):
        self.balancer.hear(
            ListenerOpened(
                listener_arn=LISTENER, load_balancer_arn="arn:lb", port=80, idle_timeout_s=self._idle_timeout_s
            )
        )
        self.balancer.hear(WeightsChanged(listener_arn=LISTENER, weights=((GROUP, 1),)))
        await self._bound.wait()
        return self

    async def __aexit__(self, *_):
        self.balancer.hear(ListenerClosed(listener_arn=LISTENER))
        for server in self._servers:
            server.close()

    async def target(self, serve, target_id="i-1"):
        """Route everything to a server that hands `serve` each connection as (reader, writer); its endpoint."""

        async def handle(reader, writer):
            try:
                await serve(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                self.broken += 1
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        self._servers.append(server)
        endpoint = target_id, server.sockets[0].getsockname()[1]
        self.balancer.hear(AddressChanged(target_id=target_id, port=endpoint[1], loopback_port=endpoint[1]))
        self.route(endpoint)
        return endpoint

    def route(self, *endpoints, group=GROUP):
        self.balancer.hear(EndpointsChanged(target_group_arn=group, endpoints=endpoints, registered=len(endpoints)))

    async def send(self, *pieces):
        """Everything the load balancer answers to some bytes, until it closes or has said nothing for a while."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.read()
        except ConnectionError:
            return b"reset"
        finally:
            writer.close()

    def elb_statuses(self):
        """What the load balancer answered itself, reported or not yet."""
        self.told += self.balancer._tally.take()
        served = [event for event in self.told if isinstance(event, RequestsServed)]
        return Counter(status for event in served for status, n in event.elb_statuses for _ in range(n))


def fixed(answer):
    """A target that reads a request's head and answers these bytes, once a connection."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await reader.read()

    return serve
