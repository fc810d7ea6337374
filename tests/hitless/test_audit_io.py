"""A run whose cells say their secrets keeps none of them: not in a byte of its folder, not on the terminal."""

import base64
import contextlib
import html
import json
import re
from urllib.parse import quote

import nbformat
import papermill
import pytest
from nbformat.v4 import new_markdown_cell
from papermill.exceptions import PapermillExecutionError

from hitless import audit_io, durable, engine, report, runner
from hitless.errors import Refused
from hitless.known_secrets import redactor_of
from hitless.redaction import NotRedacted, Redactor
from hitless.voice import Voice
from tests.hitless.canaries import PATTERNED, SECRET
from tests.hitless.notebooks import write_runbook

SAYS = """
import base64, html, json, os, subprocess, sys, zlib
from urllib.parse import quote
from IPython.display import HTML, SVG, Image, display
from tests.hitless.canaries import PATTERNED, chunk, picture
secret = os.environ["CANARY_TOKEN"]
print(secret, repr(secret), json.dumps(secret), json.dumps(json.dumps(secret)))
print(html.escape(secret), quote(secret, safe=""), secret.encode().hex())
print(*(base64.b64encode(b"x" * n + secret.encode()).decode() for n in range(3)), sep="\\n")
print(*(planted for planted, _ in PATTERNED.values()), sep="\\n")
"""
SPLITS = """
os.write(1, secret.encode() + b"\\n")
subprocess.run(["echo", secret])
for piece in (secret[:9], secret[9:], "\\n", secret[:7] + "\\n", secret[7:] + "\\n"):
    print(piece, end="", flush=True)
print(secret[:8], end="", file=sys.stderr, flush=True)
print(secret[8:], file=sys.stderr, flush=True)
"""
SHOWS = """
escaped, words = html.escape(secret), b"c\\0" + secret.encode("latin-1")
display(HTML(f"<p>{escaped}</p>"), SVG(f"<svg xmlns='http://www.w3.org/2000/svg'><text>{escaped}</text></svg>"))
display(Image(picture(chunk(b"tEXt", words), chunk(b"zTXt", b"c\\0\\0" + zlib.compress(secret.encode())))))
display({"application/json": {"a": [secret]}}, raw=True, metadata={"m": secret})
secret
"""
FAILS = "raise RuntimeError(f'\\x1b[31mno {secret}')"


def needles():
    """What each planted secret looks like once it is in a file; base64 without what its neighbours share."""
    forms = [SECRET, repr(SECRET)[1:-1], html.escape(SECRET), quote(SECRET, safe=""), SECRET.encode().hex()]
    forms += [json.dumps(SECRET)[1:-1], json.dumps(json.dumps(SECRET)[1:-1])[1:-1]]
    encoded = [base64.b64encode(b"x" * n + SECRET.encode()).decode()[4:-4] for n in range(3)]
    patterned = [secret for kind, (_, secret) in PATTERNED.items() if kind not in ("coloured", "EC key in JSON")]
    return [*forms, *encoded, *patterned]


def survivors(text):
    """Which of them are in a text, or in the strings of a notebook; line breaks and colours do not hide one."""
    with contextlib.suppress(ValueError):
        text = "\n".join(strings(json.loads(text)))
    joined = re.sub(r"\x1b\[[0-9;]*m|\r?\n", "", text)
    return [needle for needle in needles() if needle in text or needle in joined]


def strings(value):
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        yield from (text for pair in value.items() for one in pair for text in strings(one))
    if isinstance(value, list):
        yield from (text for one in value for text in strings(one))


def execute(runbook, address, voice):
    papermill.execute_notebook(
        runbook,
        address,
        {"PASSWORD": SECRET},
        engine_name=engine.NAME,
        kernel_name="python3",
        language="python",
        progress_bar=False,
        interruption=engine.Interruption(),
        voice=voice,
    )


@pytest.fixture
def runbook(tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY_TOKEN", SECRET)
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # under pytest a kernel lets what its children say pass by
    path = write_runbook(tmp_path / "05-leak.ipynb", SAYS, SPLITS, SHOWS, FAILS, parameters='PASSWORD: str = ""  # p')
    notebook = nbformat.read(path, as_version=4)
    attached = base64.b64encode(SECRET.encode()).decode()
    cell = new_markdown_cell("![a](attachment:a)", attachments={"a": {"application/octet-stream": attached}})
    notebook.cells.append(cell)
    notebook.metadata.canary = {SECRET: [SECRET]}
    nbformat.write(notebook, path)
    return path


@pytest.mark.live
def test_a_run_that_says_its_secrets_keeps_none(runbook, tmp_path, capfd, monkeypatch):
    written, run_dir = [], tmp_path / "run"
    run_dir.mkdir()
    write = audit_io.audit_io.write
    monkeypatch.setattr(audit_io.audit_io, "write", lambda text, to: (written.append(text), write(text, to)))
    redactor = redactor_of()
    executed = run_dir / runbook.name
    with audit_io.guarded(executed, redactor) as address, pytest.raises(PapermillExecutionError) as raised:
        execute(runbook, address, Voice(str(executed), redactor=redactor))
    report.write(executed.parent)
    said = "".join(capfd.readouterr())
    kept = {path.name: path.read_bytes().decode("utf-8") for path in run_dir.iterdir()}
    assert {name: survivors(text) for name, text in kept.items()} == {"05-leak.ipynb": [], "report.html": []}
    assert survivors(said) == [] and survivors("".join(kept.values())) == []
    assert set(survivors(written[-1])) == set(needles()), "the notebook said all of them, had nobody redacted it"
    assert len(written) >= 6 and "[redacted:CANARY_TOKEN]" in said and "png-metadata" in redactor.counts
    assert survivors(str(raised.value)) and not survivors(redactor.redact_text(str(raised.value)))
    notebook = nbformat.read(executed, as_version=4)
    nbformat.validate(notebook)
    status = [
        cell.metadata.papermill.status for cell in notebook.cells if "status" in cell.metadata.get("papermill", {})
    ]
    assert "failed" in status and "completed" in status


@pytest.mark.live
def test_not_a_byte_of_a_whole_pack_holds_a_secret(tmp_path, capfd, monkeypatch):
    monkeypatch.setenv("CANARY_TOKEN", SECRET)
    runbook = write_runbook(tmp_path / "05-leak.ipynb", SAYS, SPLITS, SHOWS, FAILS)
    assert runner.run(runbook, {}, tmp_path / "run") == 4
    kept = {path.name: path.read_bytes().decode("utf-8", "replace") for path in (tmp_path / "run").iterdir()}
    assert len(kept) >= 8 and {name: found for name, text in kept.items() if (found := survivors(text))} == {}
    assert survivors("".join(capfd.readouterr())) == []


@pytest.mark.live
def test_a_runbook_that_holds_a_secret_is_not_run(tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY_TOKEN", "open-sesame-4711")
    runbook = write_runbook(tmp_path / "05-leak.ipynb", "key = 'open-sesame-4711'")
    with pytest.raises(Refused, match="holds a secret") as refused:
        runner.run(runbook, {}, tmp_path / "run")
    assert "open-sesame" not in str(refused.value) and not (tmp_path / "run").exists()


def test_what_cannot_be_redacted_is_not_written(tmp_path, monkeypatch):
    path, redactor = tmp_path / "x.ipynb", Redactor({"CANARY": SECRET})
    with audit_io.guarded(path, redactor) as address:
        audit_io.audit_io.write('{"cells": []}', address)
        before = path.read_bytes()
        for broken in ("no json", '{"cells": [{"outputs": 5}]}', "[]"):
            with pytest.raises(NotRedacted):
                audit_io.audit_io.write(broken, address)
        monkeypatch.setattr(redactor, "redact_text", lambda text, **_: text)
        with pytest.raises(NotRedacted, match="still in the text"):
            audit_io.audit_io.write(json.dumps({"metadata": {"a": SECRET}}), address)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    with pytest.raises(NotRedacted):
        audit_io.audit_io.write('{"cells": []}', address)  # nobody guards it any more


@pytest.mark.live
def test_a_run_ends_when_its_record_cannot_be_redacted(tmp_path):
    runbook = write_runbook(tmp_path / "05-x.ipynb", "print('never')")
    redactor = Redactor({})
    redactor.redact_pieces = None
    with audit_io.guarded(tmp_path / "out.ipynb", redactor) as address, pytest.raises(NotRedacted):
        execute(runbook, address, Voice("x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["05-x.ipynb"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a"
    durable.replace(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _fd: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        durable.replace(path, b"new")
    monkeypatch.undo()
    durable.remove_unfinished(tmp_path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_long_notebook_without_secrets_stays_as_it_is():
    lines = [f"{n:>6} │ i-{n:017x} InService  2026-11-25T18:00:00Z  p99 {n % 97} ms" for n in range(15_000)]
    stream = {"output_type": "stream", "name": "stdout", "text": "\n".join(lines)}
    text = json.dumps({"cells": [{"cell_type": "code", "source": "", "metadata": {}, "outputs": [stream]}]})
    redactor = Redactor({f"SECRET_{n}": f"{SECRET}{n}" for n in range(12)})
    clean = json.loads(audit_io.clean(text, redactor))
    assert "".join(clean["cells"][0]["outputs"][0]["text"]) == stream["text"] and not redactor.counts
