import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitless.answer import Answer, BadAnswer

WITH_LENGTH = b"HTTP/1.1 200 OK\r\nX-Hitless-Version: 7\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\ntrailer: z\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + WITH_LENGTH
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
WHOLE = {WITH_LENGTH: 200, CHUNKED: 503, EARLY: 200, NO_CONTENT: 204}


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(0, 120), max_size=6))
def test_an_answer_is_the_same_however_its_bytes_are_cut(wire, cuts):
    answer, edges = Answer(), sorted({0, len(wire), *(c for c in cuts if c < len(wire))})
    for left, right in itertools.pairwise(edges):
        assert not answer.complete
        answer.feed(wire[left:right])
    assert (answer.complete, answer.head.status, answer.head.keep_alive) == (True, WHOLE[wire], True)


def test_a_body_without_a_length_ends_with_the_connection():
    answer = Answer()
    answer.feed(b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert not answer.complete
    answer.end()
    assert (answer.complete, answer.head.keep_alive) == (True, False)


@pytest.mark.parametrize("wire", [WITH_LENGTH[:-1], CHUNKED[:-2], b"HTTP/1.1 200 OK\r\n", b""])
def test_an_answer_cut_short_is_not_complete(wire):
    answer = Answer()
    answer.feed(wire)
    answer.end()
    assert not answer.complete


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-x",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 " + b"a" * 70_000,
    ],
)
def test_what_is_not_http_is_refused(wire):
    with pytest.raises(BadAnswer):
        Answer().feed(wire)


@pytest.mark.parametrize(
    "wire", [b"HTTP/1.1 204 -\r\nConnection: close\r\n\r\n", b"HTTP/1.0 204 -\r\n\r\n", WITH_LENGTH + b"more"]
)
def test_a_connection_that_should_not_be_reused_is_not(wire):
    answer = Answer()
    answer.feed(wire)
    assert answer.complete
    assert not answer.head.keep_alive
