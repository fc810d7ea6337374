"""Tasks and container instances answer as AWS does, and looking at them changes nothing."""

import pytest

from awslab.machines.events import TargetDeregisterRequested, TaskSignalled


def steady(stack, **given):
    stack.create(**given)
    stack.sleep(120)
    return stack.tasks()


def look(stack):
    """Every ECS call that only looks."""
    stack.ecs.describe_clusters(clusters=["dev"], include=["TAGS", "SETTINGS", "STATISTICS"])
    stack.ecs.describe_capacity_providers()
    stack.ecs.list_services(cluster="dev")
    stack.service()
    for status in ("RUNNING", "STOPPED"):
        stack.tasks(desiredStatus=status)
    stack.hosts()
    stack.ecs.describe_task_sets(cluster="dev", service="web")
    stack.ecs.describe_task_definition(taskDefinition="web")


@pytest.mark.parametrize("looks", [1, 40])
def test_looking_never_changes_what_happened(make_stack, looks):
    def story(how_often):
        stack = make_stack()
        stack.create()
        for _ in range(how_often):
            stack.sleep(240 / how_often)
            look(stack)
        host = stack.hosts()[0]
        instance = {"cluster": "dev", "containerInstances": [host["containerInstanceArn"]]}
        stack.ecs.update_container_instances_state(**instance, status="DRAINING")
        for _ in range(how_often):
            stack.sleep(240 / how_often)
            look(stack)
        return stack.lab.world.journal

    assert story(looks) == story(2)


def test_a_running_task_shows_where_it_listens(stack):
    first, second = steady(stack)
    (container,) = first["containers"]
    (binding,) = container["networkBindings"]
    assert binding["containerPort"] == 8080 and binding["hostPort"] >= 32768
    assert first["lastStatus"] == first["desiredStatus"] == container["lastStatus"] == "RUNNING"
    assert first["group"] == "service:web" and first["capacityProviderName"] == "hosts"
    assert first["startedBy"] == stack.service()["taskSets"][0]["id"]
    assert {first["availabilityZone"], second["availabilityZone"]} == {"us-east-1a", "us-east-1b"}
    health = stack.elb.describe_target_health(TargetGroupArn=stack.blue)["TargetHealthDescriptions"]
    assert sorted(one["Target"]["Port"] for one in health) == sorted(
        task["containers"][0]["networkBindings"][0]["hostPort"] for task in (first, second)
    )


def test_list_tasks_filters_by_service_host_family_and_status(stack):
    steady(stack)
    host = stack.hosts()[0]
    assert len(stack.tasks(serviceName="web")) == 2
    assert len(stack.tasks(containerInstance=host["containerInstanceArn"])) == 1
    assert len(stack.tasks(family="web")) == 2 and stack.tasks(family="other") == []
    assert stack.tasks(desiredStatus="STOPPED") == [] and stack.tasks(desiredStatus="PENDING") == []


def test_stop_task_loses_requests_and_the_scheduler_replaces_it(stack):
    first, _second = steady(stack)
    stack.ecs.stop_task(cluster="dev", task=first["taskArn"], reason="by hand")
    stack.sleep(120)
    (stopped,) = stack.tasks(desiredStatus="STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "by hand")
    assert stopped["lastStatus"] == "STOPPED" and stopped["containers"][0]["exitCode"] == 0
    assert len(stack.tasks()) == 2
    kinds = [type(e.event) for e in stack.lab.world.journal]
    assert kinds.index(TaskSignalled) < kinds.index(TargetDeregisterRequested)


def test_hosts_show_what_is_left_of_them(stack):
    steady(stack)
    for host in stack.hosts():
        left = {r["name"]: r["integerValue"] for r in host["remainingResources"]}
        assert (left["CPU"], left["MEMORY"]) == (2048 - 256, 4096 - 512)
        assert host["agentConnected"] and host["capacityProviderName"] == "hosts"
        assert {"name": "ecs.instance-type", "value": "t3.medium"} in host["attributes"]


def test_draining_by_hand_moves_the_tasks_and_loses_nothing(stack):
    steady(stack)
    stack.send()
    host = stack.hosts()[0]
    instance = {"cluster": "dev", "containerInstances": [host["containerInstanceArn"]]}
    answer = stack.ecs.update_container_instances_state(**instance, status="DRAINING")
    assert answer["containerInstances"][0]["status"] == "DRAINING" and answer["failures"] == []
    assert stack.service()["taskSets"][0]["stabilityStatus"] == "STABILIZING"
    stack.sleep(300)
    hosts = {h["containerInstanceArn"]: h["runningTasksCount"] for h in stack.hosts()}
    assert hosts[host["containerInstanceArn"]] == 0 and sum(hosts.values()) == 2
    assert stack.service()["taskSets"][0]["stabilityStatus"] == "STEADY_STATE"
    assert stack.failed_requests() == 0
    stack.ecs.update_container_instances_state(**instance, status="ACTIVE")
    assert {h["status"] for h in stack.hosts()} == {"ACTIVE"}


def test_at_most_ten_hosts_change_state_at_once(stack, refused):
    def change(names, status="DRAINING"):
        return stack.ecs.update_container_instances_state(cluster="dev", containerInstances=names, status=status)

    assert refused(change, ["x"] * 11)[0] == "InvalidParameterException"
    assert refused(change, ["x"], "INACTIVE")[0] == "InvalidParameterException"
    assert change(["x"])["failures"][0]["reason"] == "MISSING"


def test_run_task_overrides_and_fails_host_by_host(stack):
    answer = stack.ecs.run_task(
        cluster="dev",
        taskDefinition="web",
        startedBy="me",
        tags=[{"key": "why", "value": "once"}],
        overrides={"containerOverrides": [{"name": "app", "environment": [{"name": "COLOUR", "value": "red"}]}]},
    )
    (task,) = answer["tasks"]
    assert (task["lastStatus"], task["group"], task["startedBy"]) == ("PROVISIONING", "family:web", "me")
    assert task["tags"] == [{"key": "why", "value": "once"}]
    assert task["overrides"]["containerOverrides"][0]["environment"] == [{"name": "COLOUR", "value": "red"}]
    big = stack.register(cpu=4096)
    failures = stack.ecs.run_task(cluster="dev", taskDefinition=big)["failures"]
    assert [failure["reason"] for failure in failures] == ["RESOURCE:CPU"] * 2


def test_run_task_without_hosts_is_refused(stack, refused):
    stack.ecs.create_cluster(clusterName="empty")
    code, said = refused(stack.ecs.run_task, cluster="empty", taskDefinition="web")
    assert (code, said) == ("InvalidParameterException", "No Container Instances were found in your cluster.")


def test_propagated_tags_are_on_tasks(stack):
    stack.create(enableECSManagedTags=True, propagateTags="SERVICE", tags=[{"key": "owner", "value": "web"}])
    stack.sleep(60)
    arns = stack.ecs.list_tasks(cluster="dev")["taskArns"]
    (task, _other) = stack.ecs.describe_tasks(cluster="dev", tasks=arns, include=["TAGS"])["tasks"]
    tags = {tag["key"]: tag["value"] for tag in task["tags"]}
    assert tags == {"owner": "web", "aws:ecs:clusterName": "dev", "aws:ecs:serviceName": "web"}


def test_a_definition_the_lab_cannot_run_is_refused(stack, refused):
    container = {"image": "x", "memory": 64}
    stack.ecs.register_task_definition(
        family="two", containerDefinitions=[{**container, "name": "a"}, {**container, "name": "b"}]
    )
    assert "one container a task" in refused(stack.ecs.run_task, cluster="dev", taskDefinition="two")[1]
    first = stack.register()
    stack.ecs.deregister_task_definition(taskDefinition=first)
    assert refused(stack.ecs.run_task, cluster="dev", taskDefinition=first)[1] == "TaskDefinition is inactive"
