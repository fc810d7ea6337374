"""Our HCL: formatted, valid, refused where it would hurt, and missed when a safety is taken out."""

import functools
import importlib.util
import re
import shutil
from pathlib import Path

import pytest

from .conftest import LOCK, SOURCES

_spec = importlib.util.spec_from_file_location("document", SOURCES / "testing" / "document.py")
document = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(document)

pytestmark = pytest.mark.terraform

MODULES = sorted(folder.name for folder in (SOURCES / "modules").iterdir())
ROOTS = ["bootstrap", "envs/dev", "envs/prod"]
TESTED = [*[f"modules/{name}" for name in MODULES], *ROOTS]
RUN = re.compile(r'^run "([^"]+)" \{(.*?)^\}', re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r'^variable "([^"]+)" \{(.*?)^\}', re.MULTILINE | re.DOTALL)


def test_everything_is_formatted(workshop):
    assert workshop.run("fmt", "-check", "-recursive", "-diff").stdout == ""


def test_every_module_keeps_its_laws_with_a_pretended_aws(workshop):
    tested = workshop.test([*MODULES, "examples"], "-no-color")  # the whole stacks are `test_policy.py`'s
    assert tested.returncode == 0, tested.stdout + tested.stderr


# A safety taken out, and the run that must miss it.
MUTATIONS = {
    "compute/main.tf": [
        ("[local.version_in_use]", '["$Latest"]', "the_group_follows_the_newest_version_by_number"),
        ("= var.refresh.max_healthy_percent", "= null", "a_refresh_launches_before_it_terminates"),
        ('"ABANDON"', '"CONTINUE"', "in_service_means_in_the_cluster"),
        ('managed_draining = "ENABLED"', 'managed_draining = "DISABLED"', "draining_moves_tasks_and_nothing_stalls"),
    ],
    "compute/launch_template.tf": [
        ("hop_limit = 1", "hop_limit = 2", "tasks_cannot_borrow_the_hosts_role"),
    ],
    "compute/security_group.tf": [
        ("from = 32768, to = 65535", "from = 8080, to = 8080", "the_load_balancer_reaches_every_dynamic_port"),
    ],
    "ecs_service/main.tf": [
        ("hostPort      = 0", "hostPort      = 8080", "a_task_is_confined"),
        ("skip_destroy = true", "skip_destroy = false", "codedeploy_deploys_and_a_rollback_finds"),
    ],
    "codedeploy/main.tf": [
        (', "DEPLOYMENT_STOP_ON_ALARM"', "", "a_bad_release_rolls_itself_back"),
    ],
    "codedeploy/hook.tf": [
        ('"CodeDeployHook_${var.name}"', '"Hook_${var.name}"', "a_hook_may_call_back_and_log"),
        ("from_port         = local.hook_port", "from_port         = 80", "a_hook_inside_a_vpc_goes_out"),
    ],
    "traffic/alarms.tf": [
        ('"notBreaching"', '"breaching"', "silence_is_not_an_error"),
    ],
    "ecr/main.tf": [
        ('"IMMUTABLE"', '"MUTABLE"', "a_tag_never_moves"),
    ],
}
LAWS = tuple(law for changes in MUTATIONS.values() for _, _, law in changes)


def test_a_safety_taken_out_is_missed(workshop):
    for file, changes in MUTATIONS.items():
        path = workshop.root / "modules" / file
        text = path.read_text()
        for old, new, _ in changes:
            assert old in text, f"{file} no longer says {old!r}: renew the mutation"
            text = text.replace(old, new)
        path.write_text(text)
        keep_runs(workshop.root / "testing" / "tests" / f"{module_of(file)}.tftest.hcl")
    said = workshop.test(sorted({module_of(file) for file in MUTATIONS}), "-no-color").stdout
    failed = set(re.findall(r'^  run "([^"]+)"\.\.\. fail', said, re.MULTILINE))
    for law in LAWS:
        assert any(name.startswith(law) for name in failed), f"nobody missed what {law} protects\n{said}"


def module_of(file: str) -> str:
    return file.split("/")[0]


def keep_runs(tests: Path):
    """Only those that are to miss something: each costs a second."""
    drop = [run for run in RUN.finditer(tests.read_text()) if not run[1].startswith(LAWS)]
    tests.write_text(functools.reduce(lambda text, run: text.replace(run[0], ""), drop, tests.read_text()))


def test_the_composition_is_valid_and_its_lock_file_final(workshop):
    assert workshop.run("init", inside="envs/dev").returncode == 0
    assert (workshop.root / "envs/dev/.terraform.lock.hcl").read_text() == LOCK.read_text()
    valid = workshop.run("validate", inside="envs/dev")
    assert valid.returncode == 0, valid.stderr


def test_every_root_is_locked_to_the_same_provider():
    for root in ROOTS:
        assert (SOURCES / root / ".terraform.lock.hcl").read_text() == LOCK.read_text(), root
        assert (SOURCES / root / "versions.tf").read_text() == (SOURCES / "envs/dev/versions.tf").read_text(), root


def test_readmes_are_fresh_and_examples_are_what_is_tested():
    stale = document.stale()
    assert not stale, f"run python terraform/testing/document.py: {', '.join(stale)}"


def test_a_stale_table_is_told(tmp_path):
    folder = tmp_path / "terraform"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns(".terraform"))
    assert document.stale(folder) == []
    variables = folder / "modules" / "kms" / "variables.tf"
    variables.write_text(variables.read_text().replace("alias is alias/name", "alias is another"))
    assert document.stale(folder) == ["modules/kms/README.md"]


@pytest.mark.parametrize("folder", TESTED)
def test_every_validation_has_a_run_that_it_refuses(folder):
    runs = RUN.findall((SOURCES / "testing" / "tests" / f"{Path(folder).name}.tftest.hcl").read_text())
    for name, body in variables_of(folder):
        refused = [run for run, text in runs if re.search(rf"expect_failures = \[[^]]*\bvar\.{name}\b", text)]
        assert len(refused) >= body.count("validation {"), f"{folder}: a validation of {name} is never tried"


@pytest.mark.parametrize("folder", TESTED)
def test_variables_and_outputs_are_described_and_in_order(folder):
    names = [name for name, _ in variables_of(folder)]
    assert names == sorted(names)
    assert all("description =" in body and "type " in body for _, body in variables_of(folder))
    outputs = (SOURCES / folder / "outputs.tf").read_text()
    found = re.findall(r'^output "([^"]+)"', outputs, re.MULTILINE)
    assert found == sorted(found)
    assert outputs.count("description =") == len(found)


@pytest.mark.parametrize("folder", TESTED)
def test_null_is_only_for_variables_whose_description_says_what_it_means(folder):
    for name, body in variables_of(folder):
        assert "nullable" in body or "null" in re.search(r'description = "(.*)"', body)[1], f"{folder}: {name}"


def test_every_field_left_to_others_names_its_owner():
    for file in SOURCES.rglob("*.tf"):
        for block in re.findall(r"ignore_changes = \[(.*?)\]", file.read_text(), re.DOTALL):
            fields = [line for line in block.splitlines() if line.strip()]
            assert fields, f"{file}: ignore_changes on one line names no owner"
            assert all("# owner: " in line for line in fields), f"{file}: {fields}"


LEFT = {
    "compute/main.tf": {"desired_capacity"},
    "ecs_service/main.tf": {"capacity_provider_strategy", "desired_count", "load_balancer", "task_definition"},
    "traffic/main.tf": {"default_action"},
}


def left_alone(text: str) -> set[str]:
    blocks = re.findall(r"ignore_changes = \[(.*?)\]", text, re.DOTALL)
    return set(re.findall(r"^\s*(\w+),", "".join(blocks), re.MULTILINE))


@pytest.mark.parametrize(("file", "fields"), LEFT.items())
def test_what_others_own_is_left_alone(file, fields):
    text = (SOURCES / "modules" / file).read_text()
    assert left_alone(text) == fields
    for field in fields:
        assert field not in left_alone(re.sub(rf"^ *{field}, +#.*\n", "", text, flags=re.MULTILINE))


def variables_of(folder: str) -> list[tuple[str, str]]:
    return VARIABLE.findall((SOURCES / folder / "variables.tf").read_text())
