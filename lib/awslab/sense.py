"""Whether what a signed request says can be read at all, before any face reads it: AWS refuses what is not so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NoReturn

from awslab.weather import Call

DEPTH_MAX = 64
ACTION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}(_\d{8})?")  # query and JSON ones; REST calls have a space in them


class Senseless(ValueError):
    """It cannot be read; `code` is AWS's word for it."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def require_sense(call: Call, headers: Mapping[str, str], body: bytes) -> None:
    """Read a request as far as every face must.

    Args:
        call: What `weather.call_of` made of it.
        headers: The client's.
        body: The client's.

    Raises:
        Senseless: The action is no name, or the body is not what its type says.
    """
    is_rest = " " in call.action
    if not is_rest and ACTION.fullmatch(call.action) is None:
        raise Senseless("InvalidAction", "The action or operation requested is not valid.")
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if "x-amz-json" in kind:
        _require_object(body)
    elif "x-www-form-urlencoded" in kind and not body.isascii():
        raise Senseless("MalformedQueryString", "The query string contains a syntax error.")
    elif "cbor" in kind:
        raise Senseless("UnsupportedProtocol", "The lab speaks AWS's JSON and query protocols.")


def _require_object(body: bytes) -> None:
    try:
        content = json.loads(body.decode() or "{}", parse_constant=_no_number)
        if b"\\ud" in body.lower():
            json.dumps(content, ensure_ascii=False).encode()  # half a pair is no text
    except (ValueError, RecursionError) as why:
        raise Senseless("SerializationException", "The request body is not JSON that can be read.") from why
    if not isinstance(content, dict) or _depth(content) > DEPTH_MAX:
        raise Senseless("SerializationException", "The request body is no object, or too deep.")


def _depth(content: object) -> int:
    depth, level = 0, [content]
    while level and depth <= DEPTH_MAX:
        inside = [one for one in level if isinstance(one, dict | list)]
        level = [each for one in inside for each in (one.values() if isinstance(one, dict) else one)]
        depth += bool(inside)
    return depth


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)
