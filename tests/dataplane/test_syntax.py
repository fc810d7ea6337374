import random

import pytest

from awslab.dataplane.forwarding import head_for_target, trace_id
from awslab.dataplane.syntax import Malformed, parse_request, parse_response


def request(*fields, line=b"GET / HTTP/1.1", host=b"Host: localhost"):
    return b"\r\n".join([line, *([host] if host else []), *fields, b"", b""])


def response(*fields, line=b"HTTP/1.1 200 OK"):
    return b"\r\n".join([line, *fields, b"", b""])


BAD_REQUESTS = {
    "two-hosts": (request(b"Host: localhost"), 400),
    "no-host": (request(host=None), 400),
    "host-with-path": (request(host=b"Host: localhost/x"), 400),
    "host-with-user": (request(host=b"Host: a@localhost"), 400),
    "cl-te": (request(b"Content-Length: 4", b"Transfer-Encoding: chunked"), 400),
    "te-cl": (request(b"Transfer-Encoding: chunked", b"Content-Length: 4"), 400),
    "cl-cl": (request(b"Content-Length: 0", b"Content-Length: 50"), 400),
    "cl-cl-same": (request(b"Content-Length: 5", b"Content-Length: 5"), 400),
    "cl-list": (request(b"Content-Length: 5, 5"), 400),
    "cl-plus": (request(b"Content-Length: +0"), 400),
    "cl-minus": (request(b"Content-Length: -1"), 400),
    "cl-empty": (request(b"Content-Length:"), 400),
    "cl-underscore": (request(b"Content-Length: 0_0"), 400),
    "cl-hex": (request(b"Content-Length: 0x10"), 400),
    "cl-huge": (request(b"Content-Length: " + b"9" * 30), 413),
    "cl-over-limit": (request(b"Content-Length: 1073741825"), 413),
    "te-xchunked": (request(b"Transfer-Encoding: xchunked"), 501),
    "te-twice": (request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "te-list": (request(b"Transfer-Encoding: gzip, chunked"), 501),
    "te-old": (request(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0"), 400),
    "te-fold": (request(b"Transfer-Encoding:\r\n chunked"), 400),
    "obs-fold": (request(b"X-A: a\r\n\tfolded"), 400),
    "space-before-colon": (request(b"X-A : a"), 400),
    "leading-space": (request(b" X-A: a"), 400),
    "no-colon": (request(b"X-A"), 400),
    "no-name": (request(b": a"), 400),
    "nul": (request(b"X-A: a\0b"), 400),
    "bare-cr": (request(b"X-A: a\rb"), 400),
    "bare-lf": (b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400),
    "escape": (request(b"User-Agent: \x1b]0;pwn\x07"), 400),
    "utf8-name": (request("X-é: a".encode()), 400),
    "version-missing": (b"GET /\r\n\r\n", 400),
    "version-2": (request(line=b"GET / HTTP/2.0"), 505),
    "version-11": (request(line=b"GET / HTTP/1.11"), 400),
    "version-lower": (request(line=b"GET / http/1.1"), 400),
    "two-spaces": (request(line=b"GET  / HTTP/1.1"), 400),
    "tab": (request(line=b"GET\t/ HTTP/1.1"), 400),
    "method-bad": (request(line=b"G(T / HTTP/1.1"), 400),
    "connect": (request(line=b"CONNECT 169.254.169.254:80 HTTP/1.1"), 405),
    "trace": (request(line=b"TRACE / HTTP/1.1"), 405),
    "absolute": (request(line=b"GET http://169.254.169.254/latest/ HTTP/1.1"), 400),
    "asterisk": (request(line=b"GET * HTTP/1.1"), 400),
    "target-angle": (request(line=b"GET /<script> HTTP/1.1"), 400),
    "target-percent": (request(line=b"GET /%zz HTTP/1.1"), 400),
    "target-utf8": (request(line="GET /é HTTP/1.1".encode()), 400),
    "target-long": (request(line=b"GET /" + b"a" * 9000 + b" HTTP/1.1"), 414),
    "many-fields": (request(*[b"X-%d: a" % n for n in range(101)]), 431),
    "hop-by-hop-host": (request(b"Connection: close, Host"), 400),
    "websocket": (request(b"Upgrade: websocket", b"Connection: Upgrade"), 400),
    "expect": (request(b"Expect: 200-ok"), 417),
}
BAD_RESPONSES = {
    "no-status": response(line=b"HTTP/1.1 OK"),
    "status-four-digits": response(line=b"HTTP/1.1 2000 OK"),
    "version": response(line=b"HTTP/2.0 200 OK"),
    "two-status-lines": response(b"HTTP/1.1 200 OK"),
    "cl-te": response(b"Content-Length: 4", b"Transfer-Encoding: chunked"),
    "cl-cl": response(b"Content-Length: 4", b"Content-Length: 5"),
    "cl-bad": response(b"Content-Length: four"),
    "te-gzip": response(b"Transfer-Encoding: gzip"),
    "te-old": response(b"Transfer-Encoding: chunked", line=b"HTTP/1.0 200 OK"),
    "fold": response(b"X-A: a\r\n b"),
    "smuggle": response(b"Connection: Transfer-Encoding", b"Transfer-Encoding: chunked"),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_request_that_could_be_read_in_two_ways_is_refused(name):
    head, status = BAD_REQUESTS[name]
    with pytest.raises(Malformed) as refused:
        parse_request(head)
    assert refused.value.status == status


@pytest.mark.parametrize("name", BAD_RESPONSES)
def test_a_response_that_could_be_read_in_two_ways_is_refused(name):
    with pytest.raises(Malformed):
        parse_response(BAD_RESPONSES[name])


def test_a_host_that_is_not_asked_for_here_is_refused():
    with pytest.raises(Malformed) as refused:
        parse_request(request(), lambda host: host != b"localhost")
    assert refused.value.status == 403


def test_hop_by_hop_fields_are_not_sent_on_and_others_are():
    parsed = parse_request(
        request(b"Connection: close, X-Hop", b"X-Hop: 1", b"Keep-Alive: 5", b"TE: trailers", b"X-End: 2  ")
    )
    assert parsed.onward == b"GET / HTTP/1.1\r\nHost: localhost\r\nX-End: 2  \r\n"
    assert not parsed.keep_alive


def test_a_target_sees_whom_the_load_balancer_saw_not_what_the_client_claimed():
    told = request(
        b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-Proto: https", b"X-Forwarded-Port: 443", b"X-Amzn-Trace-Id: Root=1-a"
    )
    parsed = parse_request(told)
    trace = trace_id(parsed.trace_id, 1e9, random.Random(1))
    head = head_for_target(parsed, client=b"127.0.0.1", port=80, trace_id=trace)
    fields = head.split(b"\r\n")
    assert b"X-Forwarded-For: 6.6.6.6, 127.0.0.1" in fields  # appended, AWS's default
    assert b"X-Forwarded-Proto: http" in fields
    assert b"X-Forwarded-Port: 80" in fields
    assert trace.startswith(b"Self=1-3b9aca00-") and trace.endswith(b";Root=1-a")


@pytest.mark.parametrize(
    ("method", "line", "fields", "has_body"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK", (b"Content-Length: 5",), False),
        (b"GET", b"HTTP/1.1 304 Not Modified", (b"Content-Length: 5",), False),
        (b"GET", b"HTTP/1.1 204 No Content", (), False),
        (b"GET", b"HTTP/1.1 200", (b"Content-Length: 5",), True),
        (b"GET", b"HTTP/1.0 200 OK", (), True),
    ],
)
def test_a_response_has_a_body_when_method_and_status_say_so(method, line, fields, has_body):
    assert parse_response(response(*fields, line=line), method).framing.empty is not has_body
