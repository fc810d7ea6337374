"""The journal in words: what happened when, one line each, and how much was measured in between."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hitless.checks import NG
from hitless.clock import duration_text, utc_text
from hitless.finding import number
from hitless.journal import Entry

if TYPE_CHECKING:
    import pandas as pd

COUNTED = {
    "window": "windows of requests",
    "capacity": "looks at the hosts",
    "weights": "looks at the traffic's weights",
}
MEASURED = (*COUNTED, "probe", "noted", "concluded")
"""Kinds that the chart shows, or that only a later attempt reads."""
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
    import pandas as pd  # a third of a second, and only notebooks show tables

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


def _checks(facts: Facts) -> tuple[str, str]:
    rows = facts.get("rows")
    rows = [one for one in rows if isinstance(one, Mapping)] if isinstance(rows, list) else []
    bad = [str(one.get("name")) for one in rows if one.get("state") == NG]
    told = f"{facts.get('title')}: " + (f"not fit, {', '.join(bad)}" if bad else f"all {len(rows)} checks passed")
    return told, "alarm" if bad else "good"


def _opened(facts: Facts) -> tuple[str, str]:
    attempt = facts.get("attempt")
    again = f"attempt {attempt}" if isinstance(attempt, int) and attempt > 1 else ""
    return " · ".join(_join("opened", again, facts.get("runbook"), facts.get("place"), facts.get("reason"))), "info"


def _result(facts: Facts) -> tuple[str, str]:
    if facts.get("adopted") is True:
        return f"{facts.get('step')} was found started already", "gate"
    request = facts.get("request_id")
    return f"{facts.get('step')} is done" + (f", request {request}" if request else ""), "info"


def _join(*parts: object) -> Iterator[str]:
    return (str(part) for part in parts if part not in (None, ""))


TOLD: dict[str, Callable[[Facts], tuple[str, str]]] = {
    "opened": _opened,
    "checks": _checks,
    "run": lambda f: (" · ".join(_join(f.get("title"), f.get("place"))), "info"),
    "event": lambda f: (str(f.get("label", "")), str(f.get("tone", ""))),
    "phase": lambda f: (" ".join(_join(f.get("name"), f.get("edge") and f"{f['edge']}s")), str(f.get("tone", ""))),
    "limit": lambda f: (f"limit: {f.get('name')} {f.get('value')}", "gate"),
    "plan": lambda f: (f"plan {str(f.get('digest', ''))[:12]} was made", "gate"),
    "parameters": lambda f: (f"parameters {str(f.get('sha256', ''))[:12]} were checked", "info"),
    "approval": lambda f: (" ".join(_join("approved by", f.get("by"), f.get("source") and f"({f['source']})")), "gate"),
    "intent": lambda f: (f"calls {f.get('call')} ({f.get('step')})", "info"),
    "result": _result,
    "refused": lambda f: (f"AWS refused {f.get('call')} ({f.get('step')}): {f.get('why')}", "alarm"),
    "lease.acquired": lambda f: (f"holds the lease on {f.get('environment')}, number {f.get('fence')}", "info"),
    "lease.released": lambda f: (f"gave back the lease on {f.get('environment')}", "info"),
    "lease.lost": lambda f: (f"lost the lease on {f.get('environment')} to {f.get('to')}", "alarm"),
    "lease.left": lambda f: (f"could not give back the lease on {f.get('environment')}: {f.get('why')}", "alarm"),
    "snapshot": lambda f: (f"looked at everything {f.get('when', '')}".rstrip(), "info"),
    "journal.mended": lambda f: (f"a line cut short by a crash was taken off: {f.get('bytes_dropped')} bytes", "alarm"),
    "verdict": _verdict,
    "outcome": _outcome,
}
