"""The journal in words: what happened when, one line each, and how much was measured in between."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hitless.clock import duration_text, utc_text
from hitless.finding import number
from hitless.journal import Entry

COUNTED = {
    "window": "windows of requests",
    "capacity": "looks at the hosts",
    "weights": "looks at the traffic's weights",
}
MEASURED = (*COUNTED, "probe")
"""Kinds that the chart shows and nobody reads line by line."""
FACTS_CHARACTERS_MAX = 300
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    since_start: str
    utc: str
    what: str
    tone: str


def tell(entries: list[Entry]) -> list[Line]:
    """Every entry but the measurements, in words and by the time they speak of."""
    entries = sorted(entries, key=lambda entry: entry.at)
    start = entries[0].at if entries else 0.0
    return [
        Line(duration_text(one.at - start), utc_text(one.at), *_words(one.kind, one.facts))
        for one in entries
        if one.kind not in MEASURED
    ]


def story(entries: list[Entry]) -> pd.DataFrame:
    """The same as a table."""
    rows = [(line.since_start, line.utc, line.what) for line in tell(entries)]
    return pd.DataFrame(rows, columns=["since the start", "AWS time", "what happened"]).set_index("since the start")


def measured(entries: list[Entry]) -> str:
    """How many measurements there are beside: "412 windows of requests, 60 looks at the hosts"."""
    counts = Counter(entry.kind for entry in entries if entry.kind in MEASURED)
    return ", ".join(f"{number(counts[kind])} {words}" for kind, words in COUNTED.items() if counts[kind])


def _words(kind: str, facts: Facts) -> tuple[str, str]:
    told = TOLD.get(kind)
    if told is None:
        return f"{kind} {_facts(facts)}".rstrip(), "info"
    what, tone = told(facts)
    return what, tone if tone in ("info", "good", "gate", "alarm") else "info"


def _facts(facts: Facts) -> str:
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True) if facts else ""
    return text if len(text) <= FACTS_CHARACTERS_MAX else f"{text[:FACTS_CHARACTERS_MAX]}…"


def _verdict(facts: Facts) -> tuple[str, str]:
    claims = facts.get("claims")
    claims = [one for one in claims if isinstance(one, Mapping)] if isinstance(claims, list) else []
    holding = sum(one.get("holds") is True for one in claims)
    return f"verdict: {holding} of {len(claims)} claims hold", "good" if facts.get("holds") is True else "alarm"


def _outcome(facts: Facts) -> tuple[str, str]:
    code = facts.get("exit_code")
    return f"ended: {facts.get('outcome')}, exit code {code}", "good" if code == 0 else "gate" if code == 3 else "alarm"


def _join(*parts: object) -> Iterator[str]:
    return (str(part) for part in parts if part not in (None, ""))


TOLD: dict[str, Callable[[Facts], tuple[str, str]]] = {
    "opened": lambda f: (" · ".join(_join("opened", f.get("runbook"), f.get("place"), f.get("reason"))), "info"),
    "run": lambda f: (" · ".join(_join(f.get("title"), f.get("place"))), "info"),
    "event": lambda f: (str(f.get("label", "")), str(f.get("tone", ""))),
    "phase": lambda f: (" ".join(_join(f.get("name"), f.get("edge") and f"{f['edge']}s")), str(f.get("tone", ""))),
    "limit": lambda f: (f"limit: {f.get('name')} {f.get('value')}", "gate"),
    "plan": lambda f: (f"plan {str(f.get('digest', ''))[:12]} was made", "gate"),
    "parameters": lambda f: (f"parameters {str(f.get('sha256', ''))[:12]} were checked", "info"),
    "approval": lambda f: (f"approved by {f.get('by')}", "gate"),
    "intent": lambda f: (f"calls {f.get('call')} ({f.get('step')})", "info"),
    "result": lambda f: (" ".join(_join(f.get("step"), "answered, request", f.get("request_id"))), "info"),
    "snapshot": lambda f: (f"looked at everything {f.get('when', '')}".rstrip(), "info"),
    "journal.mended": lambda f: (f"a line cut short by a crash was taken off: {f.get('bytes_dropped')} bytes", "alarm"),
    "verdict": _verdict,
    "outcome": _outcome,
}
