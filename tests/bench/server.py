"""A server in a process of its own that answers at once or after a while, and freezes when it is told to."""

import asyncio
import contextlib
import multiprocessing
import time

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Target(asyncio.Protocol):
    """Answers each request `answer_s` after its head is there."""

    def __init__(self, answer_s: float) -> None:
        self._answer_s = answer_s

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        answer = ANSWER * data.count(b"\r\n\r\n")
        if self._answer_s:
            asyncio.get_running_loop().call_later(self._answer_s, self._transport.write, answer)
        else:
            self._transport.write(answer)


def serve(link, answer_s: float) -> None:
    """Answer until the link says no more; a number on it freezes the server for as many seconds, and it says when."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Target(answer_s), "127.0.0.1", 0)
        link.send(server.sockets[0].getsockname()[1])
        while (told := await asyncio.to_thread(link.recv)) is not None:
            began = time.monotonic()
            time.sleep(told)  # noqa: ASYNC251 - that nothing is answered meanwhile is the point
            link.send((began, time.monotonic()))
        server.close()

    uvloop.run(run())


@contextlib.contextmanager
def server(answer_s: float = 0.0):
    """Yield the port of a server and its link."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, answer_s), daemon=True)
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send(None)
        process.join(5)
