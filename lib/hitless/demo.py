"""The whole story on the lab, headless: the same runbooks an operator runs, one after the other, under one probe."""

from __future__ import annotations

import shutil
from pathlib import Path

from hitless import runner, story
from hitless.clock import duration_text, monotonic_s
from hitless.errors import Refused
from hitless.lab import Lab
from hitless.parameters_cell import read_parameters
from hitless.scratch import Scratch

RUNBOOKS = Path("runbooks")
ON_THE_LAB = {"ACCOUNT_ID": "123456789012", "NAME": story.NAME, "REASON": "rehearsal on the lab", "DRY_RUN": False}
UNAPPROVED = runner.Settings(approve="lab")  # nobody is asked in a rehearsal; on AWS this is refused
RECORDS = ("request.json", "journal.jsonl", "samples.jsonl", "timeline.png", "timeline-dark.png", "verdict.txt")


def rehearse(out: Path, rate: float, seed: int) -> int:
    """Provision, new hosts, a release, a bad release, the old hosts again, tear down; say the verdict.

    Args:
        out: Folder for the executed runbooks, journals and reports; emptied first.
        rate: Lab seconds to a real second.
        seed: The lab's seed.

    Returns:
        0 only if every runbook ended as it must and every line of the verdict holds; 130 or 143 when a signal
        stopped it.

    Raises:
        Refused: `out` holds something that no rehearsal made.
    """
    began = monotonic_s()
    _empty(out)
    with Scratch("hitless-demo-") as data, Lab(data, rate, seed) as lab:
        say(f"Lab at {lab.endpoint_url}: one real second is {rate:g} lab seconds, nothing leaves this machine")
        code = _story(lab, out, data)
    end = "every claim holds" if code == runner.DONE else "stopped" if code > runner.INTERRUPTED else "NOT proven"
    say(f"Ended after {duration_text(monotonic_s() - began)}: {end}")
    return code


def _empty(out: Path) -> None:
    """Remove what an earlier rehearsal left, and nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    ours = {*RECORDS, *(chapter.folder for chapter in story.ALL)}
    strangers = sorted(path.name for path in out.iterdir() if path.name not in ours)
    if strangers:
        seen = {"folder": out, "holds": ", ".join(strangers[:5])}
        raise Refused("The folder holds more than a rehearsal's records.", seen=seen, do="name another --out")
    for path in out.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _story(lab: Lab, out: Path, data: Path) -> int:
    given = ON_THE_LAB | {"STATE_DIR": str(data / "terraform")}
    codes: dict[story.Chapter, int] = {}

    def run(chapter: story.Chapter) -> int:
        say(chapter.what)
        runbook = RUNBOOKS / f"{chapter.runbook}.ipynb"
        known = {name: value for name, value in given.items() if name in read_parameters(runbook)}
        codes[chapter] = runner.run(runbook, known | chapter.parameters, out / chapter.folder, UNAPPROVED)
        return codes[chapter]

    verdict = None
    if run(story.PROVISION) == runner.DONE:
        say(f"AWS publishes a new AMI: {lab.fault('AmiPublished')['image_id']}")
        verdict = story.play(out, run, codes)
    stopped = max(codes.values())
    if stopped < runner.INTERRUPTED:  # else the lab ends, and the stack with it
        run(story.TEAR_DOWN)
    _show(out)
    if stopped > runner.INTERRUPTED:
        return stopped
    as_wanted = all(codes.get(chapter) == chapter.wanted for chapter in story.ALL)
    return runner.DONE if as_wanted and verdict is not None and verdict.holds else runner.FAILED


def _show(out: Path) -> None:
    titled = [(chapter.what, out / chapter.folder) for chapter in story.CHANGES]
    for title, folder in [*titled, ("The whole story, as its users saw it", out)]:
        if (folder / "verdict.txt").exists():
            print(f"\n{title}\n{(folder / 'verdict.txt').read_text()}")
    print()
    for path in [*(out / name for name in RECORDS), *(out / c.folder / "report.html" for c in story.ALL)]:
        if path.exists():
            print(f"  {path}")


def say(text: str) -> None:
    """Tell the next chapter."""
    print(f"\n== {text}", flush=True)
