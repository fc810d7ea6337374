"""The opposite promise: that something is refused."""

from __future__ import annotations

from collections.abc import Callable

from hitless.errors import NotProven, Refused


def refusal(call: Callable[..., object], *args: object, **named: object) -> str:
    """Make a call that must be refused; what it said.

    Raises:
        NotProven: It was not refused.
    """
    try:
        call(*args, **named)
    except Refused as refused:
        return str(refused)
    raise NotProven("This should have been refused, and was not.", do="find out which check no longer looks")
