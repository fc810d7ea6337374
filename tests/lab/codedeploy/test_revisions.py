"""Revisions by their content, and what is wrong with some."""

import hashlib
import json

import pytest

YAML = """
version: 0.0
resources:
  - targetService:
      type: AWS::ECS::Service
      properties:
        taskDefinition: "{}"
        loadBalancerInfo: {{containerName: app, containerPort: 8080}}
hooks:
  - afterAllowTestTraffic: "content"
"""
NAME = {"applicationName": "web"}


def revision(content=None, sha256=None):
    given = {"content": content, "sha256": sha256}
    return {"revisionType": "AppSpecContent", "appSpecContent": {k: v for k, v in given.items() if v}}


def sha(content):
    return hashlib.sha256(content.encode()).hexdigest()


def test_a_registered_revision_is_found_by_its_hash_and_only_there_has_content(release, refused):
    content = release.appspec(release.first)
    release.cd.register_application_revision(**NAME, revision=revision(content), description="first")
    found = release.cd.get_application_revision(**NAME, revision=revision(sha256=sha(content)))
    assert found["revision"]["appSpecContent"] == {"content": content, "sha256": sha(content)}
    assert found["revisionInfo"]["description"] == "first"
    assert "firstUsedTime" not in found["revisionInfo"]
    deployment_id = release.deploy(content=content)
    assert release.deployment(deployment_id)["revision"]["appSpecContent"] == {"sha256": sha(content)}
    info = release.cd.get_application_revision(**NAME, revision=revision(sha256=sha(content)))["revisionInfo"]
    assert info["deploymentGroups"] == ["web"]
    assert info["firstUsedTime"] == info["lastUsedTime"]
    get = release.cd.get_application_revision
    assert refused(get, **NAME, revision=revision(sha256="0" * 64)) == "RevisionDoesNotExistException"


def test_a_revision_can_be_deployed_by_its_hash_alone(release):
    content = release.appspec(release.first)
    release.cd.register_application_revision(**NAME, revision=revision(content))
    made = release.cd.create_deployment(**NAME, deploymentGroupName="web", revision=revision(sha256=sha(content)))
    release.sleep(10)
    assert release.event(made["deploymentId"]) == "Install"


def test_revisions_are_listed_by_time_and_use(release):
    contents = [release.appspec(release.register()) for _ in range(3)]
    for content in contents:
        release.cd.register_application_revision(**NAME, revision=revision(content))
        release.sleep(1)
    release.deploy(content=contents[1])

    def listed(**given):
        found = release.cd.list_application_revisions(**NAME, **given)["revisions"]
        return [one["appSpecContent"]["sha256"] for one in found]

    hashes = [sha(content) for content in contents]
    assert listed(sortBy="registerTime", sortOrder="descending") == hashes[::-1]
    assert listed(deployed="include") == [hashes[1]]
    assert listed(deployed="exclude") == [hashes[0], hashes[2]]
    batch = release.cd.batch_get_application_revisions(**NAME, revisions=[revision(sha256=h) for h in hashes])
    assert [one["revisionLocation"]["appSpecContent"]["content"] for one in batch["revisions"]] == contents


def test_yaml_and_keys_in_any_case_are_read(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    task_definition = release.register()
    assert release.end(release.deploy(content=YAML.format(task_definition)))["status"] == "Succeeded"
    assert release.service()["taskDefinition"] == task_definition


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k"}},
        {"revisionType": "String", "string": {"content": "x"}},
        revision("version: 0.0", sha256="0" * 64),
        {"revisionType": "AppSpecContent", "appSpecContent": {}},
    ],
)
def test_what_is_no_revision_is_refused(release, refused, given):
    wanted = {} if given is None else {"revision": given}
    code = refused(release.cd.create_deployment, **NAME, deploymentGroupName="web", **wanted)
    assert code == ("InvalidRevisionException" if given else "RevisionRequiredException")


def broken(release, change):
    spec = json.loads(release.appspec(release.first))
    change(spec, spec["Resources"][0]["TargetService"]["Properties"])
    return json.dumps(spec)


@pytest.mark.parametrize(
    ("change", "telling"),
    [
        (lambda spec, _: spec.update(version="3"), "version"),
        (lambda spec, _: spec.update(Resources=[]), "exactly one resource"),
        (lambda spec, _: spec["Resources"].append(spec["Resources"][0]), "exactly one resource"),
        (lambda spec, _: spec["Resources"][0]["TargetService"].update(Type="AWS::Lambda::Function"), "type"),
        (lambda _, properties: properties.pop("TaskDefinition"), "TaskDefinition is missing"),
        (lambda _, properties: properties["LoadBalancerInfo"].pop("ContainerPort"), "ContainerPort is missing"),
        (lambda _, properties: properties["LoadBalancerInfo"].update(ContainerPort="http"), "not a port"),
        (lambda _, properties: properties.update(CapacityProviderStrategy=[{}]), "CapacityProvider"),
        (lambda _, properties: properties.update(CapacityProviderStrategy=["hosts"]), "CapacityProvider"),
        (lambda _, properties: properties.update(LoadBalancerInfo=[1]), "properties"),
        (lambda spec, _: spec.update(Hooks=[{"AllowTraffic": "f"}]), "hook allowtraffic"),
        (lambda spec, _: spec.update(Hooks=[{"AfterInstall": "f"}, {"afterinstall": "g"}]), "named twice"),
        (lambda spec, _: spec.update(Hooks={"AfterInstall": "f"}), "Hooks must be a list"),
    ],
)
def test_an_appspec_that_can_not_be_used_fails_the_deployment_and_changes_nothing(release, change, telling):
    deployment_id = release.deploy(content=broken(release, change))
    release.sleep(5)
    ended = release.deployment(deployment_id)
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Failed", "INVALID_REVISION")
    assert telling in ended["errorInformation"]["message"]
    assert release.events(deployment_id) == ["Skipped"] * 8
    assert len(release.task_sets()) == 1


@pytest.mark.parametrize("content", ["{", "a: [", "text", "[]", "\t\t"])
def test_what_is_not_yaml_is_called_that(release, content):
    deployment_id = release.deploy(content=content)
    release.sleep(5)
    assert release.deployment(deployment_id)["errorInformation"]["message"].endswith(
        "The input AppSpec file is a not well-formed yaml. The template cannot be parsed."
    )


@pytest.mark.parametrize(
    ("change", "telling"),
    [
        (lambda properties: properties.update(TaskDefinition="web:99"), "TaskDefinition not found"),
        (lambda properties: properties["LoadBalancerInfo"].update(ContainerName="no"), "The container no"),
        (
            lambda properties: properties.update(CapacityProviderStrategy=[{"CapacityProvider": "no", "Weight": 1}]),
            "capacity provider no",
        ),
    ],
)
def test_what_ecs_refuses_fails_install(release, change, telling):
    content = broken(release, lambda _, properties: change(properties))
    ended = release.end(release.deploy(content=content))
    assert (ended["status"], ended["errorInformation"]["code"]) == ("Failed", "ECS_UPDATE_ERROR")
    assert telling in ended["errorInformation"]["message"]
