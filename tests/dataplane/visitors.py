"""Clients that see what the load balancer answers."""

import asyncio
import json
from collections import Counter


async def get(port, path="/", head=b"", host=b"localhost"):
    """One request on a connection of its own: (status, headers, body)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n%b\r\n" % (path.encode(), host, head))
        answer = await reader.read()
    finally:
        writer.close()
    top, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = top.split(b"\r\n")
    headers = {name.lower().decode(): value.strip().decode() for name, _, value in (f.partition(b":") for f in fields)}
    return int(line.split()[1]) if line else 0, headers, body


class Loader:
    """Closed-loop clients that ask again and again on connections of their own, and count what they see."""

    def __init__(self, port, clients=8, path="/"):
        self.port, self.path, self.seen = port, path, Counter()
        self._go, self._clients, self._news = True, clients, asyncio.Event()

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._clients)]
        return self

    async def __aexit__(self, *_):
        self._go = False
        await asyncio.gather(*self._tasks)

    async def _run(self):
        while self._go:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                await self._ask(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.seen["broken"] += 1
            finally:
                writer.close()

    async def _ask(self, reader, writer):
        while self._go:
            writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % self.path.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(f[15:]) for f in head.split(b"\r\n") if f.lower().startswith(b"content-length:"))
            body = await reader.readexactly(length)
            status = int(head[9:12])
            self.seen[status] += 1
            self._news.set()
            if status == 200:
                self.seen[f"version {json.loads(body)['version']}"] += 1

    async def until(self, count):
        """Wait until `count` requests more were answered 200."""
        goal = self.seen[200] + count
        async with asyncio.timeout(30):
            while self.seen[200] < goal:
                self._news.clear()
                await self._news.wait()
