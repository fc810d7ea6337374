"""What the actions do that these workflows use, as far as the next step notices."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

from tests.workflows.expressions import text

CHECKOUT = Path(__file__).resolve().parents[2]
LINKED = (".ci", ".venv", "app", "codedeploy", "lib", "pyproject.toml", "runbooks", "terraform", "Makefile")


def checkout(job, given):
    assert given == {"persist-credentials": False}
    for name in LINKED:
        (job.workspace / name).symlink_to(CHECKOUT / name)
    (job.workspace / ".github").mkdir()
    (job.workspace / ".github" / "waves.json").write_text(json.dumps(job.github.waves))


def credentials(job, given):
    """A role is had with a token, in the environment that the role trusts, and in the account that is allowed."""
    assert job.permissions.get("id-token") == "write", f"{job.name} asks for a role without a token"
    name, _, purpose = job.place.rpartition("-")
    assert given["role-to-assume"].endswith(f":role/{name}-ci-{purpose}"), (job.place, given)
    assert given["allowed-account-ids"] == "123456789012"
    job.aws_credentials = {
        "AWS_ACCESS_KEY_ID": "lab",
        "AWS_SECRET_ACCESS_KEY": "lab",
        "AWS_REGION": given["aws-region"],
        "AWS_DEFAULT_REGION": given["aws-region"],
    }


def upload(job, given):
    for pattern in given["path"].split():
        source = job.workspace / pattern.rstrip("/")
        # GitHub cuts off what all of an artifact's paths have in common: of one folder its own name.
        target = job.github.run_folder / given["name"]
        target = target if len(given["path"].split()) == 1 else target / source.name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def download(job, given):
    target = job.workspace / given.get("path", ".")
    if "pattern" in given:
        shutil.copytree(job.github.run_folder, target, dirs_exist_ok=True)
    else:
        shutil.copytree(job.github.run_folder / given["name"], target, dirs_exist_ok=True)


def attest(job, given):
    """Sign a digest as this workflow."""
    assert job.permissions.get("id-token") == job.permissions.get("attestations") == "write"
    digest = given.get("subject-digest")
    if not digest:
        digest = f"sha256:{sha256((job.workspace / given['subject-path']).read_bytes()).hexdigest()}"
    for name in ("sbom-path", "predicate-path"):
        if given.get(name):
            json.loads((job.workspace / given[name]).read_text())
    kept = json.loads(job.github.attested.read_text())
    workflow = f"octo-org/hitless/.github/workflows/{job.name.partition(':')[0]}"
    kept.append({"digest": digest, "workflow": workflow, "type": text(given.get("predicate-type"))})
    job.github.attested.write_text(json.dumps(kept))


def nothing(job, given):
    """What is on this machine already."""


KNOWN = {
    "actions/attest": attest,
    "actions/checkout": checkout,
    "actions/download-artifact": download,
    "actions/setup-python": nothing,
    "actions/upload-artifact": upload,
    "aws-actions/configure-aws-credentials": credentials,
    "docker/setup-buildx-action": nothing,
}
