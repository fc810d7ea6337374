"""What a runbook may be given: everything else is refused before anything runs."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitless.errors import Refused
from hitless.parameters import from_file, from_namespace, from_pairs, validate
from hitless.safe_text import escaping
from hitless.schema import read_schema
from tests.hitless.notebooks import write_runbook

SCHEMA = read_schema(Path("runbooks/20-refresh-hosts.ipynb"))
RELEASE = read_schema(Path("runbooks/30-deploy-app.ipynb"))
RETURN = read_schema(Path("runbooks/40-roll-back-app.ipynb"))

HOSTILE_NAMES = [
    'p=1;print("INJ");z',
    "open('pwn','w').write('1');x",
    "print",
    "__import__",
    "",
    "account_id",
    "NAME ",
    "NAME\n",
    "\uff2eAME",
    "A" * 5000,
]
HOSTILE_TEXTS = [
    ("NAME", "web\n"),
    ("NAME", "hitless-dev\n"),
    ("NAME", "web'; open('pwn','w')"),
    ("NAME", "Web"),
    ("NAME", "-web"),
    ("NAME", "web-"),
    ("NAME", "ab"),
    ("NAME", "a" * 21),
    ("NAME", "wеb"),  # noqa: RUF001 - a Cyrillic letter
    ("ACCOUNT_ID", "12345678901"),
    ("ACCOUNT_ID", "123456789012\n"),
    ("ACCOUNT_ID", "١٢٣٤٥٦٧٨٩٠١٢"),
    ("ACCOUNT_ID", "12345678901O"),
    ("REGION", "us-east-1; rm -rf /"),
    ("REGION", "moon"),
    ("REASON", "tick\x00et"),
    ("REASON", "\x1b]0;pwn\x07"),
    ("REASON", "line\nline"),
    ("REASON", "txt\u202egnp.exe"),
    ("REASON", "zero\u200bwidth"),
    ("REASON", "a\u2028b"),
    ("REASON", "half \ud800"),
    ("REASON", "x" * 501),
    ("REASON", "x" * 100_000),
    ("AMI_ID", "ami-1"),
    ("AMI_ID", "ami-0A10000000000EC51"),
    ("INSTANCE_TYPE", "t3"),
    ("INSTANCE_TYPE", "t3.small --help"),
    ("STATE_DIR", ""),
    ("STATE_DIR", "../elsewhere"),
    ("STATE_DIR", "a/../../b"),
    ("STATE_DIR", "/etc"),
    ("STATE_DIR", "~/x"),
    ("STATE_DIR", "\u00a0"),
    ("STATE_DIR", "x "),
    ("STATE_DIR", "a\\..\\b"),
    ("STATE_DIR", "s3://bucket/key"),
    ("STATE_DIR", "//host/share"),
    ("RUN_DIR", "/etc/cron.d"),
    ("RUN_DIR", "runs/../../x"),
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_but_the_runbooks_own_passes(name):
    with pytest.raises(Refused, match="no parameter") as refused:
        from_pairs(SCHEMA, {name: "1"})
    assert len(str(refused.value)) < 800 and str(refused.value).isascii()
    with pytest.raises(Refused, match="no parameter"):
        validate(SCHEMA, {name: "1"})


@pytest.mark.parametrize(("name", "text"), HOSTILE_TEXTS)
def test_a_hostile_text_is_refused_and_told_without_harm(name, text):
    with pytest.raises(Refused, match=f"^{name} ") as refused:
        validate(SCHEMA, from_pairs(SCHEMA, {name: text}))
    assert refused.value.exit_code == 3
    assert len(str(refused.value)) < 900 and "\x1b" not in str(refused.value) and "\u202e" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ACCOUNT_ID", "012345678901", "012345678901"),
        ("NAME", "web-2", "web-2"),
        ("REASON", "new AMI: größer, 100 %", "new AMI: größer, 100 %"),
        ("REASON", "True", "True"),
        ("DRY_RUN", "false", False),
        ("WARMUP_S", "0", 0),
        ("AMI_ID", "ami-0a10000000000ec51", "ami-0a10000000000ec51"),
        ("REGION", "us-gov-west-1", "us-gov-west-1"),
        ("INSTANCE_TYPE", "u7i-12tb.224xlarge", "u7i-12tb.224xlarge"),
        ("STATE_DIR", "some/where", "some/where"),
    ],
)
def test_a_good_text_keeps_its_characters_and_gets_its_type(name, text, value):
    got = validate(SCHEMA, from_pairs(SCHEMA, {name: text}))
    assert got[name] == value and type(got[name]) is type(value) and list(got) == list(SCHEMA["properties"])


@pytest.mark.parametrize(
    "text", ["", " 1", "1_000", "0123", "1.0", "1e2", "0x1f", "nan", "inf", "\u0661", "+1", "--1", "9" * 5000, "1\n"]
)
def test_a_text_that_is_nearly_a_number_is_refused(text):
    with pytest.raises(Refused, match="WARMUP_S must be a int"):
        from_pairs(SCHEMA, {"WARMUP_S": text})


@pytest.mark.parametrize("text", ["yes", "1", "TRUE", "", "None", "true "])
def test_a_text_that_is_nearly_true_is_refused(text):
    with pytest.raises(Refused, match="DRY_RUN must be a bool"):
        from_pairs(SCHEMA, {"DRY_RUN": text})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ACCOUNT_ID", 123456789012, "in quotes, else it loses leading zeros"),
        ("ACCOUNT_ID", 12345678901, "in quotes, else it loses leading zeros"),
        ("ACCOUNT_ID", "12345678901", "11 digits, not 12; a leading zero may have been lost"),
        ("ACCOUNT_ID", None, "must be a str"),
        ("WARMUP_S", "60", "must be a int"),
        ("WARMUP_S", 60.0, "must be a int"),
        ("WARMUP_S", True, "must be a int"),
        ("WARMUP_S", math.nan, "must be a int"),
        ("WARMUP_S", -1, "0 to 21600"),
        ("MIN_HEALTHY_PERCENT", 101, "0 to 100"),
        ("PROBE_RATE_PER_S", 10**9, "1 to 2000"),
        ("DRY_RUN", "false", "must be a bool"),
        ("DRY_RUN", 0, "must be a bool"),
        ("NAME", ["web"], "must be a str"),
        ("NAME", {"a": 1}, "must be a str"),
    ],
)
def test_a_value_of_another_type_or_out_of_range_is_refused(name, value, says):
    with pytest.raises(Refused, match=f"^{name} ") as refused:
        validate(SCHEMA, {name: value})
    assert says in str(refused.value)


def test_a_misspelt_name_is_told_the_nearest():
    with pytest.raises(Refused, match="did you mean WARMUP_S"):
        from_pairs(SCHEMA, {"WARM_UP_S": "60"})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, "1"])
def test_a_share_is_a_finite_number(tmp_path, value):
    schema = read_schema(write_runbook(tmp_path / "x.ipynb"))
    with pytest.raises(Refused, match="SHARE"):
        validate(schema, {"SHARE": value})
    assert validate(schema, {"SHARE": 2})["SHARE"] == 2
    with pytest.raises(Refused, match="SHARE must be a float"):
        from_pairs(schema, {"SHARE": str(value)} if value != "1" else {"SHARE": "1e"})
    assert from_pairs(schema, {"SHARE": "2.5e-1"}) == {"SHARE": 0.25}


def test_an_enormous_exponent_is_no_number(tmp_path):
    schema = read_schema(write_runbook(tmp_path / "x.ipynb"))
    with pytest.raises(Refused, match="SHARE"):
        validate(schema, from_pairs(schema, {"SHARE": "1e400"}))


def test_a_value_that_is_never_shown_is_not_repeated_when_it_is_refused():
    rule = {"type": "string", "default": "", "description": "d", "writeOnly": True, "pattern": "^a$"}
    schema = {"type": "object", "additionalProperties": False, "properties": {"PASSWORD": rule}}
    with pytest.raises(Refused) as refused:
        validate(schema, {"PASSWORD": "hunter2hunter2"})
    assert "hunter2" not in str(refused.value)


def test_a_symbolic_link_leads_nowhere_else(tmp_path, monkeypatch):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir(), elsewhere.mkdir()
    (home / "link").symlink_to(elsewhere)
    monkeypatch.chdir(home)
    inside = (home.resolve(),)
    assert "leads to" in escaping("link/state", inside) and "leads to" in escaping(str(elsewhere), inside)
    assert escaping("inner/state", inside) == "" and escaping(str(home / "x"), inside) == ""
    assert "NUL" in escaping("a\0b", inside)


def test_the_runner_may_choose_its_folder_but_not_terraforms():
    everything = {name: rule["default"] for name, rule in SCHEMA["properties"].items()}
    assert from_namespace(SCHEMA, everything | {"RUN_DIR": "/srv/records/1", "In": []})["RUN_DIR"] == "/srv/records/1"
    with pytest.raises(Refused, match="STATE_DIR leads to"):
        from_namespace(SCHEMA, everything | {"STATE_DIR": "/srv/state"})
    with pytest.raises(Refused, match="WARMUP_S must be a int"):
        from_namespace(SCHEMA, everything | {"WARMUP_S": "60"})
    del everything["WARMUP_S"]
    with pytest.raises(Refused, match="WARMUP_S is not set"):
        from_namespace(SCHEMA, everything)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"NAME": "a", "NAME": "b"}', "names NAME twice"),
        (b'{"NAME": {"a": 1, "a": 2}}', "names a twice"),
        (b'{"WARMUP_S": NaN}', "NaN is no number"),
        (b'{"WARMUP_S": -Infinity}', "no number"),
        (b"[1]", "it holds"),
        (b"null", "it holds"),
        (b"NAME: web", "why"),
        (b"", "why"),
        (b"\xff\xfe{}", "why"),
        (b'{"NAME": "' + b"a" * 2**20 + b'"}', "more than 1048576 bytes"),
        (b"[" * 100_000, "why"),
        (b'{"WARMUP_S": ' + b"9" * 5000 + b"}", "why"),
    ],
)
def test_a_file_that_is_no_plain_object_is_refused(tmp_path, content, says):
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(Refused, match="holds no parameters") as refused:
        from_file(tmp_path / "p.json")
    assert says in str(refused.value)


def test_a_file_keeps_types_and_what_is_wrong_in_it_is_refused_later(tmp_path):
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"ACCOUNT_ID": 12345678901}))
    with pytest.raises(Refused, match="leading zeros"):
        validate(SCHEMA, from_file(file))
    file.write_text(json.dumps({"ACCOUNT_ID": "012345678901", "WARMUP_S": 5}))
    assert validate(SCHEMA, from_file(file))["ACCOUNT_ID"] == "012345678901"
    with pytest.raises(Refused, match="holds no parameters"):
        from_file(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("schema", "name", "text"),
    [
        (RELEASE, "COLOUR", "mauve"),
        (RELEASE, "APPROVE", "yes"),
        (RELEASE, "VERSION", "1.0 0"),
        (RELEASE, "CONTAINER", "ERROR_PERCENT=1; rm"),
        (RELEASE, "CONTAINER", "memory=512 DB_PASSWORD=p"),  # it would be on record before the plan refuses it
        (RELEASE, "CONTAINER", "api_key=p"),
        (RELEASE, "DEPLOYMENT_CONFIG", "a/b"),
        (RELEASE, "HOOK", "a b"),
        (RELEASE, "FAILED_MAX", "-2"),
        (RETURN, "TO_REVISION", "0"),
        (RETURN, "TO_REVISION", "012"),
        (RETURN, "TO_REVISION", "1.5"),
    ],
)
def test_a_releases_own_values_are_held_to_their_form(schema, name, text):
    with pytest.raises(Refused, match=f"^{name} "):
        validate(schema, from_pairs(schema, {name: text}))


def test_a_commit_that_looks_like_a_number_stays_itself():
    for text in ("12e4567", "1234e56", "0012", "1.10"):
        assert from_pairs(RELEASE, {"VERSION": text}) == {"VERSION": text}


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"], "OTHER"]), st.text(), max_size=3))
def test_any_text_is_taken_as_it_is_or_refused(pairs):
    try:
        values = validate(SCHEMA, from_pairs(SCHEMA, pairs))
    except Refused as refused:
        assert str(refused).isprintable() or "\n" in str(refused)
        return
    for name, text in pairs.items():
        if SCHEMA["properties"][name]["type"] == "string":
            assert values[name] == text and (text.isprintable() or name == "REASON")  # which may have a no-break space


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.sampled_from(list(SCHEMA["properties"])), JSON)
def test_any_value_is_taken_as_it_is_or_refused(name, value):
    try:
        assert validate(SCHEMA, {name: value})[name] is value
    except Refused:
        return
    wanted = {"string": str, "integer": int, "boolean": bool}[SCHEMA["properties"][name]["type"]]
    assert type(value) is wanted


@settings(max_examples=120, deadline=None, derandomize=True)
@given(content=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_file_is_one_object_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "fuzz.json"
    file.write_bytes(content)
    try:
        assert isinstance(from_file(file), dict)
    except Refused as refused:
        assert str(refused).isascii() or str(file) in str(refused)
