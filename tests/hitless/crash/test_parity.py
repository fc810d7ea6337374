"""The same runbook by the runner, as JupyterLab executes it, and as plain Python: the same journal."""

import json
import os
import re
import subprocess
import sys

import nbformat
import papermill
import pytest
from nbclient import NotebookClient

from hitless.journal import read
from hitless.request import Request, sha256_of
from tests.hitless.crash.conftest import CHECKOUT

pytestmark = pytest.mark.live

RUNBOOK = CHECKOUT / "runbooks" / "30-deploy-app.ipynb"
GIVEN = {
    "ACCOUNT_ID": "123456789012",
    "NAME": "web",
    "REASON": "parity",
    "DRY_RUN": False,
    "DEPLOYMENT_CONFIG": "CodeDeployDefault.ECSAllAtOnce",
    "PROBE_RATE_PER_S": 400,
}
MEASURED = {"window", "capacity", "weights", "probe", "snapshot", "verdict", "event", "limit", "run"}
OF_THE_MACHINE = {"prober's own lateness", "longest time without a success", "latency p50, p99, max"}
PLAIN = """
import ast, asyncio, inspect, sys, nbformat
names = {"__name__": "__main__"}
for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    if cell.cell_type == "code":
        code = compile(cell.source, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if inspect.iscoroutine(ended := eval(code, names)):
            asyncio.run(ended)
"""


def prepare(folder, version):
    """The runbook with its parameters, and a request as if somebody had approved it."""
    folder.mkdir()
    given = {**GIVEN, "VERSION": version, "RUN_DIR": str(folder)}
    path = folder / "30-deploy-app.ipynb"
    kernel = {"kernel_name": "python3", "language": "python", "progress_bar": False}
    papermill.execute_notebook(RUNBOOK, path, given, prepare_only=True, **kernel)
    request = Request("30-deploy-app", folder.name, sha256_of(RUNBOOK), parameters=given, actor="alice", approve="lab")
    request.write(folder)
    return path


def by_runner(operator, version):
    one = operator(
        "30-deploy-app", **{k: str(v).lower() if v is False else v for k, v in GIVEN.items()}, VERSION=version
    )
    process = one.run()
    assert process.wait(180) in (0, 4), "".join(one.said)
    return one.folder


def by_nbclient(folder, version):
    notebook = nbformat.read(prepare(folder, version), as_version=4)
    NotebookClient(notebook, timeout=180, allow_errors=True, resources={"metadata": {"path": str(CHECKOUT)}}).execute()
    return folder


def by_python(folder, version):
    command = [sys.executable, "-c", PLAIN, str(prepare(folder, version))]
    subprocess.run(command, cwd=CHECKOUT, timeout=180, check=False, env=os.environ)
    return folder


def story(folder):
    """What the journal says, without what differs between any two runs: ids, digests, moments, measurements."""
    entries = [entry for entry in read(folder / "journal.jsonl") if entry.kind not in MEASURED]
    return [(entry.kind, normal(json.dumps(dict(entry.facts), sort_keys=True))) for entry in entries]


def normal(text):
    text = re.sub(
        r'"(said|actor|run_id|fence|expires|key|error|digest|code|to|host|request_id)": ("[^"]*"|[\d.]+)',
        r'"\1": 0',
        text,
    )
    text = re.sub(r'"exit_code": [04], "outcome": "(done|not proven)"', '"exit_code": 0, "outcome": 0', text)
    text = re.sub(r"[0-9a-f]{64}|d-[A-Z0-9]{9}|\d{10}\.\d+", "#", text)
    return re.sub(
        r"\bweb:\d+|[23456]\.0\.0|revision \d+|web-(blue|green)|\d+ free places|RUN_DIR[^,}]*|taskset[^,]*", "#", text
    )


def unkept(folder):
    """What went wrong, and claims that failed but for those that a busy machine breaks by itself."""
    [verdict] = [entry.facts for entry in read(folder / "journal.jsonl") if entry.kind == "verdict"]
    failed = [claim for claim in verdict["claims"] if not claim["holds"] and claim["name"] not in OF_THE_MACHINE]
    return [verdict["error"], *failed] if verdict["error"] else failed


def test_three_ways_one_journal(web, operator, tmp_path):
    folders = [
        by_runner(operator, "2.0.0"),
        by_nbclient(tmp_path / "lab-way", "3.0.0"),
        by_python(tmp_path / "py", "4.0.0"),
    ]
    assert [unkept(folder) for folder in folders] == [[], [], []]
    headless, jupyter, plain = map(story, folders)
    assert jupyter == plain
    assert [kind for kind, _ in headless] == [kind for kind, _ in jupyter]
    assert [told for told in headless if told[0] != "opened"] == [told for told in jupyter if told[0] != "opened"]
    assert {kind for kind, _ in plain} >= {"opened", "checks", "plan", "approval", "intent", "result", "outcome"}
