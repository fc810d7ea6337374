"""The workflows, as executed steps on a running lab: build, deploy, a stale plan, a host update, a cancel."""

import json
import os
from hashlib import sha256

import pytest

from hitless import pack
from hitless.images import build_release, push
from tests.conftest import RunningLab
from tests.hitless.web import Web
from tests.workflows.begun import another_refresh, refreshes
from tests.workflows.github import GitHub, approval

pytestmark = pytest.mark.live
PARAMETERS = {
    "30-deploy-app": {"PROBE_RATE_PER_S": 400},
    "41-roll-back-hosts": {"PROBE_RATE_PER_S": 700, "MIN_HEALTHY_PERCENT": 100, "MAX_HEALTHY_PERCENT": 200},
}
REPOSITORIES = ("web", "other")
BUILD = "octo-org/hitless/.github/workflows/build.yml"
CHANGE = "_run-runbook.yml:change"
in_full = pytest.mark.skipif(os.environ.get("HITLESS_FLOWS") != "all", reason="a minute; GitHub's CI sets it to all")


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    with RunningLab(tmp_path_factory.mktemp("lab"), rate=60, seed=1) as lab:
        web = Web(tmp_path_factory.mktemp("web"))
        web.aws = {name: value for name, value in lab.environment.items() if "KEY" not in name}
        yield web


@pytest.fixture
def github(web, tmp_path):
    waves = [[{"name": "web", "reviewed": True}], [{"name": "other", "reviewed": True}]]
    github = GitHub(tmp_path, waves, web.aws, PARAMETERS)
    yield github
    print(*github.said, sep="\n")


def deployments(web):
    return web.call("codedeploy").list_deployments()["deployments"]


def deploy(github, digest, **given):
    return github.run("deploy.yml", digest=digest, version="2.0.0", reason="CHG-1: two", environment="web", **given)


def hosts_to(github, version, **given):
    asked = {"change": "hosts-back", "value": version, "reason": "CHG-2: hosts", "environment": "web"}
    return github.run("infrastructure-update.yml", **asked, **given)


def register_another_revision(web):
    """Somebody else's: the plan that was shown would have made this number."""
    family = web.call("ecs").describe_task_definition(taskDefinition="web")["taskDefinition"]
    wanted = ("family", "containerDefinitions", "executionRoleArn", "taskRoleArn", "networkMode")
    web.call("ecs").register_task_definition(**{name: family[name] for name in wanted})


def record(github):
    """The folder of the run that changed something, as the artifact holds it."""
    [folder] = [
        path.parent for path in github.run_folder.glob("run-*/runs/*/*-1/request.json") if "plan-" not in str(path)
    ]
    return folder


def test_an_image_is_built_signed_pushed_and_released_by_its_digest(web, github):
    images = {
        name: lambda name=name: web.call("ecr").list_images(repositoryName=name)["imageIds"] for name in REPOSITORIES
    }
    web.call("ecr").create_repository(repositoryName="other")
    there = push(build_release("app", "2.0.0", "green"), "web", ecr=web.call("ecr")).partition("@")[2]
    before = images["web"]()
    built = github.run("build.yml", version="2.0.0")
    assert built.result == "success"
    digest = built.jobs["image"].outputs["digest"]
    assert digest == there and images["web"]() == before, "what is there is not pushed again"
    assert images["other"]() == [{"imageDigest": digest}]

    unsigned = push(build_release("app", "6.6.6", "red"), "web", ecr=web.call("ecr")).partition("@")[2]
    github.approve(approval("bob", "web-deploy"))
    assert deploy(github, unsigned).result == "failure"
    assert "no attestation of" in github.said[-2] and not deployments(web)

    assert deploy(github, digest).result == "success"
    assert web.version() == "2.0.0" and len(deployments(web)) == 1
    assert json.loads((record(github) / "approval.json").read_text())["by"] == "bob (GitHub)"
    assert pack.first_wrong(pack.verify(record(github))) == ""
    signed = f"sha256:{sha256((record(github) / 'manifest.json').read_bytes()).hexdigest()}"
    assert signed in [one["digest"] for one in json.loads(github.attested.read_text())]
    summary = "".join(path.read_text() for path in github.root.glob("job-*.md"))
    assert "Proven" in summary and "requests/s" in summary and "bob" in summary


def test_a_plan_that_is_stale_changes_nothing(web, github):
    before = deployments(web)
    digest = push(build_release("app", "2.0.0", "blue"), "web", ecr=web.call("ecr")).partition("@")[2]
    github.attested.write_text(json.dumps([{"digest": digest, "workflow": BUILD}]))
    github.approve(approval("bob", "web-deploy"))
    github.before[CHANGE] = lambda: register_another_revision(web)
    assert deploy(github, digest).result == "failure"
    assert "What was approved is not what would be done" in "".join(github.said)
    assert deployments(web) == before


def pull_request(repository):
    return {"pull_request": {"number": 7, "head": {"repo": {"full_name": repository}}}}


@pytest.mark.terraform
@in_full
def test_a_pull_request_shows_its_plan_and_changes_nothing_and_a_fork_gets_none(web, tmp_path):
    web.call("s3").create_bucket(Bucket="states")
    state = {"bucket": "states", "key": "web/terraform.tfstate", "region": "us-east-1", "use_lockfile": True}
    backends = json.dumps({"web": state})
    github = GitHub(tmp_path, [[{"name": "web", "reviewed": True}], []], web.aws, {}, HITLESS_BACKENDS=backends)
    forked = github.run("infrastructure-update.yml", event="pull_request", payload=pull_request("eve/hitless"))
    assert {ran.result for ran in forked.jobs.values()} == {"skipped"}

    shown = github.run("infrastructure-update.yml", event="pull_request", payload=pull_request("octo-org/hitless"))
    print(*github.said, sep="\n")
    assert shown.result == "success" and shown.jobs["first"].result == shown.jobs["second"].result == "skipped"
    comment = (tmp_path / "comment-7.md").read_text()
    assert "10-provision" in comment and "81 resources" in comment and "Nothing was changed" in comment
    assert "Contents" not in web.call("s3").list_objects_v2(Bucket="states")


@in_full
def test_a_cancelled_host_update_is_undone_and_the_next_one_goes_through(web, github):
    template = web.call("ec2").create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
    )
    assert template["LaunchTemplateVersion"]["VersionNumber"] == 2

    github.approve(approval("bob", "web-apply"))
    github.cancel["Run"] = another_refresh("web")
    assert hosts_to(github, "2", then="undo").result == "cancelled"
    assert refreshes("web")[0]["Status"] in ("RollbackSuccessful", "Cancelled")
    assert pack.first_wrong(pack.verify(record(github))) == ""

    assert hosts_to(github, "2").result == "success"
    assert refreshes("web")[0]["Status"] == "Successful"
