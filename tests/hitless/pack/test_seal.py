"""A run becomes a pack whatever it left behind, by a key that only its owner can read."""

import json
import shutil
import stat
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization import load_pem_private_key as load

from hitless import pack, signing
from hitless.__main__ import main
from hitless.clock import VirtualClock
from hitless.errors import Refused
from hitless.evidence import EXPECTED, Evidence
from hitless.journal import Journal
from hitless.manifest import ENVELOPE, MANIFEST, PREDICATE, SEAL, STATEMENT
from tests.hitless.pack.conftest import RUN_ID, START


@pytest.fixture(autouse=True)
def _signals_as_before(keep_signals):
    pass


def predicate(folder):
    return json.loads((folder / PREDICATE).read_bytes())


def wrong(folder):
    return pack.first_wrong(pack.verify(folder))


def test_the_predicate_says_what_the_run_was(sealed, key):
    said = predicate(sealed)
    assert said["environment"] == {"kind": "lab", "account": "123456789012", "region": ""}
    assert said["signature"]["kind"] == "self-signed"
    assert said["invocation"] == {"actor": "alice", "attempt": "1", "folder": RUN_ID, "run_id": RUN_ID}
    assert said["change"] == {"reason": "a new AMI", "ticket": "CHG-1"}
    assert (said["outcome"], said["verdict"]) == (
        {"name": "succeeded", "exit_code": "0"},
        {"passed": "2", "failed": "0"},
    )
    assert said["approvals"][0]["by"] == "bob" and said["missing"] == {} and said["tool"]["papermill"]
    statement = json.loads((sealed / STATEMENT).read_bytes())
    subjects = {one["name"] for one in statement["subject"]}
    assert subjects == {path.name for path in sealed.iterdir()} - set(SEAL) | {MANIFEST}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"place": "lab, 60×"}, "lab"),
        ({"place": "1 us-east-1"}, "aws"),
        ({"environment": "lab"}, "lab"),
        ({}, "unknown"),
    ],
)
def test_a_pack_never_claims_more_of_aws_than_its_record_says(tmp_path, key, told, kind):
    with Journal(tmp_path / "journal.jsonl", VirtualClock(START)) as journal:
        journal.append("opened", **told)
    pack.seal(tmp_path, key)
    assert predicate(tmp_path)["environment"]["kind"] == kind


def test_a_run_that_left_nothing_is_sealed_and_says_so(tmp_path, key):
    pack.seal(tmp_path, key)
    assert wrong(tmp_path) == ""
    assert predicate(tmp_path)["missing"].keys() == {*EXPECTED, "executed notebook"}
    assert predicate(tmp_path)["outcome"] == {"name": "unknown", "exit_code": ""}
    assert "No end on record" in (tmp_path / "report.html").read_text()


def test_whatever_is_missing_the_rest_is_sealed_and_says_so(executed, key, tmp_path):
    for name in sorted(path.name for path in executed.iterdir()):
        folder = shutil.copytree(executed, tmp_path / name / RUN_ID)
        (folder / name).unlink()
        pack.seal(folder, key)
        assert wrong(folder) == "", name
        gone = "executed notebook" if name == "05-try.ipynb" else name
        assert (gone in predicate(folder)["missing"]) is not name.startswith("timeline")


@pytest.mark.parametrize("content", ["", "{", "[1]", "3", '{"a": NaN}', '{"a": "\\ud800"}', "[" * 99_999])
@pytest.mark.parametrize("name", ["request.json", "plan.json", "before.json"])
def test_what_was_cut_off_is_sealed_as_it_is(run, key, name, content):
    (run / name).write_text(content)
    pack.seal(run, key)
    assert wrong(run) == "" and predicate(run)["missing"][name].startswith("not readable")


def test_a_journal_whose_writer_died_is_sealed_to_its_last_whole_line(run, key):
    with (run / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"at":1,"fac')
    pack.seal(run, key)
    assert wrong(run) == "" and predicate(run)["journal"]["length"] == str(len(Evidence.read(run).entries))


def test_a_broken_journal_is_sealed_and_never_believed(run, key):
    content = (run / "journal.jsonl").read_bytes()
    (run / "journal.jsonl").write_bytes(content.replace(b"r-1", b"r-2"))
    pack.seal(run, key)
    assert wrong(run).startswith("journal: it was broken when it was sealed, line 4")
    assert "not as it was written" in (run / "report.html").read_text()


def test_sealing_again_takes_in_what_came_later(sealed, key):
    with Journal(sealed / "journal.jsonl", VirtualClock(START + 60)) as journal:
        journal.append("event", label="undone", tone="good")
    assert "'journal.jsonl' was changed" in wrong(sealed)
    pack.seal(sealed, key)
    assert wrong(sealed) == "" and "undone" in (sealed / "report.html").read_text()


def test_a_sealing_that_was_cut_off_leaves_no_signature_and_can_be_done_again(run, key, monkeypatch):
    def die(*_):
        raise OSError("disk full")

    pack.seal(run, key)
    with monkeypatch.context() as patch:
        patch.setattr("hitless.pack.sign", die)
        with pytest.raises(OSError, match="disk full"):
            pack.seal(run, key)
    assert ENVELOPE in wrong(run)
    (run / f".{MANIFEST}.part").write_text("half")
    pack.seal(run, key)
    assert wrong(run) == "" and not list(run.glob(".*"))


def test_a_run_that_still_writes_is_not_sealed(run, key):
    with Journal(run / "journal.jsonl", VirtualClock(START)), pytest.raises(Refused, match="still writes"):
        pack.seal(run, key)
    assert not (run / ENVELOPE).exists()


def test_a_link_is_not_sealed(run, key):
    (run / "secret").symlink_to("/etc/hostname")
    with pytest.raises(Refused, match="no plain file"):
        pack.seal(run, key)


def test_the_key_is_made_once_and_nobody_else_can_read_it(tmp_path, monkeypatch, run):
    monkeypatch.delenv(signing.KEY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert main(["seal", str(run)]) == 0
    path = tmp_path / "config" / "hitless" / "signing-key.pem"
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert main(["seal", str(run)]) == 0 and path.read_bytes() == before
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name, f"{path.name}.pub"]
    assert main(["verify", str(run), "--key", f"{path}.pub"]) == 0


def test_another_key_can_be_named_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv(signing.KEY_VARIABLE, str(tmp_path / "other.pem"))
    assert signing.key_path() == tmp_path / "other.pem"
    keyid = signing.open_signer().public_key.keyid
    assert signing.read_public_key(tmp_path / "other.pem.pub").keyid == keyid


def test_two_that_make_the_key_at_once_use_the_same(tmp_path):
    for n in range(8):
        path, found, start = tmp_path / str(n) / "k.pem", [], threading.Barrier(4)

        def make(path=path, found=found, start=start):
            start.wait(30)
            found.append(signing.open_signer(path).public_key.keyid)

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(found) == 4 and len({*found, signing.read_public_key(path.with_name("k.pem.pub")).keyid}) == 1


def test_a_key_that_others_can_read_is_not_used(key, tmp_path):
    path = shutil.copy(key, tmp_path / "k.pem")
    path.chmod(0o640)
    with pytest.raises(Refused, match="Others may read"):
        signing.open_signer(path)


@pytest.mark.parametrize("kind", ["rsa", "text", "locked"])
def test_what_is_no_key_of_ours_is_refused(tmp_path, key, kind):
    path = tmp_path / "k.pem"
    plain = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    if kind == "rsa":
        path.write_bytes(rsa.generate_private_key(65537, 2048).private_bytes(*plain))
    else:
        path.write_text("words")
    path.chmod(0o600)
    with pytest.raises(Refused, match="no ed25519 key"):
        signing.open_signer(path)
    assert load(key.read_bytes(), None)


def test_the_crate_describes_every_file_and_every_call(sealed):
    graph = {one["@id"]: one for one in json.loads((sealed / "ro-crate-metadata.json").read_text())["@graph"]}
    listed = {one["name"] for one in json.loads((sealed / MANIFEST).read_bytes())["files"]}
    assert {part["@id"] for part in graph["./"]["hasPart"]} == listed - {"ro-crate-metadata.json"}
    step = graph["#step-1"]
    assert step["@type"] == "UpdateAction" and "autoscaling:start_instance_refresh" in step["name"]
    assert "r-1" in step["description"] and step["endTime"] > step["startTime"]
    assert graph["#run"]["actionStatus"].endswith("/CompletedActionStatus")
    assert graph["#actor"]["name"] == "alice"
    references = {one["@id"] for entity in graph.values() for one in _references(entity)}
    assert {one for one in references if "://" not in one} <= graph.keys()


def _references(entity):
    for value in entity.values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield one


@pytest.mark.parametrize("value", [None, 0, -1.5, True, [], {}, [[]], {"x": {}}, "\u202e\x1b[2J", "../../x", "é" * 300])
def test_whatever_the_record_holds_in_place_of_words_it_is_sealed_and_believed(run, key, value):
    (run / "runbook.source.ipynb").unlink()
    for name in ("request.json", "plan.json"):
        content = json.loads((run / name).read_text())
        (run / name).write_text(json.dumps(dict.fromkeys(content, value) | {"run_id": RUN_ID}))
    (run / "approval.json").write_text(json.dumps([value, {"by": value, "at": value, "over": value}]))
    (run / "before.json").write_text(json.dumps({"hosts": value, "x": {"y": value}}))
    pack.seal(run, key)
    assert wrong(run) == ""


def test_folders_where_files_should_be_are_missing_files(run, key):
    for name in ("request.json", "journal.jsonl", "05-try.ipynb", "timeline.png"):
        (run / name).unlink()
        (run / name).mkdir()
        (run / name / "kept").write_text("as it is")
    pack.seal(run, key)
    assert wrong(run) == "" and {"request.json", "journal.jsonl"} < predicate(run)["missing"].keys()
