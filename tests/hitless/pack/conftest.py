"""A small run, really executed by papermill, and packs made of it."""

import json
import shutil

import papermill
import pytest

from hitless import pack, signing
from hitless.charts import render
from hitless.clock import VirtualClock
from hitless.journal import Journal
from hitless.manifest import digest
from hitless.samples import Sample, window
from hitless.timeline import Recorder, Timeline
from hitless.verdict import Verdict
from tests.hitless.notebooks import write_runbook

START = 1_800_000_000.0
RUN_ID = "20270115T080000Z"
PLAN_DIGEST = digest(b"the plan")
CELLS = (
    "print('three hosts,\\x1b[31m red\\x1b[0m')",
    "import pandas\npandas.DataFrame({'host': ['i-1', 'i-2'], 'healthy': [True, True]})",
    "from IPython.display import HTML, Markdown\ndisplay(Markdown('# Title\\n\\n*well* [link](https://evil.example)'))",
    "1 / 0",
)
PAPERMILL = {"kernel_name": "python3", "language": "python", "progress_bar": False}
STEP = {"name": "refresh", "service": "autoscaling", "operation": "start_instance_refresh"}
BEFORE = {"hosts": {"i-1": {"image_id": "ami-1"}, "i-2": {"image_id": "ami-1"}}, "group": {"web": {"desired": 2}}}
AFTER = {"hosts": {"i-2": {"image_id": "ami-2"}, "i-3": {"image_id": "ami-2"}}, "group": {"web": {"desired": 2}}}


@pytest.fixture(scope="session")
def executed(tmp_path_factory):
    """A run folder as the runner leaves it, not sealed. The last cell fails, as the way back of a run may."""
    folder = tmp_path_factory.mktemp("runs") / RUN_ID
    folder.mkdir()
    source = write_runbook(folder / "runbook.source.ipynb", *CELLS)
    with pytest.raises(papermill.PapermillExecutionError):
        papermill.execute_notebook(source, folder / "05-try.ipynb", {"COUNT": 2}, **PAPERMILL)
    over = {"runbook": digest(source.read_bytes()), "plan": PLAN_DIGEST, "parameters": digest(b"parameters")}
    write(folder / "request.json", request(over["runbook"]))
    write(folder / "plan.json", {"digest": PLAN_DIGEST, "steps": [{**STEP, "changes": "every host", "undo": "cancel"}]})
    write(folder / "undo.json", [])
    write(folder / "approval.json", {"by": "bob", "at": "2027-01-15T08:00:00Z", "source": "file", "over": over})
    write(folder / "before.json", BEFORE)
    write(folder / "after.json", AFTER)
    _journal(folder)
    (folder / "samples.jsonl").write_text('{"start": 1}\n')
    for name, theme in (("timeline.png", "light"), ("timeline-dark.png", "dark")):
        (folder / name).write_bytes(render(Timeline.load(folder / "journal.jsonl"), theme, dpi=30))
    return folder


def request(runbook_sha256):
    return {
        "runbook": "05-try",
        "run_id": RUN_ID,
        "attempt": 1,
        "actor": "alice",
        "reason": "a new AMI",
        "ticket": "CHG-1",
        "runbook_sha256": runbook_sha256,
        "parameters": {"COUNT": 2, "SHARE": 0.5, "DRY_RUN": False},
        "parameters_sha256": digest(b"parameters"),
    }


def write(path, content):
    path.write_text(json.dumps(content))


def _journal(folder):
    clock = VirtualClock(START)
    with Journal(folder / "journal.jsonl", clock) as journal:
        journal.append("opened", runbook="05-try", account_id="123456789012", place="lab, 60×", run_id=RUN_ID)
        run = Recorder(journal)
        run.run("Replace every host", "lab, 60×")
        journal.append("intent", step="refresh", call="autoscaling:start_instance_refresh", undo="cancel")
        clock.sleep(1)
        journal.append("result", step="refresh", request_id="r-1")
        for second in range(20):
            samples = [Sample(START + second, 0.0, 0.01, 200)] * 20
            run.window(window(START + second, 1, samples), VirtualClock())
        clock.sleep(20)
        verdict = Verdict().equal("requests failed", 0, 0).at_most("latency p99", 10, 250, "ms")
        journal.append("verdict", claims=verdict.facts(), holds=verdict.holds, error="")
        journal.append("outcome", outcome="succeeded", exit_code=0)


@pytest.fixture
def run(executed, tmp_path):
    """The run, to do with as one likes."""
    return shutil.copytree(executed, tmp_path / "runs" / "05-try" / RUN_ID)


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    """A private key, and its public half beside it."""
    path = tmp_path_factory.mktemp("key") / "signing-key.pem"
    signing.open_signer(path)
    return path


@pytest.fixture(scope="session")
def sealed_once(executed, key, tmp_path_factory):
    folder = shutil.copytree(executed, tmp_path_factory.mktemp("sealed") / RUN_ID)
    pack.seal(folder, key)
    return folder


@pytest.fixture
def sealed(sealed_once, tmp_path):
    """A pack of one's own."""
    return shutil.copytree(sealed_once, tmp_path / "packs" / RUN_ID)
