"""Every question a reviewer asks of the Terraform has its rule, and every rule misses exactly what it protects.

The stacks are the real configurations, applied to a pretended AWS once; a defect is planted in what came out of it.
"""

import copy
import json

import pytest

from .defects import DEFECTS
from .policies import RULES, Stacks, read_stacks

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
    assert workshop.run("init", "-lockfile=readonly", inside="testing").returncode == 0
    only = [f"-filter=tests/{name}.tftest.hcl" for name in FILES]
    tested = workshop.run("test", "-json", "-verbose", *only, inside="testing")
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


@pytest.mark.parametrize(("wanted", "defect"), DEFECTS, ids=[f"{name}-{n}" for n, (name, _) in enumerate(DEFECTS)])
def test_a_defect_is_told_by_its_rule_alone(stacks, wanted, defect):
    planted = copy.deepcopy(stacks)
    defect(planted)
    assert [name for name, broken_by in RULES.items() if broken_by(planted)] == [wanted]


def test_no_rule_is_without_a_defect():
    assert {wanted for wanted, _ in DEFECTS} == set(RULES)
