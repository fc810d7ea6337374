"""The whole story on the lab, headless: the same runbooks an operator runs, one after the other."""

from __future__ import annotations

import shutil
from pathlib import Path

from hitless import runner
from hitless.clock import duration_text, monotonic_s
from hitless.errors import Refused
from hitless.lab import Lab
from hitless.scratch import Scratch

RUNBOOKS = Path("runbooks")
PROVISION, REFRESH, TEAR_DOWN = CHAPTERS = ("10-provision", "20-refresh-hosts", "90-tear-down")
PROBE_RATE_PER_S = 200
ON_THE_LAB = {"ACCOUNT_ID": "123456789012", "REASON": "rehearsal on the lab", "DRY_RUN": False}


def rehearse(out: Path, rate: float, seed: int) -> int:
    """Provision, replace every host under load, tear down; say the verdict.

    Args:
        out: Folder for the executed runbooks, journals and reports; emptied first.
        rate: Lab seconds to a real second.
        seed: The lab's seed.

    Returns:
        0 only if every runbook was done and every line of the verdict holds; 130 or 143 when a signal stopped it.

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
    strangers = sorted(path.name for path in out.iterdir() if path.name not in CHAPTERS)
    if strangers:
        seen = {"folder": out, "holds": ", ".join(strangers[:5])}
        raise Refused("The folder holds more than a rehearsal's records.", seen=seen, do="name another --out")
    for chapter in out.iterdir():
        shutil.rmtree(chapter)


def _story(lab: Lab, out: Path, data: Path) -> int:
    given = ON_THE_LAB | {"STATE_DIR": str(data / "terraform")}

    def chapter(name: str, what: str, **parameters: object) -> int:
        say(what)
        return runner.run(RUNBOOKS / f"{name}.ipynb", given | parameters, out / name)

    codes = [chapter(PROVISION, "Provision the stack with Terraform (its AWS provider alone waits about 80 s)")]
    if codes == [runner.DONE]:
        say(f"AWS publishes a new AMI: {lab.fault('AmiPublished')['image_id']}")
        what = f"Replace every host while {PROBE_RATE_PER_S} requests a second keep coming"
        codes.append(chapter(REFRESH, what, PROBE_RATE_PER_S=PROBE_RATE_PER_S))
    if max(codes) < runner.INTERRUPTED:  # else the lab ends, and the stack with it
        codes.append(chapter(TEAR_DOWN, "Tear everything down"))
    _show(out / REFRESH)
    return max(codes) if max(codes) > runner.INTERRUPTED else next((code for code in codes if code), runner.DONE)


def _show(run_dir: Path) -> None:
    try:
        print(f"\n{(run_dir / 'verdict.txt').read_text()}\n")
    except FileNotFoundError:
        say("The refresh left no verdict")
    for name in ("report.html", "timeline.png", "journal.jsonl"):
        if (run_dir / name).exists():
            print(f"  {name:<14} {run_dir / name}")


def say(text: str) -> None:
    """Tell the next chapter."""
    print(f"\n== {text}", flush=True)
