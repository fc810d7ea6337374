"""Small servers with one habit each, on a loop in a thread of their own."""

import asyncio
import contextlib
import socket
import struct
import threading

import pytest

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-hitless-version: 7\r\nx-hitless-instance: i-7\r\n\r\nok"
REPLIES = {
    "ok": OK,
    "redirect": b"HTTP/1.1 302 -\r\nlocation: /\r\ncontent-length: 0\r\n\r\n",
    "4xx": b"HTTP/1.1 404 -\r\ncontent-length: 0\r\n\r\n",
    "5xx": b"HTTP/1.1 502 -\r\ncontent-length: 0\r\n\r\n",
    "invalid": b"SMTP ready\r\n",
    "closed": b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
}


class Server(asyncio.Protocol):
    """Answers each request by the habit of its owner."""

    def __init__(self, owner):
        self.owner = owner

    def connection_made(self, transport):
        self.transport = transport
        self.owner.connections += 1
        if self.owner.habit == "hangs up":
            transport.close()

    def data_received(self, data):
        for _ in range(data.count(b"\r\n\r\n")):
            self.owner.requests += 1
            self.owner.answer(self.transport)


class Habit:
    """A server that answers "ok", "4xx", "reset" … and can freeze."""

    def __init__(self, habit="ok"):
        self.habit, self.connections, self.requests = habit, 0, 0
        self.loop = asyncio.new_event_loop()

    def answer(self, transport):
        if self.habit == "timeout":
            return
        if self.habit == "reset":
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
            return
        transport.write(REPLIES[self.habit.removesuffix(", then closes")])
        if self.habit in ("closed", "ok, then closes"):
            transport.close()

    def freeze(self, seconds):
        """Serve nobody for a while: the loop itself is held."""
        self.loop.call_soon_threadsafe(threading.Event().wait, seconds)


@pytest.fixture(name="serving")
def _serving():
    return serving


@contextlib.contextmanager
def serving(habit="ok"):
    """Yield a server and its URL."""
    server = Habit(habit)
    thread = threading.Thread(target=server.loop.run_forever, daemon=True)
    thread.start()
    listen = server.loop.create_server(lambda: Server(server), "127.0.0.1", 0)
    listener = asyncio.run_coroutine_threadsafe(listen, server.loop).result(60)
    try:
        yield server, f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    finally:
        server.loop.call_soon_threadsafe(listener.close)
        server.loop.call_soon_threadsafe(server.loop.stop)
        thread.join(60)
        server.loop.close()
