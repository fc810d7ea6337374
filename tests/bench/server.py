"""A server in a process of its own that answers at once, and freezes when it is told to."""

import asyncio
import contextlib
import multiprocessing
import time

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Target(asyncio.Protocol):
    """Answers each request as soon as its head is there."""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._transport.write(ANSWER * data.count(b"\r\n\r\n"))


def serve(link) -> None:
    """Answer until the link says no more; a number on it freezes the server for as many seconds."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Target, "127.0.0.1", 0)
        link.send(server.sockets[0].getsockname()[1])
        while (told := await asyncio.to_thread(link.recv)) is not None:
            time.sleep(told)  # noqa: ASYNC251 - that nothing is answered meanwhile is the point
        server.close()

    uvloop.run(run())


@contextlib.contextmanager
def server():
    """Yield the port of a server and its link."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send(None)
        process.join(5)
