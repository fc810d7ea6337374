"""The whole story on the lab, headless: the same runbooks an operator runs, one after the other."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hitless import runner
from hitless.clock import duration_text, monotonic_s
from hitless.lab import Lab

RUNBOOKS = Path("runbooks")
PROBE_RATE_PER_S = 200
LAB_ACCOUNT = {"ACCOUNT_ID": "123456789012", "REASON": "rehearsal on the lab", "DRY_RUN": False}


def rehearse(out: Path, rate: float, seed: int) -> int:
    """Provision, replace every host under load, tear down; say the verdict.

    Args:
        out: Folder for the executed runbooks, journals and reports; emptied first.
        rate: Lab seconds to a real second.
        seed: The lab's seed.

    Returns:
        0 only if every runbook was done and every line of the verdict holds.
    """
    began = monotonic_s()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    data = Path(tempfile.mkdtemp(prefix="hitless-demo-"))
    try:
        with Lab(data, rate, seed) as lab:
            _say(f"Lab at {lab.endpoint_url}: one real second is {rate:g} lab seconds, nothing leaves this machine")
            code = _story(lab, out, data)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    _say(f"Ended after {duration_text(monotonic_s() - began)}: {'every claim holds' if code == 0 else 'NOT proven'}")
    return code


def _story(lab: Lab, out: Path, data: Path) -> int:
    given = LAB_ACCOUNT | {"STATE_DIR": str(data / "terraform")}

    def chapter(name: str, what: str, **parameters: object) -> int:
        _say(what)
        return runner.run(RUNBOOKS / f"{name}.ipynb", given | parameters, out / name)

    codes = [chapter("10-provision", "Provision the stack with Terraform (its AWS provider alone waits about 80 s)")]
    if codes == [runner.DONE]:
        _say(f"AWS publishes a new AMI: {lab.fault('AmiPublished')['image_id']}")
        what = f"Replace every host while {PROBE_RATE_PER_S} requests a second keep coming"
        codes.append(chapter("20-refresh-hosts", what, PROBE_RATE_PER_S=PROBE_RATE_PER_S))
    codes.append(chapter("90-tear-down", "Tear everything down"))
    _show(out / "20-refresh-hosts")
    return next((code for code in codes if code != runner.DONE), runner.DONE)


def _show(run_dir: Path) -> None:
    try:
        print(f"\n{(run_dir / 'verdict.txt').read_text()}\n")
    except FileNotFoundError:
        _say("The refresh left no verdict")
    for name in ("report.html", "timeline.png", "journal.jsonl"):
        if (run_dir / name).exists():
            print(f"  {name:<14} {run_dir / name}")


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)
