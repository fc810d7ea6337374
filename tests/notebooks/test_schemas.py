"""Each runbook's schema says what its cell says, and what Terraform and the app will take."""

import functools
import json
import operator
import re
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.settings import COLOURS
from hitless.errors import Refused
from hitless.parameters import validate
from hitless.parameters_cell import read_cell
from hitless.provisioning import HOSTS, capacity_of
from hitless.schema import DIALECT, TYPES, read_schema
from tests.hitless.notebooks import schema_of, write_runbook

RUNBOOKS = sorted(Path("runbooks").glob("*.ipynb"))


def rules(path):
    return read_schema(path)["properties"]


@pytest.mark.parametrize("path", RUNBOOKS, ids=str)
def test_schema_and_cell_say_the_same(path):
    cell = [(one.name, one.type, one.default, one.comment) for one in read_cell(path).values()]
    schema = [(name, TYPES[r["type"]], r["default"], r["description"]) for name, r in rules(path).items()]
    assert schema == cell and all(one[3] for one in cell)
    assert read_schema(path)["$schema"] == DIALECT


@pytest.mark.parametrize("path", RUNBOOKS, ids=str)
def test_defaults_are_allowed_and_every_parameter_is_bounded(path):
    assert validate(read_schema(path), {n: r["default"] for n, r in rules(path).items()})
    for name, rule in rules(path).items():
        bounds = {"string": {"pattern", "enum", "maxLength"}, "integer": {"minimum"}, "boolean": {"type"}}
        assert bounds[rule["type"]] & rule.keys(), name


def test_one_name_means_one_thing_everywhere():
    meant = {}
    for path in RUNBOOKS:
        for name, rule in rules(path).items():
            form = {key: value for key, value in rule.items() if key not in ("default", "description")}
            assert meant.setdefault(name, form) == form, (path, name)


def test_the_environments_name_is_terraforms():
    text = Path("terraform/envs/dev/variables.tf").read_text()
    assert rules(RUNBOOKS[0])["NAME"]["pattern"] in re.findall(r'regex\("([^"]+)", var\.name\)', text)
    assert rules(RUNBOOKS[0])["ACCOUNT_ID"]["pattern"] in re.findall(r'regex\("([^"]+)", var\.account_id\)', text)


def test_the_colours_are_the_apps():
    assert [rules(path)["COLOUR"]["enum"] for path in RUNBOOKS if "COLOUR" in rules(path)] == [list(COLOURS)] * 2


CELL = 'COUNT: int = 1  # how many\nNAME: str = "web"  # whose'


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["properties"].pop("NAME"),
        lambda s: s["properties"].update(X={"type": "string", "default": "", "description": ""}),
        lambda s: s["properties"]["COUNT"].update(default=2),
        lambda s: s["properties"]["COUNT"].update(default=True),
        lambda s: s["properties"]["COUNT"].update(type="number"),
        lambda s: s.update(additionalProperties=True),
        lambda s: s.pop("additionalProperties"),
        lambda s: s["properties"]["COUNT"].pop("description"),
        lambda s: s["properties"]["COUNT"].update(type="array"),
        lambda s: s["properties"]["NAME"].update(pattern="("),
        lambda s: s["properties"].update(STATE_DIR={"type": "string", "default": "", "description": ""}),
        lambda s: s["properties"].update({"x=1;y": s["properties"]["COUNT"]}),
        lambda s: s["properties"]["COUNT"].update({"$ref": "http://127.0.0.1:9/x"}),
        lambda s: s["properties"]["COUNT"].update(maximun=3),
        lambda s: s["properties"]["COUNT"].update(description=5),
        lambda s: s.clear(),
    ],
)
def test_a_schema_that_is_not_the_cells_is_refused(tmp_path, change):
    path = write_runbook(tmp_path / "x.ipynb", parameters=CELL)
    assert read_schema(path)["properties"].keys() == {"COUNT", "NAME"}
    notebook, schema = nbformat.read(path, as_version=4), schema_of(CELL)
    change(schema)
    notebook.metadata.hitless.parameters = schema
    path.write_text(json.dumps(notebook))
    with pytest.raises(Refused):
        read_schema(path)


def test_a_runbook_without_a_schema_is_refused(tmp_path):
    path = write_runbook(tmp_path / "x.ipynb")
    notebook = json.loads(path.read_text())
    del notebook["metadata"]["hitless"]
    path.write_text(json.dumps(notebook))
    with pytest.raises(Refused, match="does not say what parameters it takes"):
        read_schema(path)


@pytest.mark.parametrize(
    "cell", ["NAME: str = f()", "NAME: str = ", "NAME: str = 'a", "(" * 3000, "NAME: str = 1 + x", "\0"]
)
def test_a_cell_that_is_no_list_of_literals_is_refused(tmp_path, cell):
    path = write_runbook(tmp_path / "x.ipynb", parameters=CELL)
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["source"] = cell
    path.write_text(json.dumps(notebook))
    with pytest.raises(Refused):
        read_schema(path)


ANYTHING = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({}) | st.just([1])


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_runbook_is_read_or_refused_and_nothing_else(tmp_path_factory, data):
    path = write_runbook(tmp_path_factory.getbasetemp() / "damaged.ipynb", parameters=CELL)
    notebook = json.loads(path.read_text())
    *way, last = data.draw(st.sampled_from([place for place in places(notebook) if place]))
    functools.reduce(operator.getitem, way, notebook)[last] = data.draw(ANYTHING)
    path.write_text(json.dumps(notebook))
    try:
        schema = read_schema(path)
    except Refused:
        return
    assert validate(schema, {}).keys() == {"COUNT", "NAME"}


def test_what_10_takes_for_the_hosts_at_first_is_terraforms():
    text = Path("terraform/envs/dev/variables.tf").read_text()
    hosts = re.search(r'variable "hosts" \{.*?\n\}', text, re.DOTALL)[0]
    assert {name: int(n) for name, n in re.findall(r"(\w+)\s*= optional\(number, (\d+)\)", hosts)} == HOSTS


@pytest.mark.parametrize(
    ("asked", "then"), [((0, 0), None), ((2, 0), (2, 4, 6)), ((0, 3), None), ((5, 8), (5, 5, 8)), ((1, 2), (1, 2, 2))]
)
def test_a_capacity_keeps_what_is_not_asked_for(asked, then):
    if asked == (0, 3):
        with pytest.raises(Refused, match="fewer hosts"):
            capacity_of({}, *asked)
        return
    made = capacity_of({}, *asked).get("hosts")
    assert made == (then and dict(zip(("min_size", "desired_capacity", "max_size"), then, strict=True)))
