"""A default never leads to production."""

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from hitless.connect import Connection
from hitless.errors import Refused, WrongTarget
from hitless.kernel import require_parameters
from hitless.parameters import from_namespace, validate
from hitless.run_command import given_values
from hitless.schema import read_schema
from hitless.target import aims_at_lab, given_in, require_target

RUNBOOK = Path("runbooks/20-refresh-hosts.ipynb")
SCHEMA = read_schema(RUNBOOK)
MINE = {"ACCOUNT_ID": "012345678901", "REGION": "us-east-1", "NAME": "hitless-dev"}


@pytest.fixture(autouse=True)
def _on_aws(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def here(account_id="012345678901", region="us-east-1"):
    return Connection(None, None, account_id, region)


def require(given, connection=None):
    require_target(SCHEMA, validate(SCHEMA, given), connection or here(), given)


def test_a_target_that_was_named_and_is_the_callers_passes():
    require(MINE)


@pytest.mark.parametrize("left_out", MINE)
def test_a_target_left_to_a_default_is_refused_though_it_would_be_the_callers(left_out):
    given = {name: value for name, value in MINE.items() if name != left_out}
    with pytest.raises(WrongTarget, match=f"{left_out} was left to its default"):
        require(given, here(MINE.get("ACCOUNT_ID") if left_out != "ACCOUNT_ID" else "123456789012"))


@pytest.mark.parametrize(
    ("account_id", "region", "name"),
    [("999999999999", "us-east-1", "ACCOUNT_ID"), ("012345678901", "eu-west-1", "REGION")],
)
def test_a_target_that_is_not_the_callers_is_refused(account_id, region, name):
    with pytest.raises(WrongTarget, match=f"{name} is not where"):
        require(MINE, here(account_id, region))


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_shell_set_to_another_region_is_refused(monkeypatch, variable):
    monkeypatch.setenv(variable, "eu-west-1")
    with pytest.raises(WrongTarget, match="REGION is not where"):
        require(MINE)


@pytest.mark.parametrize(
    ("url", "is_lab"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://localhost:1", True),
        ("http://[::1]:1", True),
        ("https://vpce-1.ec2.us-east-1.vpce.amazonaws.com", False),
        ("http://127.0.0.1.nip.io", False),
        ("http://127.0.0.1@evil.example/", False),
        ("", False),
    ],
)
def test_only_this_machine_is_the_lab(monkeypatch, url, is_lab):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert aims_at_lab() is is_lab
    lab = here("123456789012")
    if is_lab:
        require({}, lab)
    else:
        with pytest.raises(WrongTarget):
            require({}, lab)


def test_an_endpoint_that_is_no_url_is_said_so(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://[")
    with pytest.raises(WrongTarget, match="no URL"):
        aims_at_lab()


def test_a_tunnel_to_a_real_account_is_no_lab(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    with pytest.raises(WrongTarget, match="left to its default"):
        require({"ACCOUNT_ID": "012345678901"})


@pytest.mark.parametrize(
    ("later", "given"),
    [
        ([], set()),
        (["# Parameters\nREGION = 'us-east-1'\nNAME = 'x'"], {"REGION", "NAME"}),
        (["REGION = 'us-east-1'", "REGION: str = 'us-east-1'"], set()),
        (["await something()", "%time x", "REGION == 1", "def f(): REGION = 1"], set()),
        (["A = REGION = 'us-east-1'"], {"REGION", "A"}),
    ],
)
def test_a_kernel_knows_what_was_given_beside_the_parameters_cell(later, given):
    shell = InteractiveShell()
    for cell in ["REGION: str = 'us-east-1'  # AWS region", "NAME: str = 'hitless-dev'", *later]:
        shell.run_cell(cell, store_history=True, silent=False)
    assert given_in(shell.user_ns) & {"REGION", "NAME", "A"} == given
    assert given_in({}) == set()


def test_the_whole_of_it_from_a_kernels_globals():
    cell = {name: rule["default"] for name, rule in SCHEMA["properties"].items()}
    namespace = cell | MINE | {"In": ["", "".join(f"{name} = {value!r}\n" for name, value in MINE.items())]}
    require_target(SCHEMA, from_namespace(SCHEMA, namespace), here(), given_in(namespace))
    with pytest.raises(WrongTarget):
        require_target(SCHEMA, from_namespace(SCHEMA, namespace), here(), given_in(namespace | {"In": []}))


def test_the_command_line_refuses_a_default_target_before_it_calls_anybody(tmp_path, monkeypatch):
    pairs = [f"{name}={value}" for name, value in MINE.items()]
    assert given_values(SCHEMA, pairs) == MINE
    with pytest.raises(WrongTarget, match="REGION was left"):
        given_values(SCHEMA, [pair for pair in pairs if "REGION" not in pair])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert given_values(SCHEMA, []) == {}
    file = tmp_path / "p.json"
    file.write_text('{"NAME": "web"}')
    assert given_values(SCHEMA, ["WARMUP_S=5"], [file]) == {"WARMUP_S": 5, "NAME": "web"}
    for twice in (["NAME=a", "NAME=a"], ["NAME=web"]):
        with pytest.raises(Refused, match="NAME is given twice"):
            given_values(SCHEMA, twice, [file])


def test_a_kernel_checks_what_its_own_notebook_was_run_with(monkeypatch):
    cell = {name: rule["default"] for name, rule in SCHEMA["properties"].items()}
    shell = InteractiveShell()
    for name, value in (cell | MINE).items():
        shell.run_cell(f"{name} = {value!r}", store_history=True)
    monkeypatch.setattr("hitless.kernel.get_ipython", lambda: shell)
    assert require_parameters(RUNBOOK, here())["ACCOUNT_ID"] == MINE["ACCOUNT_ID"]
    with pytest.raises(WrongTarget):
        require_parameters(RUNBOOK, here("999999999999"))
    shell.run_cell("WARMUP_S = '60'")
    with pytest.raises(Refused, match="WARMUP_S must be a int"):
        require_parameters(RUNBOOK, here())
    monkeypatch.setattr("hitless.kernel.get_ipython", lambda: None)
    with pytest.raises(Refused, match="is not set"):
        require_parameters(RUNBOOK, here())
