"""What a connection of the probe makes of the bytes that come: no server, no loop."""

import math
import socket

import pytest

from hitless.connection import Connection
from hitless.exchange import Exchange, Target

USUAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BROKEN_HEAD = f"HTTP/1.1 500 Broken\r\nContent-Length: {len(USUAL)}\r\n\r\n".encode()
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


class Transport:
    """Takes what is written until it is closed."""

    def __init__(self, a_socket):
        self._socket, self._is_closed = a_socket, False

    def get_extra_info(self, name):
        return {"socket": self._socket}[name]

    def write(self, _data):
        assert not self._is_closed

    def is_closing(self):
        return self._is_closed

    def close(self):
        self._is_closed = True

    abort = close


@pytest.fixture
def hear():
    """Ask once more, on the same connection if it is kept, and hear pieces; returns what was told of that request."""
    told = []
    exchange = Exchange(Target.from_url("http://h/"), 5.0, lambda *outcome: told.append(outcome))
    made = Connection(exchange, 0.0, 0.0)
    made._made_at = math.inf  # never too old
    exchange.idle.append(made)

    def hear(*pieces):
        told.clear()
        exchange.send(1.0, 1.0)
        for piece in pieces:
            made.data_received(piece)
        (outcome,) = told
        return outcome[3], bool(exchange.idle)

    with socket.socket() as a_socket:
        made.connection_made(Transport(a_socket))
        yield hear


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ([USUAL], ("", True)),
        ([USUAL[:20], USUAL[20:]], ("", True)),
        ([BROKEN_HEAD + USUAL], ("5xx", True)),
        ([BROKEN_HEAD, USUAL], ("5xx", True)),
        ([LAST], ("", False)),
        ([USUAL + USUAL], ("", False)),
        ([b"SSH-2.0-x"], ("invalid", False)),
    ],
    ids=["usual", "in pieces", "5xx", "5xx whose body is the usual answer", "the last", "two for one", "no HTTP"],
)
def test_an_answer_is_the_same_whatever_came_before_it(hear, pieces, outcome):
    for _ in range(2):
        assert hear(USUAL) == ("", True)
    assert hear(*pieces) == outcome
