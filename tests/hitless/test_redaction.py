"""Planted secrets are found in every form; what is none stays as it is."""

import base64
import codecs
import html
import json
import shlex
import struct
import zlib
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitless import png
from hitless.clock import VirtualClock
from hitless.errors import Refused
from hitless.journal import Journal, read
from hitless.known_secrets import find_secrets
from hitless.notebook_redaction import redact_notebook
from hitless.redaction import NotRedacted, Redactor
from hitless.trickle import Trickle
from hitless.voice import Voice
from tests.hitless.canaries import PATTERNED, SECRET, chunk, picture

ENCODINGS = {
    "plain": lambda v: v,
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 after one": lambda v: base64.b64encode(b"x" + v.encode() + b"yy").decode(),
    "base64 after two": lambda v: base64.b64encode(b"xy" + v.encode() + b"y").decode(),
    "base64 for URLs": lambda v: base64.urlsafe_b64encode(b"xy" + v.encode()).decode(),
    "base64 of UTF-16": lambda v: base64.b64encode(v.encode("utf-16-le")).decode(),
    "base64 in lines": lambda v: base64.encodebytes(b"z" * 50 + v.encode()).decode(),
    "basic": lambda v: base64.b64encode(f"user:{v}".encode()).decode(),
    "hex": lambda v: v.encode().hex(),
    "HEX": lambda v: v.encode().hex().upper(),
    "hex with blanks": lambda v: v.encode().hex(" "),
    "hex with colons": lambda v: v.encode().hex(":"),
    "percent": quote,
    "percent all": lambda v: quote(v, safe=""),
    "percent plus": quote_plus,
    "percent each": lambda v: "".join(f"%{b:02x}" for b in v.encode()),
    "JSON": json.dumps,
    "JSON in JSON": lambda v: json.dumps(json.dumps({"a": v})),
    "JSON, not ASCII": lambda v: json.dumps(v, ensure_ascii=False),
    "JSON, slashes": lambda v: json.dumps(v).replace("/", "\\/"),
    "HTML": html.escape,
    "HTML, no quotes": lambda v: html.escape(v, quote=False),
    "HTML, numbers": lambda v: "".join(f"&#{ord(c)};" for c in v),
    "HTML, hex": lambda v: "".join(f"&#x{ord(c):x};" for c in v),
    "repr": repr,
    "bytes as such": lambda v: repr(v.encode()),
    "shell": lambda v: shlex.quote(f"a{v}b"),
    "base64 in JSON": lambda v: base64.b64encode(v.encode()).decode().replace("/", "\\/"),
    "base64 in a URL": lambda v: quote(base64.b64encode(b"x" + v.encode()).decode(), safe=""),
    "bytes": lambda v: "".join(f"\\x{b:02x}" for b in v.encode()),
    "coloured": lambda v: "\x1b[0;31m" + "\x1b[1m".join(v) + "\x1b[0m",
    "over lines": lambda v: v[:7] + "\n    " + v[7:15] + "\r\n" + v[15:],
    "continued": lambda v: v[:9] + "\\\n" + v[9:],
}


def known():
    return Redactor({"CANARY": SECRET})


KNOWN = known()


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_known_value_is_found_in_every_encoding(name):
    planted = ENCODINGS[name](SECRET)
    redactor = known()
    text = redactor.redact_text(f"before {planted} after")
    assert "[redacted:CANARY]" in text and text.startswith("before ") and text.endswith(" after")
    assert planted[4:-4] not in text and planted[-16:-8] not in text  # base64 may keep a character of both neighbours
    assert redactor.counts["CANARY"] >= 1 and redactor.redact_text(text) == text
    assert planted in Redactor({}).redact_text(f"before {planted} after")  # nothing but the value gives it away


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(min_size=6, max_size=40).filter(str.strip), st.sampled_from(sorted(ENCODINGS)), st.text(max_size=20))
def test_no_value_survives(value, name, around):
    if len(value.strip()) < 6 or any(0xD800 <= ord(c) < 0xE000 for c in value):
        return
    planted = ENCODINGS[name](value)
    redactor = Redactor({"CANARY": value})
    text = redactor.redact_text(f"{around}{planted}{around}")
    redactor.require_clean(text)
    assert "[redacted:CANARY]" in text


@pytest.mark.parametrize("kind", PATTERNED)
def test_what_looks_like_a_secret_is_one(kind):
    planted, secret = PATTERNED[kind]
    redactor = Redactor({})
    text = redactor.redact_text(f"so {planted} it is")
    assert secret not in text and "[redacted:" in text and text.startswith("so ") and sum(redactor.counts.values()) >= 1
    assert redactor.redact_text(text) == text


@pytest.mark.parametrize(
    "harmless",
    [
        "arn:aws:iam::123456789012:role/hitless-dev-deploy",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:web/token-AbCdEf",
        'secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:web"',
        "123456789012 us-east-1 i-0123456789abcdef0 ami-0a10000000000ec51 sg-0123456789abcdef0",
        "sha256:" + "0123456789abcdef" * 4,
        "http://127.0.0.1:4566/path?x=1 https://user@host/x 10:30:00",
        "AROAEXAMPLEEXAMPLEEX AIDAEXAMPLEEXAMPLEEX",
        "the bearer of this token passes; basic things; Authorization: none",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "d-ABCDEF123 eyJust.a.word sk-short ghp_short xox",
        "password: see the vault; token=…",
    ],
)
def test_what_is_no_secret_stays(harmless):
    assert known().redact_text(harmless) == harmless


def test_a_key_that_is_cut_off_is_gone_to_the_end():
    assert "MIIE" not in Redactor({}).redact_text("x -----BEGIN RSA PRIVATE KEY-----\nMIIEow\nMIIEpA")


def test_a_long_text_of_beginnings_takes_no_time_to_speak_of():
    for text in ("-----BEGIN " * 50_000, "<" * 500_000, " " * 500_000 + "\n", "://" * 200_000, "eyJ" * 200_000):
        assert known().redact_text(text) == text


def test_tags_within_a_value_stay_and_the_value_goes():
    text = known().redact_text(f"<td><b>{SECRET[:5]}</b><i>{SECRET[5:]}</i></td>", is_markup=True)
    assert text == "<td><b>[redacted:CANARY]</b><i></i></td>"


@pytest.mark.parametrize("text", ["correct horse\nbattery", "correct\n    horse battery", "correct-horse\\\n battery"])
def test_a_passphrase_is_found_however_it_is_wrapped(text):
    value = "correct-horse battery" if "-" in text else "correct horse battery"
    assert "battery" not in Redactor({"PHRASE": value}).redact_text(f"it is {text}, so")


def test_pieces_keep_their_number():
    pieces = known().redact_pieces(["a", SECRET[:3], SECRET[3:9], "", SECRET[9:], "b"])
    assert pieces == ["a", "[redacted:CANARY]", "", "", "", "b"]
    assert known().redact_pieces([]) == []


def test_a_seam_or_a_colour_may_end_a_secret_as_well_as_hide_it():
    key = PATTERNED["AWS key id"][0]
    ended = ["x", key], [key, "x"], [f"x\x1b[1m{key}\x1b[0mx"]
    hidden = ["x ", key[:6], key[6:]], [f"x \x1b[1m{key[:6]}\x1b[0m{key[6:]}"]
    for pieces in (*ended, *hidden):
        redactor = Redactor({})
        assert key[6:] not in "".join(redactor.redact_pieces(pieces)) and redactor.counts["aws-key-id"] == 1
    assert Redactor({}).redact_value({"a": ["x", {"b": key}, key]}) == {
        "a": ["x", {"b": "[redacted:aws-key-id]"}, "[redacted:aws-key-id]"]
    }


def test_a_text_under_a_secrets_name_goes_as_a_whole():
    facts = {"db_password": "correct-horse", "SecretAccessKey": "abcdefgh", "nextToken": "abcdefgh", "token": "short"}
    facts |= {"secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:web", "password_length": "123456789"}
    clean = Redactor({}).redact_value(facts)
    assert [name for name in facts if clean[name] != facts[name]] == ["db_password", "SecretAccessKey"]
    assert Redactor({}).redact_value(clean) == clean
    shown = notebook({"output_type": "display_data", "data": {"application/json": facts}})
    assert "correct-horse" not in json.dumps(redact_notebook(shown, Redactor({})))


def test_bytes_keep_their_length():
    data = b"\xff\xfe" + SECRET.encode() + b"\x00" + SECRET.encode("utf-16-le") + b"AKIAIOSFODNN7EXAMPLE\xff"
    clean = known().redact_bytes(data)
    assert len(clean) == len(data) and clean.count(b"*" * 20) >= 3 and known().redact_bytes(b"\xff\x00") == b"\xff\x00"
    assert known().redact_bytes(f"é {SECRET}".encode()) == "é [redacted:CANARY]".encode()


def test_two_names_that_become_one_are_refused():
    with pytest.raises(NotRedacted):
        known().redact_value({SECRET: 1, html.escape(SECRET): 2})


def test_what_is_still_there_is_not_written():
    redactor = known()
    redactor.require_clean("[redacted:CANARY] and nothing else")
    with pytest.raises(NotRedacted, match="CANARY is still in the text"):
        redactor.require_clean(f"x{json.dumps(SECRET)}x")


def test_a_picture_keeps_its_pixels_and_loses_its_words():
    plain = png.strip(picture())[0]
    worded = picture(
        chunk(b"tEXt", b"Comment\0" + SECRET.encode("latin-1")),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(SECRET.encode())),
        chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(SECRET.encode())),
        chunk(b"eXIf", SECRET.encode()),
        chunk(b"prVt", SECRET.encode()),
    )
    assert png.strip(worded + SECRET.encode()) == (plain, 6) and png.strip(plain) == (plain, 0)
    for bad in (b"", b"GIF89a", worded[:-4], worded[:60], worded.replace(b"IHDR", b"IHDX")):
        with pytest.raises(png.BadPng):
            png.strip(bad)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=80))
def test_no_bytes_confuse_the_reader_of_pictures(data):
    for content in (data, png.SIGNATURE + data, png.SIGNATURE + struct.pack(">I", 2**31) + data):
        with pytest.raises(png.BadPng):
            png.strip(content)


def notebook(*outputs, **cell):
    return {"cells": [{"cell_type": "code", "source": "", "outputs": list(outputs), "metadata": {}, **cell}]}


def b64(data):
    return base64.b64encode(data).decode()


E = html.escape(SECRET)
PLANTS = {
    "source": notebook(source=["a = 1\n", f"token = {SECRET!r}"]),
    "cell metadata": notebook(metadata={"papermill": {"parameters": {"P": SECRET}}}),
    "name in metadata": notebook(metadata={SECRET: 1}),
    "notebook metadata": {"cells": [], "metadata": {"widgets": {"state": [{"value": ["x", {"y": SECRET}]}]}}},
    "stream of a widget": {
        "cells": [],
        "metadata": {"widgets": {"state": {"outputs": [{"output_type": "stream", "name": "a", "text": SECRET}]}}},
    },
    "attachment": {"cells": [{"cell_type": "markdown", "attachments": {"a.txt": {"text/plain": SECRET}}}]},
    "attached bytes": {
        "cells": [{"cell_type": "markdown", "attachments": {"a": {"application/octet-stream": b64(SECRET.encode())}}}]
    },
    "traceback": notebook({"output_type": "error", "evalue": SECRET, "traceback": ["", "\x1b[31m".join(SECRET)]}),
    "html": notebook({"output_type": "display_data", "data": {"text/html": [f"<b>{E[:9]}</b>\n", f"<i>{E[9:]}</i>"]}}),
    "html picture": notebook(
        {
            "output_type": "display_data",
            "data": {
                "text/html": "<img src='data:image/png;base64,"
                + b64(picture(chunk(b"zTXt", b"c\0\0" + zlib.compress(SECRET.encode()))))
                + "'>"
            },
        }
    ),
    "svg": notebook({"output_type": "display_data", "data": {"image/svg+xml": f"<text>{html.escape(SECRET)}</text>"}}),
    "png": notebook(
        {"output_type": "display_data", "data": {"image/png": b64(picture(chunk(b"tEXt", SECRET.encode())))}}
    ),
    "bad png": notebook({"output_type": "display_data", "data": {"image/png": b64(b"\x89PNG" + SECRET.encode())}}),
    "jpeg": notebook(
        {"output_type": "display_data", "data": {"image/jpeg": b64(b"\xff\xd8\xff\xe1" + SECRET.encode())}}
    ),
    "json": notebook({"output_type": "display_data", "data": {"application/json": {"a": [SECRET, {"b": SECRET}]}}}),
    "split stream": notebook(
        {"output_type": "stream", "name": "stdout", "text": SECRET[:6]},
        {"output_type": "stream", "name": "stdout", "text": [SECRET[6:]]},
    ),
    "two streams": notebook(
        {"output_type": "stream", "name": "stdout", "text": SECRET[:6]},
        {"output_type": "stream", "name": "stderr", "text": SECRET[6:]},
    ),
    "interrupted stream": notebook(
        {"output_type": "stream", "name": "stdout", "text": SECRET[:6]},
        {"output_type": "display_data", "data": {"text/plain": "between"}},
        {"output_type": "stream", "name": "stderr", "text": "also between"},
        {"output_type": "stream", "name": "stdout", "text": SECRET[6:]},
    ),
}


def everything(value):
    """All texts of a notebook; base64 and compressed chunks opened."""
    text = json.dumps(value, ensure_ascii=False)
    found = [text]
    for word in text.replace("'", '"').replace("base64,", '"').split('"'):
        try:
            data = base64.b64decode(word, validate=True)
        except ValueError:
            continue
        found.append(data.decode("latin-1"))
        for start in range(len(data)):
            if data[start : start + 1] == b"\x78":
                try:
                    found.append(zlib.decompress(data[start:]).decode("latin-1"))
                except zlib.error:
                    continue
    return "\n".join(found)


@pytest.mark.parametrize("place", PLANTS)
def test_no_place_in_a_notebook_keeps_a_secret(place):
    redactor = known()
    clean = redact_notebook(PLANTS[place], redactor)
    said = everything(clean)
    for start in range(len(SECRET) - 7):
        assert SECRET[start : start + 8] not in said.replace("\x1b[31m", "").replace("\\u001b[31m", "")
    assert sum(redactor.counts.values()) >= 1


def test_a_notebook_without_secrets_stays_as_it_is():
    plain = b64(png.strip(picture())[0])
    harmless = notebook({"output_type": "display_data", "data": {"image/png": plain, "text/html": ["<b>\n", "x</b>"]}})
    redactor = known()
    assert redact_notebook(harmless, redactor) == harmless and not redactor.counts


def test_a_secret_that_comes_in_pieces_is_held_back_until_it_is_whole():
    said = []
    trickle = Trickle(known())
    key = "-----BEGIN PRIVATE KEY-----\nMIIE\n"
    for piece in ("one\ntw", "o\n", SECRET[:8], "\n" + SECRET[8:], "\nthree\n", key, "MI"):
        said.append(trickle.feed(piece))
    said.append(trickle.flush())
    assert said[:2] == ["one\n", "two\n"] and SECRET[8:] not in "".join(said) and "MI" not in "".join(said)
    assert "".join(said).startswith("one\ntwo\n[redacted:CANARY]\n\nthree\n[redacted:private-key]")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.data(), st.sampled_from([SECRET, json.dumps(SECRET), SECRET[:9] + "\n  " + SECRET[9:], SECRET + "\n" + SECRET])
)
def test_however_a_stream_is_cut_nothing_is_lost_and_nothing_is_told(data, planted):
    text = data.draw(st.text("ab \n", max_size=12)) + planted + data.draw(st.text("ab \n", max_size=12))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    trickle = Trickle(KNOWN)
    said = [trickle.feed(text[start:end]) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert "".join(said) + trickle.flush() == KNOWN.redact_text(text)


LEAVES = st.none() | st.booleans() | st.integers() | st.text("k9/ \x1b[m<b>&\n{}", max_size=20) | st.just(SECRET)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text/html", "image/png", "data", "x"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(VALUES, VALUES)
def test_whatever_a_notebook_holds_no_secret_is_left_and_the_rest_stays(output, metadata):
    KNOWN.counts.clear()
    before = notebook({"output_type": "display_data", "data": {"x": output}}, metadata={"m": metadata})
    clean = redact_notebook(before, KNOWN)
    KNOWN.require_clean(json.dumps(clean))
    assert (clean == before) or KNOWN.counts
    assert redact_notebook(clean, KNOWN) == clean


def test_the_terminal_is_told_no_secret(capsys):
    class Output(dict):
        __getattr__ = dict.__getitem__

    voice = Voice("x.ipynb", redactor=known())
    for piece in ("it is ", SECRET[:5], SECRET[5:], " indeed\n"):
        voice.hear(Output(output_type="stream", name="stdout", text=piece))
    voice.hear(Output(output_type="error", ename="E", evalue="", traceback=[SECRET]))
    voice.hear(Output(output_type="execute_result", data={"text/plain": repr(SECRET)}))
    said = capsys.readouterr().out
    assert said.count("[redacted:CANARY]") == 3 and SECRET[:8] not in said and "it is [redacted:CANARY] indeed" in said


def test_the_journal_keeps_no_secret_and_writes_nothing_it_cannot_redact(tmp_path):
    with Journal(tmp_path / "j.jsonl", VirtualClock(), known().redact_value) as journal:
        journal.append("fact", a={"b": [SECRET, 1]})
    assert read(tmp_path / "j.jsonl")[0].facts == {"a": {"b": ["[redacted:CANARY]", 1]}}

    def broken(_facts):
        raise NotRedacted("No.")

    with Journal(tmp_path / "k.jsonl", VirtualClock(), broken) as journal, pytest.raises(NotRedacted):
        journal.append("fact", a=SECRET)
    assert (tmp_path / "k.jsonl").read_bytes() == b""


def test_known_secrets_come_from_everywhere(tmp_path):
    class Session:
        def get_credentials(self):
            return self

        get_frozen_credentials = get_credentials
        access_key, secret_key, token = "LABKEY000001", "labsecret0001", None

    file = tmp_path / "more.json"
    file.write_text('{"vault": "fromthevault"}')
    schema = {"properties": {"PASSWORD": {"type": "string", "writeOnly": True}, "NAME": {"type": "string"}}}
    environment = {
        "GITHUB_TOKEN": "ght-00000001",
        "DB_PASSWORD": "pässword1",
        "AWS_SECRET_ACCESS_KEY": "aws-secret-1",
        "API_KEY": "abc",
        "X_TOKEN": "stream",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
        "PATH": "/usr/bin:/bin",
    }
    found = find_secrets(
        environment=environment,
        session=Session(),
        schema=schema,
        values={"PASSWORD": "hunter22", "NAME": "hitless-dev"},
        file=file,
    )
    assert set(found.values()) == {
        *("ght-00000001", "pässword1", "aws-secret-1", "LABKEY000001", "labsecret0001", "hunter22", "fromthevault")
    }
    with pytest.raises(Refused, match="PASSWORD has fewer than 6 characters"):
        find_secrets(environment={}, schema=schema, values={"PASSWORD": "abc"})


def test_rot13_is_not_promised():
    assert codecs.encode(SECRET, "rot13") in known().redact_text(codecs.encode(SECRET, "rot13"))


def test_what_was_clean_as_text_is_looked_at_again_as_markup():
    redactor, split = Redactor({"TOKEN": SECRET}), f"{SECRET[:9]}<b>{SECRET[9:]}"
    assert redactor.redact_text(split) == redactor.redact_text(split) == split
    assert "[redacted:TOKEN]" in redactor.redact_text(split, is_markup=True)
