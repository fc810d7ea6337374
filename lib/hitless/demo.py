"""The whole story on the lab, headless: the same runbooks an operator runs, one after the other."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hitless import runner
from hitless.clock import duration_text, monotonic_s
from hitless.lab import Lab

RUNBOOKS = Path("runbooks")
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
    state = {"STATE_DIR": str(data / "terraform")}
    chapters = [
        ("10-provision", "Provision the stack with Terraform (its AWS provider alone waits about 80 s)", {}),
        ("20-refresh-hosts", "Replace every host while users keep asking", {}),
        ("90-tear-down", "Tear everything down", {}),
    ]
    codes = []
    for name, what, parameters in chapters:
        if codes and codes[0] != runner.DONE and name != "90-tear-down":
            _say(f"{what}: skipped, there is nothing to change")
            continue
        if name == "20-refresh-hosts":
            _say(f"AWS publishes a new AMI: {lab.fault('AmiPublished')['image_id']}")
        _say(what)
        codes.append(runner.run(RUNBOOKS / f"{name}.ipynb", LAB_ACCOUNT | state | parameters, out / name))
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
