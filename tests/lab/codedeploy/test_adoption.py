"""A deployment and a revision are found again by whoever knows what was called and when."""

import hashlib

from hitless.deployment import DeploymentGroup, create_step
from hitless.step import Step
from tests.lab.codedeploy.conftest import CONTAINER
from tests.lab.test_adoption import Here


def test_a_deployment_is_found_by_its_content_and_when(make_release):
    release = make_release(config="ECSAllAtOnce", wait=0)
    here, content = Here(release.lab), release.appspec(release.register())
    group = DeploymentGroup("web", "web", "CodeDeployDefault.ECSAllAtOnce")
    step = create_step(group, content, hashlib.sha256(content.encode()).hexdigest(), "", "test")
    before = here.clock.now()
    assert step.find(here, before) is None
    made, _ = step.make(here)
    assert step.find(here, before) == made and made["deploymentId"].startswith("d-")
    release.end(made["deploymentId"])
    release.sleep(60)
    assert step.find(here, before) == made and step.find(here, here.clock.now()) is None


def test_a_revision_is_found_only_if_it_is_the_one_that_was_to_come(make_release):
    release = make_release()
    here = Here(release.lab)
    arn = release.first.rpartition(":")[0] + ":2"
    arguments = {"family": "web", "networkMode": "bridge", "containerDefinitions": [{**CONTAINER, "image": "app:2"}]}
    step = Step("r", "ecs", "register_task_definition", arguments, "", "", {"taskDefinition.taskDefinitionArn": arn})
    assert step.find(here, 0) is None
    step.make(here)
    assert step.find(here, 0) == {}
    release.register(image="app:3")
    assert step.find(here, 0) == {}, "also when another one came after it"
    other = {**arguments, "containerDefinitions": [{**CONTAINER, "image": "app:4"}]}
    assert Step("r", "ecs", step.operation, other, "", "", step.expects).find(here, 0) is None
