"""The chapters of the demo, how each must end, and what its users may have noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hitless import runner
from hitless.onlooker import Onlooker
from hitless.samples import Sample, read_samples
from hitless.verdict import Verdict

NAME = "hitless-dev"
USERS_PER_S = 100  # requests a second of the onlooker; each runbook has a probe of its own beside it
PROBE = {"PROBE_RATE_PER_S": 200}
HOOK = {"HOOK": f"CodeDeployHook_{NAME}"}  # Terraform makes it; it tries a release through the test listener first
BAD_RELEASE = "ERROR_PERCENT=100 ERROR_PORTS=80,443"  # well through the test listener, then it fails every user
CANARY_PERCENT = 10
P99_MS_MAX = 500.0
ENDS = {runner.DONE: "done", runner.REFUSED: "refused", runner.FAILED: "failed, taken back"}


@dataclass(frozen=True, eq=False)
class Chapter:
    """One runbook of the story.

    Attributes:
        runbook: Its name.
        folder: Where its record goes.
        what: What it does, for whoever watches.
        short: The same for the picture.
        wanted: The exit code it must end with; the bad release must fail.
        parameters: What it is run with beside the environment's.
    """

    runbook: str
    folder: str
    what: str
    short: str
    wanted: int = runner.DONE
    parameters: dict[str, object] = field(default_factory=dict)


PROVISION = Chapter(
    "10-provision",
    "10-provision",
    "Provision the stack with Terraform (its AWS provider alone waits 75 s)",
    "provision",
)
BAD = Chapter(
    "30-deploy-app",
    "30-deploy-bad-app",
    "Release 3.0.0, red: it starts healthy, then fails every user it gets. The alarm must take it back",
    "bad release",
    runner.FAILED,
    PROBE | HOOK | {"VERSION": "3.0.0", "COLOUR": "red", "CONTAINER": BAD_RELEASE, "FAILED_MAX": -1},
)
CHANGES = (
    Chapter(
        "20-refresh-hosts",
        "20-refresh-hosts",
        "Replace every host while users keep asking",
        "new hosts",
        parameters=PROBE,
    ),
    Chapter(
        "30-deploy-app", "30-deploy-app", "Release 2.0.0, green, by a 10 % canary", "release", parameters=PROBE | HOOK
    ),
    BAD,
    Chapter(
        "41-roll-back-hosts",
        "41-roll-back-hosts",
        "Go back to the hosts that served before",
        "hosts back",
        parameters=PROBE,
    ),
)
TEAR_DOWN = Chapter("90-tear-down", "90-tear-down", "Tear everything down", "tear-down")
ALL = (PROVISION, *CHANGES, TEAR_DOWN)


def play(out: Path, run: Callable[[Chapter], int], codes: dict[Chapter, int]) -> Verdict:
    """Run every change under one probe, and judge what its users noticed.

    Args:
        out: Where the onlooker's record goes.
        run: Runs one chapter; answers its exit code.
        codes: Filled with each chapter's exit code; a signal's ends the story.
    """
    watched: dict[Chapter, tuple[float, float]] = {}
    with Onlooker(NAME, out, "New hosts, a release, a bad one taken back, old hosts", USERS_PER_S) as users:
        for chapter in CHANGES:
            began = users.now()
            with users.phase(chapter.short, "gate" if chapter is BAD else "info"):
                codes[chapter] = run(chapter)
            watched[chapter] = began, users.now()
            if codes[chapter] != chapter.wanted:
                break
    verdict = _judge(users, codes, watched, out)
    users.keep(verdict)
    return verdict


def _judge(
    users: Onlooker, codes: dict[Chapter, int], watched: dict[Chapter, tuple[float, float]], out: Path
) -> Verdict:
    verdict = Verdict()
    for chapter in CHANGES:
        verdict.equal(chapter.short, _end(codes.get(chapter)), _end(chapter.wanted))
    if users.summary is None:
        return verdict.claim("users", measured="the probe did not end", limit="watched to the end", holds=False)
    samples, lost = read_samples(out / "samples.jsonl")
    start, end = watched.get(BAD, (0.0, 0.0))
    bad = [s for s in samples if start <= users.from_real(s.intended) <= end]
    verdict.at_least("requests sent", len(samples), 10_000)
    verdict.equal("requests unaccounted for", lost, 0)
    verdict.equal("requests failed outside the bad release", _failed(samples) - _failed(bad), 0)
    verdict.at_most("requests failed by the bad release", _failed(bad), len(bad) * CANARY_PERCENT // 100)
    verdict.at_least("of them, so that there was something to catch", _failed(bad), 1)
    verdict.at_most("longest time without a success", users.summary.longest_gap_s, 1.0, "s")
    verdict.latency(users.summary, P99_MS_MAX)
    verdict.at_least("lowest healthy capacity", users.timeline.lowest_percent, 90, "%")
    return verdict


def _end(code: int | None) -> str:
    return "not run" if code is None else ENDS.get(code, f"exit code {code}")


def _failed(samples: list[Sample]) -> int:
    return sum(bool(sample.failure) for sample in samples)
