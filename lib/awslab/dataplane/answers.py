"""What the load balancer answers itself, as an Application Load Balancer words it."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

BAD_GATEWAY, UNAVAILABLE, GATEWAY_TIMEOUT = 502, 503, 504
REQUEST_TIMEOUT, CLIENT_CLOSED = 408, 460  # 460: the client went away before it was answered; only counted
PHRASES = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def answer(status: int, now: float, *, close: bool, head_only: bool = False) -> bytes:
    """A whole response.

    Args:
        status: Its status code.
        now: Lab time, seconds since the epoch.
        close: The connection ends with it.
        head_only: Leave the body out, for HEAD.
    """
    title = f"{status} {PHRASES.get(status) or HTTPStatus(status).phrase}"
    body = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n"
        f"<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    head = (
        f"HTTP/1.1 {title}\r\nServer: awselb/2.0\r\nDate: {formatdate(now, usegmt=True)}\r\n"
        f"Content-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        f"Connection: {'close' if close else 'keep-alive'}\r\n\r\n"
    )
    return (head if head_only else head + body).encode()
