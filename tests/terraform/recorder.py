"""A door before the lab that writes down what goes through it, and what IAM would be asked about each call."""

import json
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """What IAM decides on: an action, what it is done to, and what conditions look at."""

    action: str
    resource: str
    context: dict = field(default_factory=dict, hash=False)


class Recorder:
    """Listens on loopback, hands everything on to `endpoint_url`, and keeps what was asked."""

    def __init__(self, endpoint_url):
        self.host, self.asked, self.unknown = endpoint_url.removeprefix("http://"), [], []

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Door", (_Door,), {"recorder": self}))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def hear(self, method, path, headers, body):
        if "X-Amz-Target" in headers:
            self.asked += of_dynamodb(headers["X-Amz-Target"], json.loads(body))
        elif "/s3/" in headers.get("Authorization", ""):
            self.asked += of_s3(method, path, headers)
        else:
            self.unknown.append(f"{method} {path} {body[:80]!r}")


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorder: Recorder

    def _pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.recorder.hear(self.command, self.path, self.headers, body)
        onward = HTTPConnection(self.recorder.host, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        onward.request(self.command, self.path, body, {**headers, "Host": self.recorder.host})
        answer = onward.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)
        onward.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def log_message(self, *_):
        """Nothing."""


def of_dynamodb(target, given):
    version, _, action = target.partition(".")
    assert version.startswith("DynamoDB"), target
    keys = [key["S"] for key in given.get("Key", {}).values()]
    table = f"arn:aws:dynamodb:us-east-1:123456789012:table/{given.get('TableName')}"
    return [Asked(f"dynamodb:{action}", table, {"dynamodb:LeadingKeys": keys} if keys else {})]


OF_OBJECTS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
OF_BUCKETS = {"object-lock": "GetBucketObjectLockConfiguration", "location": "GetBucketLocation"}


def of_s3(method, path, headers):
    """A locked object asks for two permissions, one to put it and one to hold it; so does looking at one."""
    split = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qs(split.query, keep_blank_values=True)
    bucket, _, key = urllib.parse.unquote(split.path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        named = [action for name, action in OF_BUCKETS.items() if name in query]
        if method == "GET" and named:
            return [Asked(f"s3:{named[0]}", arn)]
        assert method in ("GET", "HEAD"), f"not known here: {method} {path}"
        return [Asked("s3:ListBucket", arn, {"s3:prefix": query.get("prefix", [""])})]
    asked = [Asked(f"s3:{OF_OBJECTS[method]}", f"{arn}/{key}")]
    if "x-amz-object-lock-mode" in headers:
        asked.append(Asked("s3:PutObjectRetention", f"{arn}/{key}"))
    return asked
