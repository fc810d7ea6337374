"""The readers of parameters, AppSpecs and calls: each reads, or refuses in its own words, whatever it is given."""

import json
import string
from pathlib import Path

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from awslab.faces.codedeploy_appspec import InvalidAppSpec, read_appspec
from awslab.sense import Senseless, require_sense
from awslab.weather import Call
from hitless import appspec
from hitless.errors import Refused
from hitless.parameters import from_file, from_pairs, validate
from hitless.schema import read_schema
from tests.fuzz.conftest import PROFILE

FUZZ = settings.get_profile(PROFILE)
SCHEMA = read_schema(Path("runbooks/30-deploy-app.ipynb"))
NAMES = st.one_of(st.sampled_from(sorted(SCHEMA["properties"])), st.text(max_size=20))
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["true", "1e400", "nan", "-0", "00", "0" * 30, "../x", "\u202ex", "\x1b[2J", "1_0", "\u0661", "²"]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inside: st.one_of(st.lists(inside, max_size=3), st.dictionaries(TEXTS, inside, max_size=3)),
    max_leaves=8,
)


@FUZZ
@given(st.dictionaries(NAMES, TEXTS, max_size=3))
def test_pairs_become_values_of_their_type_or_are_refused(pairs):
    try:
        values = from_pairs(SCHEMA, pairs)
        read = validate(SCHEMA, values)
    except Refused as no:
        assert no.what and "\x1b" not in str(no) and "\u202e" not in str(no)
        return
    kinds = {"string": str, "boolean": bool, "integer": int, "number": float}
    assert all(type(value) is kinds[SCHEMA["properties"][name]["type"]] for name, value in values.items())
    assert list(read) == list(SCHEMA["properties"])


@FUZZ
@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_values_of_any_shape_are_taken_or_refused(values):
    try:
        validate(SCHEMA, values)
    except Refused as no:
        assert no.what and no.do


@FUZZ
@given(st.one_of(st.binary(max_size=100), VALUES.map(lambda value: json.dumps(value).encode())))
@example(b"[" * 100_000)
@example(b'{"A": NaN}')
@example(b'{"A": ' + b"9" * 5000 + b"}")
def test_a_file_of_anything_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_bytes(content)
    try:
        assert isinstance(from_file(path), dict)
    except Refused as no:
        assert no.what


KEYS = ["version", "Resources", "TargetService", "Type", "Properties", "TaskDefinition", "LoadBalancerInfo",
        "ContainerName", "ContainerPort", "CapacityProviderStrategy", "Weight", "Base", "Hooks"]  # fmt: skip
LEAVES = st.one_of(
    st.sampled_from([0.0, "0.0", 1, "AWS::ECS::Service", 8080, "8080", "²", "-1", True, None, "", "x", [], {}]), TEXTS
)
SPECS = st.recursive(
    LEAVES,
    lambda inside: st.one_of(st.lists(inside, max_size=2), st.dictionaries(st.sampled_from(KEYS), inside, max_size=4)),
    max_leaves=12,
)


@st.composite
def nearly_right(draw):
    """An AppSpec with a few parts replaced by others."""
    balancer = {
        "ContainerName": draw(st.one_of(st.just("app"), LEAVES)),
        "ContainerPort": draw(st.one_of(st.just(80), LEAVES)),
    }
    share = {"CapacityProvider": draw(LEAVES), "Weight": draw(LEAVES), "Base": draw(LEAVES)}
    properties = {
        "TaskDefinition": draw(st.one_of(st.just("web:1"), LEAVES)),
        "LoadBalancerInfo": draw(st.one_of(st.just(balancer), LEAVES)),
        "CapacityProviderStrategy": draw(st.one_of(st.just([share]), LEAVES, st.just([]))),
    }
    service = {"Type": "AWS::ECS::Service", "Properties": draw(st.one_of(st.just(properties), SPECS))}
    hooks = draw(st.one_of(st.just([{"AfterInstall": "f"}]), SPECS))
    return {"version": 0.0, "Resources": [{"TargetService": service}], "Hooks": hooks}


@FUZZ
@given(st.one_of(
    SPECS.map(json.dumps), nearly_right().map(json.dumps), nearly_right().map(yaml.safe_dump),
    st.text(st.sampled_from(string.printable + "é\u2028&*"), max_size=60),
))  # fmt: skip
@example("a: &a [*a]")
@example("[" * 5000)
@example("!!python/object/apply:os.system ['true']")
@example("2026-13-45")
@example("? {a: b}\n: c")
@example('{"version": 0.0, "version": 1, "resources": [{"a": {"type": "AWS::ECS::Service", "properties": {}}}]}')
@example(
    '{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {'
    '"TaskDefinition": "web:1", "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 80},'
    ' "CapacityProviderStrategy": 1}}}]}'
)
def test_an_appspec_is_read_or_refused(content):
    try:
        read = read_appspec(content)
    except InvalidAppSpec as no:
        assert str(no)
        return
    assert read.task_definition and read.container_name and 0 <= read.container_port <= 65535


@FUZZ
@given(
    arn=st.one_of(st.just("arn:aws:ecs:us-east-1:123456789012:task-definition/web:7"), TEXTS),
    name=st.one_of(st.just("app"), TEXTS),
    port=st.integers(-5, 70_000),
    hooks=st.dictionaries(st.one_of(st.sampled_from(appspec.HOOK_EVENTS), TEXTS), TEXTS, max_size=2),
)
def test_what_we_render_the_lab_reads_as_it_was_meant(arn, name, port, hooks):
    strategy = [{"capacityProvider": "web", "weight": 1, "base": 0}]
    try:
        made = appspec.render(
            task_definition_arn=arn,
            container_name=name,
            container_port=port,
            capacity_provider_strategy=strategy,
            hooks=hooks,
        )
    except Refused as no:
        assert no.what
        return
    read = read_appspec(made.content)
    assert (read.task_definition, read.container_name, read.container_port) == (arn, name, port)
    assert dict(read.hooks) == hooks


@FUZZ
@given(
    st.one_of(st.binary(max_size=80), VALUES.map(lambda value: json.dumps(value).encode())),
    st.sampled_from(["application/x-amz-json-1.1", "application/x-www-form-urlencoded", "text/plain", ""]),
    st.one_of(TEXTS, st.sampled_from(["ListTasks", "CreateDistribution2020_05_31", "GET /x"])),
)
def test_a_call_makes_sense_or_is_refused(body, kind, action):
    try:
        require_sense(Call("us-east-1", "ecs", action, True), {"Content-Type": kind}, body)
    except Senseless as no:
        assert no.code
