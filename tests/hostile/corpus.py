"""Inputs nobody means well with, as data: what is sent, to whom, and why each.

`{H}` is the door's own host and port. An input that could hide a second request is followed by one, marked `SECOND`.
Classes are those of the threat model: browser (a web page sends it), cors, framing, size, path, proxy, names (of things
in AWS calls), body (of AWS calls).
"""

import json
from dataclasses import dataclass

PROXY, LAB, APP = "proxy", "lab", "app"
ALL = (PROXY, LAB, APP)
SECOND = b"GET /smuggled HTTP/1.1\r\nHost: {H}\r\n\r\n"
EVIL = b"https://evil.example"
SIGNED = b"AWS4-HMAC-SHA256 Credential=LAB/20261123/us-east-1/%b/aws4_request, SignedHeaders=host, Signature=0"
JSON, QUERY = b"application/x-amz-json-1.1", b"application/x-www-form-urlencoded"
ECS, CODEDEPLOY, LOGS = b"AmazonEC2ContainerServiceV20141113", b"CodeDeploy_20141006", b"Logs_20140328"
ECR = b"AmazonEC2ContainerRegistry_V20150921"


@dataclass(frozen=True)
class Hostile:
    """One input.

    Attributes:
        kind: Its class.
        doors: Who gets it.
        data: The bytes.
        why: What it would do to a careless reader.
        hides: Something may hide behind it, so the connection must end.
    """

    kind: str
    doors: tuple[str, ...]
    data: bytes
    why: str
    hides: bool = False


def get(*fields, path=b"/", host=b"{H}", method=b"GET", version=b"HTTP/1.1"):
    return b"\r\n".join([b"%b %b %b" % (method, path, version), b"Host: " + host, *fields, b"", b""])


def post(*fields, body=b""):
    return get(*fields, method=b"POST") + body


def chunked(body):
    return post(b"Transfer-Encoding: chunked", body=body)


def aws(service, target, body, kind=JSON, *fields):
    """A signed call as an SDK sends it."""
    named = [b"X-Amz-Target: " + target] if target else []
    length = b"Content-Length: %d" % len(body)
    signed = b"Authorization: " + SIGNED % service
    return post(b"Content-Type: " + kind, *named, signed, length, *fields, body=body)


def ecs(action, body, *fields):
    return aws(b"ecs", ECS + b"." + action, body, JSON, *fields)


def appspec(content):
    revision = {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}
    wanted = {"applicationName": "web", "deploymentGroupName": "web", "revision": revision}
    return aws(b"codedeploy", CODEDEPLOY + b".CreateDeployment", json.dumps(wanted).encode())


LAUGHS = "a0: &a0 [lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))

# fmt: off
BROWSER = {
    "host-evil-post": (LAB, post(b"Content-Length: 0").replace(b"{H}", b"evil.example"), "DNS rebinding, with a write"),
    "host-empty": ((PROXY, LAB), get(host=b""), "no host is not this host"),
    "host-no-port": ((LAB,), get(host=b"127.0.0.1"), "another port is another origin"),
    "host-other-port": ((LAB,), get(host=b"127.0.0.1:1"), "another port is another origin"),
    "host-decimal": ((PROXY, LAB), get(host=b"2130706433"), "127.0.0.1 written so that a list of names misses it"),
    "host-dot": ((LAB,), get(host=b"localhost."), "a name that resolves the same and is another origin"),
    "host-user": ((PROXY, LAB), get(host=b"{H}@evil.example"), "whom a lenient reader takes for us"),
    "origin-null": ((LAB,), get(b"Origin: null"), "a sandboxed frame"),
    "origin-evil-signed": ((LAB,), ecs(b"ListClusters", b"{}", b"Origin: " + EVIL), "a page that got hold of a signature"),
    "fetch-cross-site": ((LAB,), get(b"Sec-Fetch-Site: cross-site", path=b"/?Action=DeleteCluster"), "an image's address"),
    "form-post": ((LAB,), post(b"Content-Type: text/plain", b"Content-Length: 2", body=b"{}"), "a form, which asks nobody"),
    "fault-form": ((LAB,), get(b"Content-Type: text/plain", b"Content-Length: 27", path=b"/_lab/faults", method=b"POST") + b'{"fault": "AmiPublished"}  ', "a form to the lab's own door"),
    "websocket": ((PROXY, LAB), get(b"Upgrade: websocket", b"Connection: Upgrade"), "web sockets know no origin"),
}
CORS = {
    "preflight": (ALL, get(b"Origin: " + EVIL, b"Access-Control-Request-Method: POST", method=b"OPTIONS"), "asks for leave"),
    "preflight-private": ((LAB, APP), get(b"Origin: " + EVIL, b"Access-Control-Request-Private-Network: true", method=b"OPTIONS"), "asks for leave into this machine"),
    "simple-get": (ALL, get(b"Origin: " + EVIL, path=b"/version"), "may answer, must not let the page read"),
}
FRAMING = {
    "cl-te": (ALL, post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), "two lengths"),
    "te-cl": (ALL, post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n"), "two lengths"),
    "cl-cl": (ALL, post(b"Content-Length: 0", b"Content-Length: 44"), "the first or the last"),
    "cl-list": (ALL, post(b"Content-Length: 0, 44"), "the first or the last, on one line"),
    "cl-plus": (ALL, post(b"Content-Length: +0"), "int() reads it"),
    "cl-underscore": (ALL, post(b"Content-Length: 0_0"), "int() reads it"),
    "cl-arabic": (ALL, post("Content-Length: \u0660".encode()), "isdigit() says yes"),
    "cl-hex": (ALL, post(b"Content-Length: 0x0"), "strtol() reads it"),
    "cl-space": (ALL, post(b"Content-Length : 0"), "a space before the colon hides the field from one reader"),
    "cl-tab-te": (ALL, post(b"Transfer-Encoding:\tchunked", b"Content-Length: 3", body=b"0\r\n\r\n"), "a tab before the value"),
    "te-x": (ALL, post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), "ends in chunked"),
    "te-identity": (ALL, post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"), "a coding after chunked"),
    "te-twice": (ALL, post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), "the first or the last"),
    "te-quoted": (ALL, post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"), "quotes"),
    "te-old": (ALL, get(b"Transfer-Encoding: chunked", method=b"POST", version=b"HTTP/1.0") + b"0\r\n\r\n", "HTTP/1.0 knows no chunks"),
    "te-vtab": (ALL, post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), "white space to isspace()"),
    "fold-te": (ALL, post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n"), "a folded line"),
    "fold": (ALL, get(b"X-A: a", b"\tb: c"), "a folded line, or another field"),
    "bare-lf": (ALL, b"GET / HTTP/1.1\nHost: {H}\n\n", "a line to some"),
    "bare-lf-inside": (ALL, get(b"X-A: a\nTransfer-Encoding: chunked"), "a field to some"),
    "bare-cr": (ALL, get(b"X-A: a\rContent-Length: 44"), "a field to some"),
    "nul": (ALL, get(b"X-A: a\0b"), "the end to C"),
    "nul-name": (ALL, get(b"X\0A: b"), "the end to C"),
    "name-utf8": (ALL, get("Cont\u0435nt-Length: 44".encode()), "a letter that looks like e"),
    "no-colon": (ALL, get(b"Content-Length"), "a field without value"),
    "two-hosts": (ALL, get(b"Host: evil.example"), "the first or the last"),
    "chunk-minus": (ALL, chunked(b"-1\r\n"), "int(…, 16) reads it"),
    "chunk-plus": (ALL, chunked(b"+0\r\n\r\n"), "int(…, 16) reads it"),
    "chunk-0x": (ALL, chunked(b"0x0\r\n\r\n"), "int(…, 16) reads it"),
    "chunk-huge": (ALL, chunked(b"ffffffffffffffff1\r\n"), "wraps round in 64 bits"),
    "chunk-long": (ALL, chunked(b"1\r\nxx0\r\n\r\n"), "a chunk longer than it says"),
    "chunk-lf": (ALL, chunked(b"1\nx\n0\n\n"), "bare LF between chunks"),
    "chunk-extension": (ALL, chunked(b"0;" + b"a" * 70_000 + b"\r\n\r\n"), "an extension nobody reads and somebody keeps"),
    "chunk-extension-lf": (ALL, chunked(b"0;a\nb\r\n\r\n"), "a line end in an extension"),
    "trailer-cl": (PROXY, chunked(b"0\r\nContent-Length 44\r\n\r\n"), "a trailer that is no field"),
    "version-2": (ALL, get(version=b"HTTP/2.0"), "no such line in HTTP/2"),
    "version-1.10": (ALL, get(version=b"HTTP/1.10"), "1.1 to a prefix"),
    "version-none": (ALL, b"GET /\r\n\r\n", "HTTP/0.9 has no head to check"),
    "version-lower": (ALL, get(version=b"http/1.1"), "case"),
    "method-lf": (ALL, b"GET\n/ HTTP/1.1\r\nHost: {H}\r\n\r\n", "white space to split()"),
    "leading-space": (ALL, b" GET / HTTP/1.1\r\nHost: {H}\r\n\r\n", "stripped by some"),
    "connection-host": ((PROXY, LAB), get(b"Connection: Host, X-Amz-Target"), "hop-by-hop: the next hop reads another message"),
    "expect-odd": ((PROXY, LAB), post(b"Expect: 100-continue-not", b"Content-Length: 0"), "an expectation nobody knows"),
    "tls": (ALL, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS to a plain port"),
    "http2": (ALL, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 with prior knowledge"),
}
SIZE = {
    "uri": (ALL, get(path=b"/" + b"a" * 70_000), "a line that never ends"),
    "query": (ALL, get(path=b"/?" + b"a=1&" * 20_000), "a line that never ends"),
    "fields": (ALL, get(*[b"X-%d: a" % n for n in range(5000)]), "each is kept somewhere"),
    "field": (ALL, get(b"X: " + b"a" * 70_000), "one is kept somewhere"),
    "authorization": (ALL, get(b"Authorization: " + b"a" * 200_000), "searched by an expression"),
    "cl-huge": ((PROXY, LAB), post(b"Content-Length: 99999999999"), "refused before it is read"),
    "cl-20-digits": (ALL, post(b"Content-Length: " + b"9" * 20), "more than 64 bits"),
    "method": (ALL, get(method=b"A" * 40_000), "a token that never ends"),
}
PATHS = {
    "dots": (ALL, get(path=b"/../../../../etc/passwd"), "out of a folder"),
    "dots-encoded": (ALL, get(path=b"/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), "out of a folder, once decoded"),
    "dots-twice": (ALL, get(path=b"/%252e%252e/%252e%252e/etc/passwd"), "out of a folder, twice decoded"),
    "backslash": (ALL, get(path=b"/..\\..\\windows\\win.ini"), "out of a folder elsewhere"),
    "file": (ALL, get(path=b"//etc/passwd"), "an absolute path when joined"),
    "lab-dots": ((LAB,), get(path=b"/_lab/../../../etc/passwd"), "out of the lab's own door"),
    "crlf": (ALL, get(path=b"/%0d%0aSet-Cookie:x=1"), "a field in the answer"),
    "script": (ALL, get(path=b"/<script>alert(1)</script>"), "markup in an error page"),
    "script-encoded": (ALL, get(path=b"/%3Cscript%3Ealert(1)%3C/script%3E"), "markup in an error page, once decoded"),
    "nul": (ALL, get(path=b"/etc/passwd%00.png"), "the end to C"),
    "since": ((LAB,), get(path=b"/_lab/journal?since=%E0%A5%A7"), "a digit to isdigit()"),
    "user-agent": (ALL, get(b"User-Agent: \x1b]0;pwn\x07"), "an escape for whoever reads the log"),
}
PROXYING = {
    "connect": (ALL, b"CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n", "a tunnel to the metadata service"),
    "absolute": (ALL, get(path=b"http://169.254.169.254/latest/meta-data/", host=b"169.254.169.254"), "a proxy's request"),
    "absolute-own-host": (ALL, get(path=b"http://169.254.169.254/latest/meta-data/"), "the target says other than Host"),
    "authority": (ALL, get(path=b"169.254.169.254:80"), "no path at all"),
    "trace": ((PROXY, LAB), get(method=b"TRACE"), "says credentials back"),
    "scheme-file": (ALL, get(path=b"file:///etc/passwd"), "a file"),
}
NAMES = {
    "image-dots": (ecs(b"RegisterTaskDefinition", b'{"family": "f", "containerDefinitions": [{"name": "a", "memory": 64, "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/../../../etc:passwd"}]}'), "an image out of the store"),
    "repository-dots": (aws(b"ecr", ECR + b".CreateRepository", b'{"repositoryName": "../../../../tmp/hostile"}'), "a file out of the store"),
    "repository-slash": (aws(b"ecr", ECR + b".CreateRepository", b'{"repositoryName": "/tmp/hostile"}'), "an absolute file"),
    "log-group-dots": (aws(b"logs", LOGS + b".CreateLogGroup", b'{"logGroupName": "../../hostile"}'), "a file out of the logs"),
    "log-group-escape": (aws(b"logs", LOGS + b".CreateLogGroup", b'{"logGroupName": "a\\u001b]0;pwn\\u0007"}'), "an escape in a terminal"),
    "cluster-crlf": (ecs(b"CreateCluster", b'{"clusterName": "a\\r\\nSet-Cookie: x=1"}'), "a field in the answer"),
    "cluster-rtl": (ecs(b"CreateCluster", '{"clusterName": "\u202egnp.a"}'.encode()), "reads the other way round"),
    "s3-key-dots": (get(b"Authorization: " + SIGNED % b"s3", b"Content-Length: 1", path=b"/b/..%2f..%2f..%2ftmp%2fhostile", method=b"PUT") + b"x", "a file out of the bucket"),
    "function-dots": (get(b"Authorization: " + SIGNED % b"lambda", path=b"/2015-03-31/functions/..%2F..%2Fetc"), "a file out of the functions"),
    "region-dots": (post(b"Authorization: AWS4-HMAC-SHA256 Credential=a/20261123/../../etc/aws4_request", b"Content-Length: 0"), "a path in the scope"),
    "target-two": (ecs(b"ListClusters", b"{}", b"X-Amz-Target: " + ECS + b".DeleteCluster"), "which of the two"),
    "target-long": (aws(b"ecs", ECS + b"." + b"A" * 10_000, b"{}"), "a name that never ends"),
    "target-dots": (aws(b"ecs", ECS + b".../__class__", b"{}"), "an attribute for getattr()"),
    "action-private": (aws(b"autoscaling", b"", b"Action=__init__&Version=2011-01-01", QUERY), "an attribute for getattr()"),
    "action-twice": (aws(b"autoscaling", b"", b"Action=DescribePolicies&Action=DeleteAutoScalingGroup&Version=2011-01-01", QUERY), "which of the two"),
    "action-nul": (aws(b"autoscaling", b"", b"Action=%00&Version=2011-01-01", QUERY), "the end to C"),
}
BODIES = {
    "depth": (ecs(b"ListClusters", b"[" * 200_000), "deeper than the stack"),
    "depth-closed": (ecs(b"ListClusters", b'{"a":' * 5000 + b"1" + b"}" * 5000), "deeper than the stack, and whole"),
    "nan": (ecs(b"ListClusters", b'{"maxResults": NaN}'), "no number of JSON"),
    "digits": (ecs(b"ListClusters", b'{"maxResults": ' + b"9" * 100_000 + b"}"), "quadratic to read"),
    "surrogate": (ecs(b"CreateCluster", b'{"clusterName": "\\ud800"}'), "no text at all"),
    "utf16": (ecs(b"ListClusters", "{}".encode("utf-16")), "another encoding"),
    "not-utf8": (ecs(b"ListClusters", b'{"a": "\xff\xfe"}'), "no text at all"),
    "array": (ecs(b"ListClusters", b"[]"), "no object"),
    "twice": (ecs(b"DescribeClusters", b'{"clusters": ["a"], "clusters": ["b"]}'), "the first or the last"),
    "gzip": (ecs(b"ListClusters", b"\x1f\x8b\x08\x00" + b"\0" * 60, b"Content-Encoding: gzip"), "one kilobyte that becomes a thousand"),
    "parameters": (aws(b"autoscaling", b"", b"Action=DescribePolicies&" + b"a=1&" * 100_000, QUERY), "quadratic to read"),
    "member-huge": (aws(b"autoscaling", b"", b"Action=DescribeAutoScalingGroups&AutoScalingGroupNames.member.999999999=a&Version=2011-01-01", QUERY), "a list as long as it says"),
    "appspec-laughs": (appspec(LAUGHS), "a page that becomes more than memory"),
    "appspec-self": (appspec("version: 0.0\nresources: &a [*a]\n"), "a list in itself"),
    "appspec-deep": (appspec("[" * 5000), "deeper than the stack"),
    "appspec-python": (appspec("!!python/object/apply:os.system ['touch /tmp/hostile']"), "code"),
    "appspec-port": (appspec('{"version": 0.0, "resources": [{"a": {"type": "AWS::ECS::Service", "properties": {"taskDefinition": "a:1", "loadBalancerInfo": {"containerName": "a", "containerPort": "\u00b2"}}}}]}'), "a digit to isdigit(), and none to int()"),
    "cbor-bomb": (get(b"Authorization: " + SIGNED % b"monitoring", b"smithy-protocol: rpc-v2-cbor", b"Content-Type: application/cbor", b"Content-Length: 9", path=b"/service/GraniteServiceVersion20100801/operation/GetMetricData", method=b"POST") + b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", "an array of 2^63 items"),
}
# fmt: on


def _all():
    for kind, table in {
        "browser": BROWSER,
        "cors": CORS,
        "framing": FRAMING,
        "size": SIZE,
        "path": PATHS,
        "proxy": PROXYING,
    }.items():
        for name, (doors, data, why) in table.items():
            doors = (doors,) if isinstance(doors, str) else doors
            yield f"{kind}-{name}", Hostile(kind, doors, data, why, kind in ("framing", "size", "proxy"))
    for kind, table in {"names": NAMES, "body": BODIES}.items():
        for name, (data, why) in table.items():
            yield f"{kind}-{name}", Hostile(kind, (LAB,), data, why)


CORPUS = dict(_all())
