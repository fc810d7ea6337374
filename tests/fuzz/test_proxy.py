"""Whatever bytes a client or a target sends, however cut: read in one way, and sent on so that it is read so again."""

import itertools
import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from awslab.dataplane.bodies import BadChunk, Chunks, TooLarge
from awslab.dataplane.forwarding import head_for_target, trace_id
from awslab.dataplane.heads import end_of_request_head
from awslab.dataplane.syntax import Malformed, parse_request, parse_response
from awslab.weather import call_of
from tests.fuzz.conftest import PROFILE

FUZZ = settings.get_profile(PROFILE)
LENGTHS = ("Content-Length: 5", "Content-Length: 0", "Content-Length:5 ", "content-length: 5", "Content-Length: +5")
CODINGS = ("Transfer-Encoding: chunked", "Transfer-Encoding: x", "transfer-encoding:\tchunked", "TE: trailers")
ODD = ("X-A: b", "X-A:", "X-A : b", " folded: x", "Connection: close, X-A", "Connection: host", "Expect: 100-continue")
FIELDS = st.one_of(
    st.sampled_from([*LENGTHS, *CODINGS, *ODD, "Host: other", "Upgrade: websocket", "X-Forwarded-For: 1.2.3.4"]),
    st.text(st.characters(max_codepoint=255), max_size=20),
).map(lambda text: text.encode("latin-1"))
TARGETS = st.one_of(
    st.sampled_from(["/", "*", "//x", "http://a/", "/%2e", "/%", "/a?b=c#d", "a:80"]),
    st.text(st.characters(max_codepoint=255), max_size=12).map("/".__add__),
).map(lambda text: text.encode("latin-1"))
METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"G(T", b""])
VERSIONS = st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1"])
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n"])


@st.composite
def heads(draw, first):
    """A head, right in most of its parts."""
    lines = [draw(first), *draw(st.lists(FIELDS, max_size=5))]
    if draw(st.booleans()):
        lines.insert(1, b"Host: localhost")
    return b"".join(line + draw(ENDS) for line in lines) + b"\r\n"


REQUEST_LINES = st.tuples(METHODS, TARGETS, VERSIONS).map(b" ".join)
STATUS_LINES = st.one_of(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 204 No", b"HTTP/1.1 099 X"]),
    st.binary(max_size=20),
)


@FUZZ
@given(heads(REQUEST_LINES))
@example(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
def test_what_is_sent_on_is_read_again_as_the_same(head):
    try:
        request = parse_request(head)
    except Malformed as bad:
        assert bad.status in (400, 403, 405, 413, 414, 417, 431, 501, 505)
        return
    trace = trace_id(request.trace_id, 1e9, random.Random(1))
    sent = head_for_target(request, client=b"127.0.0.1", port=80, trace_id=trace)
    again = parse_request(sent)
    assert (again.method, again.onward, again.framing) == (request.method, request.onward, request.framing)
    assert sent.count(b"\r\n\r\n") == 1 and sent.endswith(b"\r\n\r\n")
    assert b"\n" not in sent.replace(b"\r\n", b"") and b"\r" not in sent.replace(b"\r\n", b"") and b"\0" not in sent
    names = [line.partition(b":")[0].lower() for line in sent.split(b"\r\n")[1:]]
    assert names.count(b"host") == 1 and names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
    assert not {b"connection", b"upgrade", b"te", b"trailer", b"keep-alive"} & set(names)


@FUZZ
@given(heads(STATUS_LINES), st.sampled_from([b"GET", b"HEAD"]))
def test_an_answer_is_read_in_one_way_or_not_at_all(head, method):
    try:
        response = parse_response(head, method)
    except Malformed:
        return
    assert 100 <= response.status < 600 and b"\r\n\r\n" not in response.onward
    framing = response.framing
    assert [bool(framing.length), framing.chunked, framing.until_close].count(True) <= 1


@FUZZ
@given(st.binary(max_size=200))
def test_a_part_that_is_let_wait_can_still_become_a_head(part):
    if not part:
        return
    try:
        ended = end_of_request_head(part)
    except Malformed:
        return
    assert ended or (b"\0" not in part and b"\n" not in part.replace(b"\r\n", b""))


CHUNKS = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=30).map(lambda content: b"%x\r\n%b\r\n" % (len(content), content)),
        st.sampled_from(
            [b"0\r\n\r\n", b"0\r\nX: 1\r\n\r\n", b"5;a=b\r\nhello\r\n", b"-1\r\n", b"5\nhello\n", b"0x1\r\nx\r\n"]
        ),
        st.binary(max_size=6),
    ),
    max_size=6,
).map(b"".join)


def read(body, pieces):
    content, rest = b"", b""
    for piece in pieces:
        if body.done:
            rest += piece
        else:
            got, rest = body.feed(piece)
            content += got
    return content, rest, body.done


@FUZZ
@given(CHUNKS, st.lists(st.integers(0, 200), max_size=5))
def test_a_chunked_body_says_the_same_however_it_is_cut(data, cuts):
    ends = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in itertools.pairwise(ends)]
    told = []
    for parts in ([data], pieces, [bytes([byte]) for byte in data]):
        try:
            told.append(read(Chunks(10_000), parts))
        except (BadChunk, TooLarge):
            told.append("refused")
    whole = [one for one in told if one != "refused"]
    assert all(one == told[0] for one in told) or (whole and not any(one[2] for one in whole)), told


@FUZZ
@given(METHODS, TARGETS, st.binary(max_size=100), st.text(max_size=30))
def test_whatever_is_asked_has_an_action(method, target, body, named):
    call = call_of(method.decode(), target.decode("latin-1"), {"X-Amz-Target": named}, body)
    assert isinstance(call.action, str) and call.service == ""
