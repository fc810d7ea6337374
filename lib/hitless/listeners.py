"""Who answers at each listener now, asked as a user would."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pandas as pd

from hitless.connect import Connection
from hitless.stack import TEST_PORTS, Stack
from hitless.traffic import endpoint_url, read_weights
from hitless.wait import await_until

VERSION_HEADER = "x-hitless-version"
ANSWER_S_MAX = 10.0


def who_answers(here: Connection, stack: Stack) -> pd.DataFrame:
    """One request to each listener: for whom it is, and which version answered.

    Calls:
        elasticloadbalancing:DescribeListenerAttributes.
    """
    rows = {
        port: ("the release's own tests" if port in TEST_PORTS else "users", _version(endpoint_url(here, stack, port)))
        for port in sorted(stack.listener_arns)
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["for", "answered by version"]).rename_axis("listener")


async def await_at_test_listener(
    here: Connection, stack: Stack, version: str, *, say: Callable[[str], object] = print
) -> tuple[pd.DataFrame, int]:
    """Wait until a release answers its test listener.

    Returns:
        Who answered at each listener at that moment, and the release's share of the users just after it, percent.
    """
    [port] = [port for port in stack.listener_arns if port in TEST_PORTS]
    before = max(read_weights(here, stack).items(), key=lambda one: one[1])[0]
    table = await await_until(
        lambda: who_answers(here, stack),
        lambda seen: seen.loc[port, "answered by version"] == version,
        what=f"version {version} to answer the test listener",
        clock=here.clock,
        timeout_s=3600,
        every_s=10,
        show=lambda seen: ", ".join(f"{at}: {row.iloc[1]}" for at, row in seen.iterrows()),
        say=say,
    )
    return table, 100 - read_weights(here, stack).get(before, 0)


def _version(url: str) -> str:
    with urllib.request.urlopen(f"{url}/version", timeout=ANSWER_S_MAX) as answer:
        return answer.headers.get(VERSION_HEADER, "")
