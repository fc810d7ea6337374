"""A pack is believed only if every byte of it is as it was sealed."""

import json
import random
import shutil
from pathlib import Path

import pytest

from hitless import manifest, pack, signing, statement
from hitless.__main__ import main
from hitless.journal import canonical
from hitless.manifest import ENVELOPE, MANIFEST, PREDICATE, SEAL, STATEMENT
from tests.hitless.pack.conftest import RUN_ID

MUTATIONS_PER_FILE = 12


@pytest.fixture(autouse=True)
def _signals_as_before(keep_signals):
    pass


def wrong(folder, key=None):
    return pack.first_wrong(pack.verify(folder, key))


def public(key):
    return key.with_name(key.name + signing.PUBLIC_SUFFIX)


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_was_sealed_is_believed(sealed, key):
    verdict = pack.verify(sealed, public(key))
    assert verdict.holds and len(verdict.claims) == 9, verdict


def test_any_byte_that_is_another_shows(sealed):
    dice, tried = random.Random(5), 0
    for path in files(sealed):
        content = path.read_bytes()
        places = {0, len(content) - 1, *(dice.randrange(len(content)) for _ in range(MUTATIONS_PER_FILE))}
        for place in places:
            other = content[place] ^ (1 << dice.randrange(8))
            path.write_bytes(content[:place] + bytes([other]) + content[place + 1 :])
            assert wrong(sealed), (path.name, place, content[place], other)
            tried += 1
        path.write_bytes(content)
    assert wrong(sealed) == "" and tried >= 10 * len(files(sealed))  # whole again, so each was found by itself


def test_every_file_that_is_shorter_longer_gone_or_another_shows(sealed):
    paths = files(sealed)
    contents = {path: path.read_bytes() for path in paths}
    for path, content in contents.items():
        others = {contents[other] for other in paths} - {content}
        for changed in (content[:-1], content[: len(content) // 2], b"", content + b"\n", content + b" ", *others):
            path.write_bytes(changed)
            assert wrong(sealed), (path.name, len(changed))
        path.unlink()
        assert path.name in wrong(sealed)
        path.write_bytes(content)
    assert wrong(sealed) == ""


def test_every_place_of_the_envelope_is_looked_at(sealed):
    """Base64 and JSON have many ways to write the same; a pack has one."""
    path = sealed / ENVELOPE
    content = path.read_bytes()
    for place in range(0, len(content), 16):
        for other in (content[place] ^ 1, content[place] ^ 0x20, 0x20):
            if other != content[place]:
                path.write_bytes(content[:place] + bytes([other]) + content[place + 1 :])
                assert wrong(sealed), (place, content[place], other)


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("extra.txt", lambda path: path.write_text("more"), "was added"),
        ("deep/er/extra.txt", lambda path: path.write_text(""), "was added"),
        (".hidden", lambda path: path.write_text(""), "was added"),
        ("link", lambda path: path.symlink_to("request.json"), "no plain file"),
        ("folder", lambda path: path.symlink_to("/tmp"), "no plain file"),
    ],
)
def test_what_was_added_shows(sealed, name, make, says):
    path = sealed / name
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    assert says in wrong(sealed)


def test_a_file_behind_a_link_is_not_the_file(sealed, tmp_path):
    moved = shutil.move(sealed / "request.json", tmp_path / "request.json")
    (sealed / "request.json").symlink_to(moved)
    assert "no plain file" in wrong(sealed)


def test_a_cut_journal_shows_even_under_a_new_manifest(sealed, key):
    """Whoever can make the manifest again cannot make the signature."""
    lines = (sealed / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (sealed / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
    assert "'journal.jsonl' was changed" in wrong(sealed)
    (sealed / MANIFEST).write_bytes(canonical(manifest.make(sealed)))
    assert "manifest.json is not the signed one" in wrong(sealed)


def test_the_head_and_length_that_were_signed_are_the_journals(sealed, key):
    """Were the statement about another journal's end, the right key would not help."""
    lines = (sealed / "journal.jsonl").read_bytes().splitlines(keepends=True)
    predicate = json.loads((sealed / PREDICATE).read_bytes())
    (sealed / "journal.jsonl").write_bytes(b"".join(lines[:-2]))
    forge(sealed, key, predicate)
    assert f"{len(lines) - 2} entries, and {len(lines)} were signed" in wrong(sealed)


def forge(folder, key, predicate):
    """Sign a pack's files again, with a predicate of one's own."""
    listing, signer = manifest.make(folder), signing.open_signer(key)
    predicate["manifest"] = {"files": str(len(listing["files"])), "sha256": manifest.digest_of(listing)}
    payload = canonical(statement.make_statement(listing, predicate))
    contents = canonical(listing), canonical(predicate), payload, statement.sign(payload, signer)
    for name, content in zip(SEAL, contents, strict=True):
        (folder / name).write_bytes(content)


def test_a_pack_under_another_runs_name_shows(sealed):
    other = sealed.rename(sealed.with_name("20270116T090000Z"))
    assert "the folder is 20270116T090000Z" in wrong(other)


@pytest.mark.parametrize("name", ["request.json", "journal.jsonl"])
def test_a_record_of_another_run_under_a_good_seal_shows(sealed, key, name):
    predicate = json.loads((sealed / PREDICATE).read_bytes())
    predicate["invocation"]["run_id"] = "another"
    (sealed / ("journal.jsonl" if name == "request.json" else "request.json")).unlink()
    predicate["journal"] = (
        {"head": "0" * 64, "length": "0", "broken": ""} if name == "request.json" else predicate["journal"]
    )
    forge(sealed, key, predicate)
    assert f"its record is run {RUN_ID}'s, and another was sealed" in wrong(sealed)


def test_the_seal_of_another_pack_does_not_fit(sealed, run, key):
    (run / "samples.jsonl").write_text("others\n")
    pack.seal(run, key)
    for name in SEAL:
        shutil.copy(run / name, sealed / name)
    assert "was changed" in wrong(sealed)


def test_a_swapped_notebook_shows(sealed, run, key):
    (run / "05-try.ipynb").write_text("{}")
    pack.seal(run, key)
    shutil.copy(run / "05-try.ipynb", sealed)
    assert "'05-try.ipynb' was changed" in wrong(sealed)


def test_another_key_is_found_out_when_one_is_named(run, key, tmp_path):
    pack.seal(run, tmp_path / "somebody.pem")
    assert wrong(run) == ""  # it says self-signed, and is
    assert wrong(run, public(key)).startswith("signing key: ")
    assert wrong(run, tmp_path / "somebody.pem.pub") == ""


def test_a_signature_by_the_key_named_over_a_statement_that_names_another(sealed, key, tmp_path):
    predicate = json.loads((sealed / PREDICATE).read_bytes())
    forge(sealed, tmp_path / "somebody.pem", predicate)
    assert "names another key than its statement" in wrong(sealed)


@pytest.mark.parametrize("over", ["runbook", "parameters", "plan"])
def test_an_approval_of_something_else_shows(run, key, over):
    approval = json.loads((run / "approval.json").read_bytes())
    approval["over"][over] = "0" * 64
    (run / "approval.json").write_text(json.dumps(approval))
    pack.seal(run, key)
    assert wrong(run).endswith(f"bob approved another {over}")


def test_another_runbook_than_the_one_asked_for_shows(run, key):
    (run / "approval.json").unlink()
    (run / "runbook.source.ipynb").write_text("{}")
    pack.seal(run, key)
    assert "another runbook was asked for" in wrong(run)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000, b'{"a":NaN}', b'{"predicate":{}}', b'{"_type":1,"_type":2}'],
)
def test_a_strange_statement_is_wrong_and_no_crash(sealed, key, payload):
    (sealed / ENVELOPE).write_bytes(statement.sign(payload, signing.open_signer(key)))
    (sealed / STATEMENT).write_bytes(payload)
    assert wrong(sealed).startswith("signature: ")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\x00", b'{"payload":1,"payloadType":2,"signatures":3}', b"[" * 100_000]
)
def test_a_strange_envelope_is_wrong_and_no_crash(sealed, content):
    (sealed / ENVELOPE).write_bytes(content)
    assert wrong(sealed).startswith("signature: ")


@pytest.mark.parametrize("name", SEAL)
def test_a_seal_that_is_not_whole_is_none(sealed, name):
    (sealed / name).unlink()
    assert f"{name} is not there" in wrong(sealed)


def test_the_command_line_says_yes_or_the_first_thing_that_is_wrong(sealed, key, capsys):
    assert main(["verify", str(sealed), "--key", str(public(key))]) == 0
    assert "FAILS" not in capsys.readouterr().out
    (sealed / "plan.json").write_text("{}")
    assert main(["verify", str(sealed)]) == 3
    said = capsys.readouterr()
    assert "FAILS" in said.out and "first  files: 'plan.json' was changed" in said.err
    assert main(["verify", str(sealed / "nowhere")]) == 3
    assert main(["verify", str(sealed), "--key", str(key)]) == 3  # a private key is no public one


def test_it_is_checked_where_one_stands(sealed, monkeypatch):
    monkeypatch.chdir(sealed)
    assert wrong(Path()) == ""


STRANGE = (None, 0, True, [], {}, [[]], "\u202e\x1b[2J")


def places(value, path=()):
    """Every place in a value."""
    yield path
    for name, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(one, (*path, name))


def put(value, path, other):
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], other)
    return copy


def test_whoever_signs_nonsense_with_a_key_of_his_own_is_told_so(sealed, key):
    """The forger holds the key that the statement names, so every check after the signature sees his words."""
    signer, good = signing.open_signer(key), json.loads((sealed / STATEMENT).read_bytes())
    good["subject"] = good["subject"][:1]
    tried = 0
    for path in places(good):
        for other in STRANGE:
            payload = canonical(put(good, path, other))
            (sealed / ENVELOPE).write_bytes(statement.sign(payload, signer))
            (sealed / STATEMENT).write_bytes(payload)
            said = wrong(sealed)
            assert said and said.isprintable(), (path, other)
            tried += 1
    assert tried > 300


@pytest.mark.parametrize("at", ["NaN", "1e300", "-1", '"now"', "true", "null"])
def test_a_journal_with_a_time_that_is_none_is_broken(run, key, at):
    """A line may hash well and still be nonsense."""
    body = f'{{"at":{at},"facts":{{}},"kind":"event","n":1,"prev":"{"0" * 64}"'
    (run / "journal.jsonl").write_text(f'{body},"hash":"{manifest.digest(body.encode())}"}}\n')
    pack.seal(run, key)
    assert wrong(run).startswith("journal: it was broken")
