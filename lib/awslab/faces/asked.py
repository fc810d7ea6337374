"""One AWS request as it arrived, in the two forms it is read in: moto's own door, and the door of a face."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.request import Request
from werkzeug.datastructures import ImmutableMultiDict

HOSTS = {  # where the signing name is not the first label of the service's address
    "ecr": "api.ecr.{region}.amazonaws.com",
    "iam": "iam.amazonaws.com",
    "s3": "s3.amazonaws.com",
}
BAD = "werkzeug.url_quote"  # what is no UTF-8 stays quoted
NOT_FORWARDED = ("host", "expect", "transfer-encoding")  # the body was read whole
OF_THE_BODY = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}  # WSGI has names of its own for them


@dataclass(frozen=True)
class Asked:
    """A signed request, whatever address the client used.

    Attributes:
        service: SigV4 signing name, e.g. `autoscaling`.
        region: SigV4 region.
        method: HTTP method.
        target: Path and query as the client sent them.
        headers: The client's headers.
        body: The client's body.
    """

    service: str
    region: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def host(self) -> str:
        """AWS's own address of the service."""
        return HOSTS.get(self.service, "{service}.{region}.amazonaws.com").format(
            service=self.service, region=self.region
        )

    @property
    def url(self) -> str:
        """Where it goes on AWS."""
        return f"https://{self.host}{self.target}"

    @property
    def is_json(self) -> bool:
        """Whether it speaks one of AWS's JSON protocols."""
        return any(name.lower() == "content-type" and "json" in value for name, value in self.headers.items())

    def prepared(self) -> AWSPreparedRequest:
        """As botocore would send it to AWS itself: moto's URL tables take that."""
        wire = HTTPHeaders()
        for name, value in self._forwarded():
            wire[name] = value
        wire["Host"] = self.host
        return AWSPreparedRequest(self.method, self.url, wire, self.body, False)

    def request(self) -> Request:
        """As moto's classes read it, made at once: from a prepared one moto makes it in half of a call's whole time."""
        path, _, query = self.target.partition("?")
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": path,
            "SERVER_NAME": self.host,
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self.host,
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(self.body),
        }
        for name, value in self._forwarded():
            lower = name.lower()
            environ[OF_THE_BODY.get(lower) or f"HTTP_{lower.upper().replace('-', '_')}"] = value
        environ["CONTENT_LENGTH"] = str(len(self.body))
        request = Request(environ)
        request.from_wsgi_server = True  # else moto would date each answer, which the lab does
        if request.mimetype == "application/x-www-form-urlencoded":
            form = ImmutableMultiDict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True, errors=BAD))
            request.__dict__ |= {"form": form, "files": ImmutableMultiDict(), "stream": io.BytesIO()}
        return request

    def _forwarded(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name, value in self.headers.items() if name.lower() not in NOT_FORWARDED)
