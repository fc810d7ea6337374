"""A lab whose time passes only while somebody waits: hours cost seconds, and the same seed tells the same story.

Tasks and users are simulated there, request by request but without a socket, so what it says of lost requests is exact
and what it says of latency is nothing. For measured users there is `hitless.probe` and a lab that keeps time.
"""

from __future__ import annotations

import json
import subprocess
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import boto3

from hitless import checkout
from hitless.connect import Connection
from hitless.lab import start, stop
from hitless.scratch import Scratch

ACCOUNT_ID, REGION = "123456789012", "us-east-1"
ANSWER_S_MAX = 120.0  # a slept hour of many users takes real seconds to compute


@dataclass(frozen=True)
class Seen:
    """What the users of one listener have seen.

    Attributes:
        sent: Requests sent.
        failed: Those that got no answer or a 5xx.
        windows: (AWS time, {HTTP status: count}) of each minute.
    """

    sent: int
    failed: int
    windows: tuple[tuple[float, dict[int, int]], ...] = ()

    @property
    def failed_percent(self) -> float:
        """Share of the requests that failed."""
        return 100 * self.failed / self.sent if self.sent else 0.0

    @property
    def by_status(self) -> dict[int, int]:
        """Answers by HTTP status, all minutes together."""
        total: Counter[int] = Counter()
        for _, statuses in self.windows:
            total.update(statuses)
        return dict(sorted(total.items()))

    def since(self, earlier: Seen) -> Seen:
        """What was seen after an earlier look."""
        known = dict(earlier.windows)
        windows = tuple((at, _less(statuses, known.get(at, {}))) for at, statuses in self.windows)
        kept = tuple(window for window in windows if window[1])
        return Seen(self.sent - earlier.sent, self.failed - earlier.failed, kept)


def _less(counts: dict[int, int], known: dict[int, int]) -> dict[int, int]:
    left = {status: count - known.get(status, 0) for status, count in counts.items()}
    return {status: count for status, count in left.items() if count}


class LabClock:
    """Lab time that moves when it is slept, and else stands still."""

    rate = float("inf")

    def __init__(self, ask) -> None:
        self._ask, self._now = ask, 0.0

    def set(self, now: float) -> None:
        """Say what time it is in a lab that began anew."""
        self._now = now

    def now(self) -> float:
        """Epoch seconds in lab time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of lab time pass."""
        self._now = self._ask("sleep", {"seconds": max(0.0, seconds)})["now"]

    async def asleep(self, seconds: float) -> None:
        """The same: nothing else moves this clock."""
        self.sleep(seconds)

    def from_real(self, real_s: float) -> float:
        """The present: real time means nothing here."""
        return self._now


class _Session(boto3.Session):
    """Sends every call to one lab, whatever the environment says."""

    def __init__(self, endpoint_url: str) -> None:
        super().__init__(aws_access_key_id="LAB", aws_secret_access_key="lab", region_name=REGION)
        self._endpoint_url = endpoint_url

    def client(self, service_name: str, **given):
        """A client of the lab."""
        return super().client(service_name, endpoint_url=self._endpoint_url, **given)


class _Connection(Connection):
    """Knows that it is a lab's, whatever the environment says."""

    @property
    def environment(self) -> str:
        """Always the lab."""
        return "lab"


@dataclass
class Rehearsal:
    """A virtual lab as a child process; `with Rehearsal() as rehearsal`, or `start()` and `stop()`.

    Args:
        seed: Same seed, same ids and durations.

    Attributes:
        here: The connection to it.
        folder: Gone when it ends, whoever kills what.
    """

    seed: int = 1
    here: Connection = field(init=False)
    folder: Path = field(init=False)

    def start(self) -> Rehearsal:
        """Go to the checkout and start the lab; it ends with this process at the latest."""
        checkout.enter()
        self._scratch = Scratch("hitless-rehearsal-")
        self.folder: Path = self._scratch.__enter__()
        self._process: subprocess.Popen[bytes]
        (self.folder / "lab").mkdir(parents=True, exist_ok=True)
        self._process, ready = start("--virtual", "--seed", str(self.seed), "--data", str(self.folder / "lab"))
        self.endpoint_url = ready["endpoint_url"]
        self.here = _Connection(_Session(self.endpoint_url), LabClock(self.ask), ACCOUNT_ID, REGION)
        self.start_over()
        return self

    def stop(self) -> int:
        """End the lab; its exit code."""
        code = stop(self._process)
        self._scratch.__exit__(None, None, None)
        return code

    def start_over(self) -> None:
        """An empty account again, at the same time as the first."""
        self.here.clock.set(self.ask("start-over", {"seed": self.seed})["now"])

    def send_users(self, listener_arn: str, per_second: float) -> None:
        """Send users to a listener from now on, at a constant rate."""
        self.ask("users", {"listener_arn": listener_arn, "per_second": per_second})

    def seen(self, listener_arn: str) -> Seen:
        """What a listener's users have seen so far."""
        answer = self.ask("users?" + urllib.parse.urlencode({"listener_arn": listener_arn}))
        windows = tuple(
            (w["at"], {int(status): count for status, count in w["statuses"].items()}) for w in answer["windows"]
        )
        return Seen(answer["sent"], answer["failed"], windows)

    def fault(self, name: str, **wanted: object) -> dict:
        """Let something happen: `InstanceDies`, `CapacityMissing`, `ApiThrottled` …"""
        return self.ask("faults", {"fault": name, **wanted})

    def ask(self, path: str, body: dict | None = None) -> dict:
        """Speak through the lab's own door."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint_url}/_lab/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=ANSWER_S_MAX) as answer:
            return json.load(answer)

    def __enter__(self) -> Rehearsal:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
