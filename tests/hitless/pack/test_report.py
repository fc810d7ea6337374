"""The page says what the record says, and nothing that a run put into its record comes alive in it."""

import base64
import hashlib
import http.server
import io
import json
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser

import pytest
from PIL import Image

from hitless import report, sanitise
from hitless.clock import VirtualClock
from hitless.journal import Journal
from hitless.report_cells import read_cells
from tests.hitless.pack import hostile
from tests.hitless.pack.conftest import RUN_ID, START, write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--virtual-time-budget=2000", "--dump-dom"),
)
PAGE_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "header",
    "footer",
    "section",
    "figure",
    "picture",
}
PAGE_TAGS |= {"source", "img", "details", "summary"} | sanitise.TAGS
PAGE_ATTRIBUTES = {
    "lang",
    "charset",
    "http-equiv",
    "content",
    "name",
    "class",
    "media",
    "srcset",
    "alt",
    "src",
    "width",
}
PAGE_ATTRIBUTES |= {"colspan", "rowspan"}


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, content):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(content)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes


def assert_inert(content):
    page = Page(content)
    assert set(page.tags) <= PAGE_TAGS, set(page.tags) - PAGE_TAGS
    assert {name for name, _ in page.attributes} <= PAGE_ATTRIBUTES
    loads = [value for name, value in page.attributes if name in ("src", "srcset")]
    assert all(re.fullmatch(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]+", value) for value in loads)
    assert page.tags.count("style") == 1 and page.tags.count("meta") == 4
    assert page.attributes[2:4] == [("http-equiv", "Content-Security-Policy"), ("content", policy_of(content))]


def policy_of(content):
    style = re.search(r"<style>(.*?)</style>", content, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.fixture
def hostile_run(tmp_path):
    """A run whose every text is hostile."""
    return lambda url="http://127.0.0.1:9": make_hostile(tmp_path / RUN_ID, hostile.payloads(url))


def make_hostile(folder, texts):
    folder.mkdir()
    write(folder / "05-try.ipynb", hostile.notebook(texts))
    texts = [text for text in texts if text != "\ud800"]  # no other file can hold half a character
    facts = {f"fact {n}": text for n, text in enumerate(texts)}
    one = {name: texts[n] for n, name in enumerate(("runbook", "actor", "reason", "ticket", "attempt", "run_id"))}
    write(folder / "request.json", {**one, "parameters": {**facts, **{text: text for text in texts}}})
    step = dict.fromkeys(("name", "service", "operation", "changes", "undo"))
    write(folder / "plan.json", {"digest": texts[0], "steps": [dict.fromkeys(step, text) for text in texts]})
    write(folder / "approval.json", [dict.fromkeys(("by", "at", "source", "over"), text) for text in texts])
    for when, suffix in (("before", ""), ("after", "!")):
        write(folder / f"{when}.json", {text: {text: {text: text + suffix}} for text in texts})
    with Journal(folder / "journal.jsonl", VirtualClock(START)) as journal:
        for text in texts:
            journal.append("event", label=text, tone=text)
            journal.append(text, **{text: text})
        journal.append("opened", place=texts[0], account_id=texts[1])
        claims = [{"name": text, "measured": text, "limit": text, "holds": text} for text in texts]
        journal.append("verdict", claims=claims, holds=texts[0], error=texts[0])
        journal.append("outcome", outcome=texts[0], exit_code=texts[0])
    return folder


def test_the_page_begins_with_the_verdict_and_ends_with_the_cells(run):
    content = report.write(run).read_text()
    assert_inert(content)
    parts = (
        "Proven",
        "Replace every host",
        "requests failed",
        "What happened",
        "Plan",
        "Approvals",
        "Before and after",
    )
    places = [content.index(f">{part}") for part in (*parts, "Parameters", "The runbook, as it was executed")]
    assert places == sorted(places)
    for said in (
        "alice",
        "a new AMI",
        "CHG-1",
        "bob",
        "lab, 60×",
        "i-3",
        "ami-2",
        "three hosts, red",
        "division by zero",
    ):
        assert said in content, said
    assert "<td>i-1</td>" in content  # a table of a cell is a table
    assert "<em>well</em> link" in content and "evil.example" not in content.split("<details>")[0]
    assert content.count("data:image/png;base64,") == 2  # light and dark


def test_nothing_hostile_is_left_in_the_page(hostile_run):
    content = report.write(hostile_run()).read_text()
    assert_inert(content)
    assert "document.title" in content  # it is there, as text
    for hidden in "\u202e\u2066\x1b\x00\u2028\U000e0041":
        assert hidden not in content, hex(ord(hidden))


@pytest.mark.parametrize("text", hostile.payloads())
def test_each_is_harmless_by_itself(text):
    for clean in (sanitise.fragment, sanitise.markdown):
        page = Page(clean(text))
        assert set(page.tags) <= sanitise.TAGS and {name for name, _ in page.attributes} <= {"colspan", "rowspan"}
    assert not any(sanitise.picture(kind, text) for kind in (*sanitise.MAGIC, "image/svg+xml"))


@pytest.mark.parametrize("kind", hostile.KINDS)
def test_a_picture_is_shown_only_if_it_is_one(tmp_path, kind):
    data = {kind: base64.b64encode(b"<svg onload=alert(1)>").decode(), "text/plain": "words"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    write(tmp_path / "n.ipynb", {"cells": [{"cell_type": "code", "source": "", "outputs": [output]}]})
    assert [one.image for cell in read_cells(tmp_path / "n.ipynb") for one in cell.outputs] == [""]


def test_a_true_picture_is_shown(tmp_path):
    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "png")
    data = {"image/png": base64.encodebytes(out.getvalue()).decode(), "text/plain": "words"}
    output = {"output_type": "display_data", "data": data, "metadata": {"image/png": {"width": 920}}}
    write(tmp_path / "n.ipynb", {"cells": [{"cell_type": "code", "source": "", "outputs": [output]}]})
    (cell,) = read_cells(tmp_path / "n.ipynb")
    assert cell.outputs[0].image.startswith("data:image/png;base64,iVBOR") and cell.outputs[0].width == 920


@pytest.mark.parametrize("html", ["<div>" * 10_000, "<table>" * 5_000, "&#" * 50_000, "<" * 100_000])
def test_what_is_meant_to_choke_it_does_not(html):
    assert set(Page(sanitise.fragment(html)).tags) <= sanitise.TAGS


@pytest.mark.parametrize("text", ["[" * 20_000, "> " * 20_000, "*" * 20_000, "- " * 5_000, "`" * 20_000, "|a" * 5_000])
def test_markdown_meant_to_choke_it_does_not(text):
    assert set(Page(sanitise.markdown(text)).tags) <= sanitise.TAGS


class Canary(http.server.ThreadingHTTPServer):
    """Counts what a page loads from it."""

    daemon_threads = True

    def __init__(self):
        self.paths = []
        super().__init__(("127.0.0.1", 0), self.Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass


@pytest.fixture
def canary():
    server = Canary()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.live
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")
def test_a_browser_runs_and_loads_nothing(hostile_run, canary, tmp_path):
    naked = tmp_path / "naked.html"
    tame = [text for text in hostile.payloads(canary.url) if text.isprintable() and "refresh" not in text]
    naked.write_text("<title>naked</title>" + "\n".join(tame))
    assert "<title>PWNED</title>" in dom(naked, tmp_path) and len(canary.paths) >= 3  # the control: it would
    canary.paths.clear()
    shown = dom(report.write(hostile_run(canary.url)), tmp_path)
    assert "<title>PWNED" not in shown and "What happened" in shown and canary.paths == []


def dom(page, tmp_path):
    """The page as Chromium has it after two seconds of its time."""
    command = [CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.parametrize(
    ("facts", "claims", "words"),
    [
        ({"outcome": "succeeded", "exit_code": 0}, [True, True], "Proven"),
        ({"outcome": "succeeded", "exit_code": 0}, [True, False], "Not proven"),
        ({"outcome": "succeeded", "exit_code": 0}, [], "Done"),
        ({"outcome": "refused", "exit_code": 3}, [], "Refused, nothing changed"),
        ({"outcome": "failed", "exit_code": 4}, [True], "Failed"),
        ({"outcome": "rolled back", "exit_code": 4}, [True], "Rolled back"),
        ({"outcome": "kernel died", "exit_code": 3}, [], "Kernel died, nothing changed"),
        ({"outcome": "cancelled", "exit_code": 143}, [True], "Stopped by a signal"),
        (None, [True], "No end on record"),
    ],
)
def test_the_first_words_are_the_outcome_and_never_kinder(tmp_path, facts, claims, words):
    with Journal(tmp_path / "journal.jsonl", VirtualClock(START)) as journal:
        rows = [{"name": "n", "measured": "m", "limit": "l", "holds": holds} for holds in claims]
        if rows:
            journal.append("verdict", claims=rows, holds=all(claims), error="")
        if facts:
            journal.append("outcome", **facts)
    content = report.write(tmp_path).read_text()
    assert re.search(r'class="pill \w+">([^<]+)<', content)[1] == words


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": 1}', '{"cells": [1, {}, {"cell_type": "code", "outputs": 1}]}']
)
def test_a_notebook_that_was_cut_off_still_has_a_page(run, content):
    (run / "05-try.ipynb").write_text(content)
    page = report.write(run).read_text()
    assert "Proven" in page and json.loads((run / "request.json").read_text())["ticket"] in page


def test_a_later_attempt_that_died_has_no_end_though_an_earlier_one_had(run):
    with Journal(run / "journal.jsonl", VirtualClock(START + 60)) as journal:
        journal.append("opened", attempt=2, runbook="05-try")
    page = report.write(run).read_text()
    assert "No end on record" in page and "opened · attempt 2" in page and ">holds<" not in page


def test_the_last_attempts_notebook_is_shown(run):
    for n in (2, 10):
        output = {"output_type": "stream", "text": f"said by attempt {n}"}
        write(run / f"05-try.attempt-{n}.ipynb", {"cells": [{"cell_type": "code", "source": "", "outputs": [output]}]})
    page = report.write(run).read_text()
    assert "said by attempt 10" in page and "said by attempt 2" not in page


@pytest.mark.parametrize(
    ("kind", "facts", "says"),
    [
        ("result", {"adopted": True}, "found started already"),
        ("result", {"adopted": False, "request_id": "r-9"}, "<td>done</td>"),
        ("refused", {"call": "a:b", "why": "Throttled"}, "refused by AWS"),
        ("event", {"label": "killed", "tone": "alarm"}, "no answer on record"),
    ],
)
def test_the_plan_says_what_became_of_each_step(tmp_path, kind, facts, says):
    step = {"name": "refresh", "call": "a:b", "changes": "c", "undo": "u"}
    write(tmp_path / "plan.json", {"digest": "d", "steps": [step, step | {"name": "later"}]})
    with Journal(tmp_path / "journal.jsonl", VirtualClock(START)) as journal:
        journal.append("intent", step="refresh", call="a:b", undo="u")
        journal.append(kind, step="refresh", **facts)
    page = report.write(tmp_path).read_text()
    assert says in page and page.count("<td>not begun</td>") == 1
