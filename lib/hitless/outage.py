"""What an error of the SDK says of the call: AWS refused it, AWS put it off, or nobody knows whether it arrived."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as SdkConnectionError
from botocore.parsers import ResponseParserError

THROTTLED = frozenset(  # botocore's list, of ThrottledRetryableChecker
    {
        "BandwidthLimitExceeded", "EC2ThrottledException", "ProvisionedThroughputExceededException",
        "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "ThrottledException",
        "Throttling", "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip
UNANSWERED = (SdkConnectionError, HTTPClientError, ResponseParserError)
SERVER_ERROR = 500


def code_of(error: Exception) -> str:
    """AWS's own word for it; the error's name when AWS said nothing."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def is_put_off(error: Exception) -> bool:
    """AWS throttled it: not done, and to be asked again later."""
    return isinstance(error, ClientError) and code_of(error) in THROTTLED


def is_in_doubt(error: Exception) -> bool:
    """No answer, or a 5xx: it may have been done."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVER_ERROR)
        return status >= SERVER_ERROR and not is_put_off(error)
    return isinstance(error, UNANSWERED)


def is_passing(error: Exception) -> bool:
    """Asking again may help."""
    return is_put_off(error) or is_in_doubt(error)


def first_line(error: BaseException) -> str:
    """What it said, for one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextlib.contextmanager
def tolerating(*codes: str) -> Iterator[None]:
    """Let these refusals of AWS pass: what was to be done has been done already, or needs doing no more."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        if code_of(error) not in codes:
            raise
