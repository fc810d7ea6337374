"""A summary says what the record says, and what the record quotes stays text."""

import re

import pytest

from hitless.clock import VirtualClock
from hitless.journal import Journal, read
from hitless.samples import Sample, window
from hitless.spark import COLUMNS, chart
from hitless.summary import markdown, safe
from hitless.timeline import Recorder
from tests.hitless.records import START, make_run

HOSTILE = "CHG-1: </details><img src=x onerror=alert(1)>\n| @octo-org/everyone [x](https://evil.example) `rm` #1"


@pytest.fixture(autouse=True)
def _own_key(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_dry_run_shows_its_plan_and_the_code_to_approve(tmp_path):
    text = markdown(make_run(tmp_path / "r"))
    assert "every host" in text and re.search(r"exactly the plan \*\*[0-9a-f]{12}\*\*", text)


def test_a_verdict_shows_what_failed_first(tmp_path):
    claims = [{"name": "requests failed", "measured": "7", "limit": "≤ 0", "holds": False}]
    run = make_run(tmp_path / "r", ("verdict", {"claims": claims}), dry=False, outcome="not proven")
    text = markdown(run)
    assert text.startswith("### ❌") and "| ❌ | requests failed | 7 | ≤ 0 |" in text
    assert "exactly the plan" not in text


def test_whatever_is_quoted_stays_text(tmp_path):
    text = markdown(make_run(tmp_path / "r", reason=HOSTILE, actor="<b>|eve"))
    assert not re.search(r"<(?!/?(details|summary)>)", text) and text.count("</details>") == text.count("<details>")
    assert "@octo" not in text and "](" not in text and "https:" not in text
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in text.splitlines() if "CHG-1" in line)
    assert len(safe("x" * 10_000)) <= 300


@pytest.mark.parametrize("left", ["journal.jsonl", "plan.json", "request.json"])
def test_what_is_left_of_a_record_is_told(tmp_path, left):
    run = make_run(tmp_path / "r")
    for path in run.iterdir():
        if path.name != left:
            path.unlink()
    assert markdown(run).startswith("### ")


def test_the_chart_keeps_the_worst_moment(tmp_path):
    with Journal(tmp_path / "j", VirtualClock(START)) as journal:
        recorder = Recorder(journal)
        for second in range(200):
            failed = "5xx" if second == 100 else ""
            samples = [Sample(START + second, 0.0, 0.01, 200, failed)] * 10
            recorder.window(window(START + second, 1, samples), VirtualClock())
    drawn = chart(read(tmp_path / "j"))
    [failed] = [line for line in drawn.splitlines() if line.startswith("failed")]
    assert failed.count("█") == 1 and failed.endswith("0 to 10") and failed[12 + COLUMNS // 2] == "█"
    assert chart([]) == ""
