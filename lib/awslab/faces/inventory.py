"""moto, kept in one place: in-process bookkeeping for every service, and for what our faces do not own.

moto is asked for AWS's own addresses, whatever address the client used, so that its URL tables need no server and no
Flask. An action that nobody implements answers 501 in AWS's form: the AWS SDKs retry a 500 for minutes, not a 501.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from xml.sax.saxutils import escape

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"  # `faces.iam` reads them when they are asked for
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # `faces.amis` has the images that hosts of the lab can boot


import moto.core.utils

ACCOUNT_ID = "123456789012"
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT_ID  # else moto looks for it among the keys of each request

_lab_now: list[Callable[[], float]] = [lambda: 0.0]


def _utcnow() -> datetime:
    return datetime.fromtimestamp(_lab_now[0](), UTC).replace(tzinfo=None)


moto.core.utils.utcnow = _utcnow  # before the service modules import it by name: their times are lab time

from awslab.faces import frugal

frugal.slim()  # imports moto's EC2, so after the time is ours

from moto.core.botocore_stubber import BotocoreStubber
from moto.core.exceptions import ServiceException
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend

from awslab.faces.asked import Asked

Answer = tuple[int, dict[str, str], bytes]


class AwsError(ServiceException):
    """`AwsError(code, message)` is answered as AWS would; moto's own class would look for a service named `core`."""


def reset(now: Callable[[], float], seed: int) -> None:
    """Forget everything moto knows, take the time from `now`, and draw ids from `seed`."""
    _lab_now[0] = now
    moto_api_backend.reset()
    mock_random.seed(seed)


def ask(asked: Asked, face: type | None) -> Answer:
    """Let our face, else moto, answer one request; a missing action is AWS's kind of error."""
    try:
        answer = _ask_face(asked, face) if face else BotocoreStubber().process_request(asked.prepared())
    except NotImplementedError as missing:
        return error(asked.is_json, 501, "NotImplemented", f"The lab does not imitate this action: {missing}")
    if answer is None:
        return error(asked.is_json, 501, "NotImplemented", f"The lab does not imitate {asked.host}.")
    status, headers, content = answer
    return int(status), dict(headers), content.encode() if isinstance(content, str) else (content or b"")


def _ask_face(asked: Asked, face: type):
    request = asked.request()
    return face.dispatch(request, asked.url, request.headers)


def throttled(asked: Asked) -> Answer:
    """What AWS says of too many calls.

    AWS: "Common error types" of each API: JSON ones ThrottlingException 400, query ones Throttling 400, EC2
    RequestLimitExceeded 503, S3 SlowDown 503.
    """
    json_or_query = "ThrottlingException" if asked.is_json else "Throttling"
    of_their_own = {"ec2": (503, "RequestLimitExceeded"), "s3": (503, "SlowDown")}
    status, code = of_their_own.get(asked.service, (400, json_or_query))
    return error(asked.is_json, status, code, "Rate exceeded")


def broken(asked: Asked, status: int) -> Answer:
    """What AWS says of its own failure: InternalFailure 500, ServiceUnavailable 503 ("Common error types")."""
    code = "ServiceUnavailable" if status == 503 else "InternalFailure"
    return error(asked.is_json, status, code, "The request processing has failed because of an unknown error.")


def error(is_json: bool, status: int, code: str, message: str) -> Answer:
    """An error in the form the caller's protocol expects."""
    if is_json:
        body = json.dumps({"__type": code, "message": message})
        return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}, body.encode()
    body = (
        f"<ErrorResponse><Error><Type>{'Sender' if status < 500 else 'Receiver'}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error><RequestId>lab</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, body.encode()
