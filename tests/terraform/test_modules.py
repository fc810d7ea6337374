"""Our HCL: formatted, valid, refused where it would hurt, and missed when a safety is taken out."""

import re
from pathlib import Path

import pytest

from .conftest import LOCK, SOURCES

pytestmark = pytest.mark.terraform

MODULES = sorted(folder.name for folder in (SOURCES / "modules").iterdir())
TESTED = [*[f"modules/{name}" for name in MODULES], "envs/dev"]
RUN = re.compile(r'^run "([^"]+)" \{(.*?)^\}', re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r'^variable "([^"]+)" \{(.*?)^\}', re.MULTILINE | re.DOTALL)


def test_everything_is_formatted(workshop):
    assert workshop.run("fmt", "-check", "-recursive", "-diff").stdout == ""


def test_every_module_keeps_its_laws_with_a_pretended_aws(workshop):
    assert workshop.run("init", "-lockfile=readonly", inside="testing").returncode == 0
    tested = workshop.run("test", "-no-color", inside="testing")
    assert tested.returncode == 0, tested.stdout + tested.stderr


# A safety taken out, and the run that must miss it.
MUTATIONS = {
    "compute/main.tf": [
        ("local.version_in_use\n", '"$Latest"\n', "the_group_follows_the_newest_version_by_number"),
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


def test_a_safety_taken_out_is_missed(workshop):
    for file, changes in MUTATIONS.items():
        path = workshop.root / "modules" / file
        text = path.read_text()
        for old, new, _ in changes:
            assert old in text, f"{file} no longer says {old!r}: renew the mutation"
            text = text.replace(old, new)
        path.write_text(text)
    workshop.run("init", "-lockfile=readonly", inside="testing")
    said = workshop.run("test", "-no-color", inside="testing").stdout
    failed = set(re.findall(r'^  run "([^"]+)"\.\.\. fail', said, re.MULTILINE))
    for changes in MUTATIONS.values():
        for _, _, law in changes:
            assert any(name.startswith(law) for name in failed), f"nobody missed what {law} protects\n{said}"


def test_the_composition_is_valid_and_its_lock_file_final(workshop):
    assert workshop.run("init", inside="envs/dev").returncode == 0
    assert (workshop.root / "envs/dev/.terraform.lock.hcl").read_text() == LOCK.read_text()
    valid = workshop.run("validate", inside="envs/dev")
    assert valid.returncode == 0, valid.stderr


def test_readme_examples_are_valid(workshop):
    folder = workshop.root / "envs" / "examples"
    folder.mkdir()
    examples = [example_of(name) for name in MODULES]
    (folder / "main.tf").write_text("\n".join(examples))
    assert workshop.run("init", inside="envs/examples").returncode == 0
    valid = workshop.run("validate", inside="envs/examples")
    assert valid.returncode == 0, valid.stderr


def example_of(module: str) -> str:
    readme = (SOURCES / "modules" / module / "README.md").read_text()
    (example,) = re.findall(r"```hcl\n(.*?)```", readme, re.DOTALL)
    return example


@pytest.mark.parametrize("folder", TESTED)
def test_every_validation_has_a_run_that_it_refuses(folder):
    runs = RUN.findall((SOURCES / "testing" / "tests" / f"{Path(folder).name}.tftest.hcl").read_text())
    for name, body in variables_of(folder):
        refused = [run for run, text in runs if f"expect_failures = [var.{name}]" in text]
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


def variables_of(folder: str) -> list[tuple[str, str]]:
    return VARIABLE.findall((SOURCES / folder / "variables.tf").read_text())
