"""A task that failed is found, with the reason it stopped; one that was scaled away is not a failure."""

import pytest

from hitless.post_mortem import read_failed_task
from tests.lab.test_host_refresh import Fleet

BAD = {"image": "app:bad", "environment": [{"name": "EXIT_ON_START", "value": "3"}]}


@pytest.fixture
def fleet():
    f = Fleet()
    yield f
    f.lab.close()


def test_the_newest_task_that_exited_says_why(fleet):
    definition = fleet.register(**BAD)
    fleet.ecs.create_service(
        cluster="dev", serviceName="bad", taskDefinition=definition, desiredCount=1, launchType="EC2"
    )
    fleet.sleep(60)
    stack = fleet.stack.__class__(**{**vars(fleet.stack), "service_name": "bad"})
    facts = read_failed_task(fleet.here, stack, "app:bad")
    assert (facts["stop code"], facts["app exit code"]) == ("EssentialContainerExited", 3)


def test_tasks_that_moved_with_their_host_are_no_failures(fleet):
    fleet.replace_hosts()
    assert read_failed_task(fleet.here, fleet.stack, "app:1") == {}
