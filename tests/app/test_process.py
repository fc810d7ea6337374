import signal

import pytest

pytestmark = pytest.mark.live


def test_sigterm_loses_neither_open_nor_new_requests(start):
    app = start(DRAIN_QUIET_S="0.5")
    idle, slow = app.connect(), app.connect()
    app.get("/version", idle)
    slow.request("GET", "/work?ms=700")
    app.get("/version")  # answered, so the request before it has arrived
    app.signal()
    app.wait_for("told to stop; 1 requests open")
    assert app.get("/version", idle)[0].status == 200  # on a connection from before
    answer, body = app.get("/version")  # on a new one
    assert answer.status == 200
    assert b'"draining": true' in body
    assert answer.headers["Connection"] == "close"
    assert app.get("/healthz")[0].status == 200
    assert slow.getresponse().status == 200
    assert app.ended() == 0
    assert "0 requests given up" in app.log


def test_without_draining_the_same_signal_loses_the_open_request(start):
    app = start(DRAIN_MAX_S="0")
    slow = app.connect()
    slow.request("GET", "/work?ms=5000")
    app.get("/version")
    app.signal()
    with pytest.raises(ConnectionError):  # http.client's RemoteDisconnected is one
        slow.getresponse()
    assert app.ended() == 0
    assert "1 requests given up" in app.log


@pytest.mark.parametrize(
    ("environment", "exit_code"),
    [({"EXIT_ON_START": "3"}, 3), ({"EXIT_AFTER_S": "0.1"}, 1), ({"APP_COLOUR": "mauve"}, 2)],
)
def test_a_bad_release_ends_with_its_exit_code(start, environment, exit_code):
    assert start(**environment).ended() == exit_code


def test_only_sigkill_ends_what_ignores_sigterm(start):
    app = start(IGNORE_SIGTERM="1", DRAIN_QUIET_S="0")
    app.get("/version")
    app.signal()
    app.wait_for("ignoring SIGTERM")
    assert app.get("/version")[0].status == 200
    app.signal(signal.SIGKILL)
    assert app.ended() == -signal.SIGKILL


def test_ctrl_c_drains_as_well(start):
    app = start(DRAIN_QUIET_S="0")
    app.get("/version")
    app.signal(signal.SIGINT)
    assert app.ended() == 0
