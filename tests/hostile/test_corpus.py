"""Every input of the corpus, to every door it concerns, over a real socket: none is unsafe."""

import re
import socket
from collections import Counter
from pathlib import Path

import pytest

from hitless.lab import Lab
from tests.hostile.corpus import ALL, APP, CORPUS, LAB, PROXY, SECOND

pytestmark = pytest.mark.live
KINDS = {"browser", "cors", "framing", "size", "path", "proxy", "names", "body"}
ANSWER_S = 20.0
STATUS = re.compile(rb"HTTP/[0-9.]+ (\d{3})")
CASES = [(door, name) for door in ALL for name, hostile in CORPUS.items() if door in hostile.doors]


class Heard:
    """What came back.

    Attributes:
        data: All of it.
        closed: The other side ended the connection.
    """

    def __init__(self, data, closed):
        self.data, self.closed = data, closed
        self.statuses = [int(code) for code in STATUS.findall(data)]

    @property
    def refused(self):
        """Nothing but one answer that says no; or no answer at all."""
        return len(self.statuses) <= 1 and all(400 <= status < 600 for status in self.statuses)

    def __repr__(self):
        return f"{self.statuses} {'closed' if self.closed else 'left open'} {self.data[:300]!r}"


def send(port, data, patience_s=1.0):
    """Everything that is answered, until the other side closes or says nothing more for a while."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_S) as connection:
        got = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                got += piece
                connection.settimeout(patience_s)
        except TimeoutError:
            return Heard(got, False)
        except ConnectionError:
            pass
        return Heard(got, True)


class Doors:
    """The three doors; `port_of` by name. What reached a target behind the proxy is in `reached`."""

    def __init__(self):
        self.port_of, self.reached, self.scratch = {}, [], None


@pytest.fixture(scope="module")
def doors(tmp_path_factory, proxy, app_port):
    doors = Doors()
    doors.reached = proxy.reached
    with Lab(tmp_path_factory.mktemp("lab"), rate=60, seed=1) as lab:
        doors.port_of = {PROXY: proxy.port, LAB: int(lab.endpoint_url.rpartition(":")[2]), APP: app_port}
        yield doors


def closing(data):
    """The same, and nothing will follow: else each test would wait whether something does."""
    return data if b"\r\nConnection:" in data else data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


def filled(data, port):
    return data.replace(b"{H}", b"127.0.0.1:%d" % port)


def test_the_corpus_has_every_class_and_a_reason_each():
    counts = Counter(hostile.kind for hostile in CORPUS.values())
    assert set(counts) == KINDS and len(CORPUS) >= 120 and min(counts.values()) >= 3
    assert all(hostile.why for hostile in CORPUS.values())
    assert {door for door, _ in CASES} == set(ALL)


@pytest.mark.parametrize(("door", "name"), CASES, ids=str)
def test_it_is_safe(doors, door, name):
    hostile, port = CORPUS[name], doors.port_of[door]
    before = len(doors.reached)
    data = hostile.data + SECOND if hostile.hides else closing(hostile.data)
    heard = send(port, filled(data, port))
    assert JUDGES[hostile.kind](heard, door), f"{hostile.why}: {heard!r}"
    if door == PROXY:
        assert not any(b"smuggled" in head or b"Host: evil" in head for head in doors.reached[before:])
    good = send(port, filled(b"GET /_lab/status HTTP/1.1\r\nHost: {H}\r\nConnection: close\r\n\r\n", port))
    assert good.statuses in ([200], [404]), f"afterwards others are answered as before: {good!r}"


def test_nothing_was_written_where_a_name_led():
    assert not Path("/tmp/hostile").exists()


def test_a_second_request_with_another_host_on_the_same_connection_is_refused(doors):
    port = doors.port_of[LAB]
    first = filled(b"GET /_lab/status HTTP/1.1\r\nHost: {H}\r\n\r\n", port)
    second = b"GET /_lab/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert send(port, first + second).statuses == [200, 403]


def test_a_careless_server_is_found_out(careless_port):
    """The control: the same judges, and aiohttp alone with a handler that says yes to all."""
    concerned = {name: hostile for name, hostile in CORPUS.items() if hostile.hides and LAB in hostile.doors}
    unsafe = []
    for name, hostile in concerned.items():
        heard = send(careless_port, filled(hostile.data + SECOND, careless_port), 0.05)
        if not JUDGES[hostile.kind](heard, LAB):
            unsafe.append(name)
    assert len(unsafe) >= 6, unsafe


def is_refused_and_closed(heard, _door):
    return heard.refused and heard.closed


def is_refused(heard, door):
    return heard.refused and len(heard.statuses) == 1 and (door != LAB or heard.statuses[0] < 500)


def grants_nothing(heard, _door):
    return b"access-control-allow" not in heard.data.lower()


def leaks_nothing(heard, _door):
    data = heard.data.lower()
    leaks = b"root:" in data or b"<script>alert" in data or b"\r\nset-cookie" in data or b"\x1b" in data
    return not leaks and len(heard.statuses) == 1 and heard.statuses[0] < 500


def is_answered_as_aws_would(heard, _door):
    """With a word of AWS's, never with a bug, and with nothing of it raw."""
    calm = len(heard.statuses) == 1 and heard.statuses[0] in (200, 400, 403, 404, 405, 409, 413, 501)
    return calm and b"has a bug" not in heard.data and b"\x1b" not in heard.data and b"\r\nSet-Cookie" not in heard.data


JUDGES = {
    "browser": is_refused,
    "cors": grants_nothing,
    "framing": is_refused_and_closed,
    "size": is_refused_and_closed,
    "path": leaks_nothing,
    "proxy": is_refused_and_closed,
    "names": is_answered_as_aws_would,
    "body": is_answered_as_aws_would,
}
