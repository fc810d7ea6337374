"""Every question a reviewer asks of the Terraform has its rule, and every rule misses exactly what it protects.

The stacks are the real configurations, applied to a pretended AWS once; a defect is planted in what came out of it.
"""

import copy
import json
import re

import pytest

from .conftest import CHECKOUT
from .defects import DEFECTS, FIRST, OTHERS, PIPE
from .iam import refused
from .planting import statement
from .policies import RULES, Stacks, read_stacks
from .policies.pipelines import may
from .policies.stack import allowed
from .recorded import BUCKET, LEASES, NAME, record
from .recorder import Asked

pytestmark = pytest.mark.terraform

WHOLE = {
    "what_comes_before_the_first_environment": "bootstrap",
    "a_hook_inside_the_vpc_has_a_way_to_call_back": "dev",
    "prod_composes_from_the_same_modules": "prod",
}
FILES = ("bootstrap", "dev", "prod")


@pytest.fixture(scope="module")
def stacks(tmp_path_factory) -> Stacks:
    from .conftest import Workshop

    workshop = Workshop(tmp_path_factory.mktemp("policy"))
    tested = workshop.test(FILES, "-json", "-verbose")
    lines = tested.stdout.splitlines()
    said = [json.loads(line)["@message"] for line in lines if '"@level":"error"' in line]
    assert tested.returncode == 0, "\n".join(said)
    return read_stacks(lines, WHOLE)


def test_the_whole_stacks_were_read(stacks):
    assert set(stacks) == set(WHOLE.values())
    assert {name: len(stack.resources) >= 60 for name, stack in stacks.items()} == dict.fromkeys(stacks, True)


@pytest.mark.parametrize("name", RULES)
def test_the_stacks_keep(stacks, name):
    assert RULES[name](stacks) == []


@pytest.mark.parametrize(("wanted", "defect"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_told_by_its_rule_alone(stacks, wanted, defect):
    planted = copy.deepcopy(stacks)
    defect(planted)
    assert [name for name, broken_by in RULES.items() if broken_by(planted)] == [wanted]


def test_no_rule_is_without_a_defect():
    assert {wanted for wanted, _ in DEFECTS.values()} == set(RULES)
    assert len(FIRST) == 13 and len(OTHERS) >= 20


# What the helpers say they call, by the role that runs them. Who one is needs no permission; of leases, archive and
# state, where it matters which, the calls were recorded (below).
RUN_BY = {
    "deploy": ("deployment", "logs", "post_mortem", "release_preflight", "service", "stack", "traffic"),
    "apply": ("capacity", "hosts", "leftovers", "preflight", "refresh", "service", "stack", "traffic"),
}
STEPS = {  # of their plans, which name no call in a docstring
    "deploy": {"ecs:RegisterTaskDefinition", "codedeploy:CreateDeployment"},
    "apply": {"autoscaling:StartInstanceRefresh"},
}
CALLS = re.compile(r'Calls:\n((?:[ ]+\S.*\n)+?)(?: *"""|\n)')
CALL = re.compile(r"(?:([a-z0-9]+):)?([A-Z]\w+\*?)(?:/([A-Z]\w+\*?))?")


def calls_of(module: str) -> set[str]:
    """Every call in a module's docstrings; a service that is named once holds for those after it."""
    found: set[str] = set()
    for said in CALLS.findall((CHECKOUT / "lib" / "hitless" / f"{module}.py").read_text()):
        service = ""
        for named, *actions in CALL.findall(said):
            service = named or service
            found |= {f"{service}:{action}" for action in actions if action and service}
    return found


def not_allowed(stacks: Stacks, purpose: str) -> set[str]:
    wanted = STEPS[purpose].union(*map(calls_of, RUN_BY[purpose]))
    roles = stacks["bootstrap"].of("aws_iam_role_policy")
    policies = [one["policy"] for address, one in roles if address.rsplit(".", 1)[1].startswith(purpose)]
    statements = [said for policy in policies for said in allowed(policy)]
    return {call for call in wanted if not any(may(said, call) for said in statements)}


@pytest.mark.parametrize("purpose", RUN_BY)
def test_a_role_may_call_what_its_runbooks_call(stacks, purpose):
    assert len(calls_of("service")) >= 6
    assert not_allowed(stacks, purpose) == set()


def test_a_call_that_a_role_may_not_make_is_missed(stacks):
    poorer = copy.deepcopy(stacks)
    for _, one in poorer["bootstrap"].of("aws_iam_role_policy"):
        one["policy"] = (
            one["policy"].replace("codedeploy:StopDeployment", "codedeploy:None").replace("ecs:List*", "ecs:None")
        )
    assert {"codedeploy:StopDeployment", "ecs:ListTasks"} <= not_allowed(poorer, "deploy")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    return record(tmp_path_factory.mktemp("recorded"))


@pytest.mark.parametrize("purpose", ["apply", "deploy", "plan"])
def test_a_role_may_make_the_calls_that_were_recorded(stacks, asked, purpose):
    kinds = {"apply": {"s3", "dynamodb"}, "deploy": {"s3", "dynamodb"}, "plan": {"s3"}}
    assert {one.action.partition(":")[0] for one in asked[purpose]} == kinds[purpose]
    assert refused(stacks, purpose, asked[purpose]) == set()


STATE, EVIDENCE = f"arn:aws:s3:::{BUCKET}/{NAME}/terraform.tfstate", f"arn:aws:s3:::{BUCKET}/{NAME}/20/1/LICENSE"


def test_planning_writes_neither_state_nor_variables_nor_evidence(stacks, asked):
    wrote = [one for one in asked["apply"] if one.action == "s3:PutObject"]
    assert {resource.rpartition("/")[2] for _, resource in refused(stacks, "plan", wrote)} == {
        "terraform.tfstate",
        "variables.json",
        "LICENSE",
    }


@pytest.mark.parametrize(
    "other",
    [
        Asked("dynamodb:UpdateItem", LEASES, {"dynamodb:LeadingKeys": ["hitless-prod"]}),
        Asked("dynamodb:UpdateItem", LEASES),
        Asked("dynamodb:DeleteItem", LEASES, {"dynamodb:LeadingKeys": [NAME]}),
        Asked("dynamodb:PutItem", LEASES, {"dynamodb:LeadingKeys": [NAME]}),
        Asked("s3:DeleteObject", STATE),
        Asked("s3:PutObject", STATE.replace(NAME, "hitless-prod")),
        Asked("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": ["hitless-prod/terraform.tfstate"]}),
        Asked("s3:GetObject", EVIDENCE),
        Asked("s3:DeleteObject", EVIDENCE),
        Asked("s3:PutObject", EVIDENCE.replace(NAME, "hitless-prod")),
    ],
    ids=lambda one: f"{one.action} {one.resource[-30:]} {one.context}",
)
def test_what_is_another_environments_or_past_is_nobodys_to_change(stacks, other):
    assert refused(stacks, "apply", [other]) and refused(stacks, "deploy", [other])


@pytest.mark.parametrize(
    ("place", "sid", "less", "missed"),
    [
        ("apply", "FindState", {"Condition": {"StringEquals": {"s3:prefix": [STATE]}}}, "s3:ListBucket"),
        ("apply", "KeepEvidence", {"Action": ["s3:PutObject"]}, "s3:PutObjectRetention"),
        ("deploy", "TakeTheLease", {"Action": ["dynamodb:GetItem"]}, "dynamodb:UpdateItem"),
        ("plan", "LockState", {"Action": ["s3:GetObject"]}, "s3:PutObject"),
    ],
)
def test_a_recorded_call_that_a_role_may_not_make_is_missed(stacks, asked, place, sid, less, missed):
    poorer = copy.deepcopy(stacks)
    for resource in {"apply": ["apply_runbook"]}.get(place, [place]):
        statement("bootstrap", PIPE.replace("prod", "dev") + resource, sid, **less)(poorer)
    assert missed in {action for action, _ in refused(poorer, place, asked[place])}
