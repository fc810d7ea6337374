"""Each rule holds, and each planted defect is noticed by exactly the rule that is meant for it."""

from pathlib import Path

import pytest

from tests.workflows.rules import RULES, Files, broken

CHECKOUT = Path(__file__).resolve().parents[2]
RUN, DEPLOY, UPDATE = "workflows/_run-runbook.yml", "workflows/deploy.yml", "workflows/infrastructure-update.yml"
BUILD, CI = "workflows/build.yml", "workflows/ci.yml"
CHECKOUT_SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"

PLANTED = {
    "actions_are_those_of_the_table": [
        (RUN, CHECKOUT_SHA, "deadbeef" * 5),
        (CI, f"{CHECKOUT_SHA} # v7.0.1", "v7"),
        (BUILD, "actions/attest@", "evil/attest@"),
        (DEPLOY, "# v7.0.1", "# v9.9.9"),
    ],
    "no_key_outlives_a_job": [
        (RUN, "role-to-assume: ${{ vars.AWS_ROLE_ARN }}", "aws-access-key-id: ${{ vars.KEY }}"),
        (BUILD, "COLOUR: ${{ inputs.colour || 'green' }}", "COLOUR: ${{ secrets.COLOUR }}"),
    ],
    "nothing_is_permitted_unasked": [
        (DEPLOY, "permissions: {}", "permissions: read-all"),
        (CI, "    permissions: {}\n", ""),
    ],
    "every_job_ends": [(BUILD, "    timeout-minutes: 10\n", "")],
    "a_session_outlasts_its_job": [(RUN, "role-duration-seconds: 14400", "role-duration-seconds: 3600")],
    "a_token_needs_an_environment": [
        (BUILD, "    environment:\n      name: attest # admits main only\n      deployment: false\n", "")
    ],
    "changes_of_an_environment_queue_and_are_never_cut": [
        (RUN, "group: change-${{ inputs.environment }}", "group: change-${{ inputs.purpose }}"),
        (RUN, "cancel-in-progress: false", "cancel-in-progress: true"),
        (UPDATE, "cancel-in-progress: false", "cancel-in-progress: true"),
    ],
    "one_workflow_changes_things": [
        (CI, "- run: make lint", "- run: hitless run runbooks/20-refresh-hosts.ipynb"),
        (DEPLOY, "purpose: deploy", "purpose: apply", 2),
    ],
    "a_cancel_reaches_the_runner": [
        (
            RUN,
            'exec hitless run "runbooks/$RUNBOOK.ipynb" --params parameters.json --params always.json '
            '--run-dir "$RUN_DIR" \\\n            --approval',
            'hitless run "runbooks/$RUNBOOK.ipynb" --params parameters.json --params always.json '
            '--run-dir "$RUN_DIR" \\\n            --approval',
        ),
        (RUN, "exec hitless reconcile", "hitless reconcile"),
    ],
    "nothing_is_left_when_a_step_fails": [
        (RUN, "      - name: Reconcile\n        if: always()\n", "      - name: Reconcile\n"),
        (RUN, "if: always() && steps.sum-up.outputs.sealed == 'yes'\n", "if: steps.sum-up.outputs.sealed == 'yes'\n"),
    ],
    "every_job_knows_where_states_are": [
        (RUN, "      HITLESS_BACKENDS: ${{ vars.HITLESS_BACKENDS }} # where Terraform's states are\n", "")
    ],
    "no_text_becomes_shell": [(UPDATE, 'gh pr comment "$NUMBER"', "gh pr comment ${{ github.event.number }}")],
    "shells_fail_in_a_pipe": [(CI, "defaults:\n  run:\n    shell: bash\n", "")],
    "no_stranger_starts_a_job": [(CI, "  schedule:", "  pull_request_target:\n  schedule:")],
    "checkouts_leave_no_token": [(CI, "persist-credentials: false", "persist-credentials: true")],
    "one_failure_does_not_cut_others": [
        (DEPLOY, "      fail-fast: false # what is under way elsewhere goes to its own end\n", "")
    ],
    "waves_do_the_same": [
        (DEPLOY, "      then: ${{ inputs.then }}\n\n", "      then: report\n\n"),
        (UPDATE, "(needs.first.result == 'success' ||", "(needs.first.result == 'failure' ||"),
    ],
    "only_listed_environments_are_offered": [
        (DEPLOY, "options: [all, hitless-dev, hitless-prod]", "options: [all, hitless-dev]")
    ],
    "production_is_reviewed": [("waves.json", '"reviewed": true', '"reviewed": false')],
    "images_are_verified_before_they_are_planned": [
        (RUN, "            --source-ref refs/heads/main --deny-self-hosted-runners\n", "\n"),
        (RUN, ' \\\n            --signer-workflow "$GITHUB_REPOSITORY/.github/workflows/build.yml"', ""),
        (DEPLOY, "      image-digest: ${{ inputs.digest }}\n", "", 2),
    ],
    "images_are_signed_before_they_are_pushed": [(BUILD, "needs: [image, attest]", "needs: image")],
    "forks_get_no_role": [
        (UPDATE, " || github.event.pull_request.head.repo.full_name == github.repository", " || true")
    ],
    "pull_requests_only_look": [(UPDATE, "      plan-only: true\n", "")],
    "every_check_is_required": [(CI, "lint, online, codeql]", "online, codeql]")],
    "young_releases_wait": [("dependabot.yml", "default-days: 7", "default-days: 1")],
    "bases_are_named_by_digest": [
        ("Dockerfile", "FROM ${PYTHON_IMAGE} AS packages", "FROM python:latest AS packages"),
        ("Dockerfile", "3.12.14-slim-trixie@sha256", "latest@sha256"),
    ],
    "the_app_is_nobody": [("Dockerfile", "USER 10001:10001", "USER 0"), ("Dockerfile", "USER 10001:10001\n", "")],
    "packages_come_by_hash": [("Dockerfile", " --require-hashes", "")],
}
CASES = [(rule, one) for rule, defects in PLANTED.items() for one in defects]


def read():
    folder = CHECKOUT / ".github"
    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    return found | {"Dockerfile": (CHECKOUT / "app" / "Dockerfile").read_text()}


def test_every_rule_holds_and_every_rule_has_its_defect():
    assert broken(Files(read())) == {}
    assert {rule.__name__ for rule in RULES} == PLANTED.keys()


@pytest.mark.parametrize(("rule", "defect"), CASES, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(CASES)])
def test_a_planted_defect_is_noticed_by_its_rule_alone(rule, defect):
    name, old, new, *times = defect
    texts = read()
    assert old in texts[name], "the defect must be one"
    texts[name] = texts[name].replace(old, new, times[0] if times else 1)
    assert list(broken(Files(texts))) == [rule]
