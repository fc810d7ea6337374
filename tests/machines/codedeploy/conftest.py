"""CodeDeploy over a real cluster and real listeners, without AWS and without a data plane."""

from __future__ import annotations

import random

import pytest

from awslab.machines import service_commands
from awslab.machines.applications import DeploymentGroup
from awslab.machines.appspecs import AppSpec, Plan
from awslab.machines.deployment import Order, Status
from awslab.machines.deployment_configs import CANARY, DeploymentConfig
from awslab.machines.deployment_view import View
from awslab.machines.deployments import Deployments
from awslab.machines.events import HookInvoked
from awslab.machines.listeners import Listener, Listeners
from awslab.machines.machine import Machine
from awslab.machines.services import Service
from awslab.machines.task_definitions import LoadBalancer
from awslab.machines.task_set_requests import TaskSetRequests
from tests.machines.ecs.conftest import Stage

PROD, TEST = "arn:listener/app/web/1/prod", "arn:listener/app/web/1/test"
ARNS = {name: f"arn:targetgroup/{name}/1" for name in ("blue", "green")}
ALL_EVENTS = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]


class Functions(Machine):
    """Remembers who was called."""

    name = "functions"
    hears = (HookInvoked,)

    def __init__(self) -> None:
        self.called: list[HookInvoked] = []

    def on_event(self, event, now):
        self.called.append(event)
        return ()


class Scene(Stage):
    """Two hosts, service `web` of two tasks behind blue, both listeners, one deployment group."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts("i-1a", "i-2b")
        self.listeners = self.world.add(Listeners())
        for arn, port in ((PROD, 80), (TEST, 8080)):
            opened = self.listeners.put(arn, Listener("arn:lb", port, 60.0, ((ARNS["blue"], 100),)))
            self.world.call(lambda opened=opened: self.world.tell(opened))
        self.alarm, self.functions = "OK", self.world.add(Functions())
        view = View(self._service_of, self._weights_of, lambda name: self.alarm, ARNS.get, self._plan)
        self.deployments = self.world.add(Deployments(random.Random(3), view))
        self.world.add(TaskSetRequests(lambda name: self.cluster))
        self.make_service()
        self.wait(60)

    def make_service(self) -> Service:
        service = Service("web", "CODE_DEPLOY", 2, self.world.now)
        first = self.task_set(self.definition())
        first.load_balancers = (LoadBalancer(ARNS["blue"], "app", 8080),)
        self.do(service_commands.create, service, first)
        return service

    def _service_of(self, cluster_name, name):
        found = self.cluster.services.get(name)
        return found if found is not None and found.status == "ACTIVE" else None

    def _weights_of(self, arn):
        return self.listeners.by_arn[arn].weights

    def _plan(self, appspec, cluster_name, arn):
        return Plan(self.definition(appspec.task_definition, revision=2), LoadBalancer(arn, "app", 8080), ())

    @property
    def web(self) -> Service:
        return self.cluster.services["web"]

    def order(self, image="good", *, hooks=(), ready=None, wait=1, events=ALL_EVENTS, percent=10, minutes=5):
        option = {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": ready} if ready is not None else {}
        pair = {
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [PROD]},
            "testTrafficRoute": {"listenerArns": [TEST]},
        }
        settings = {
            "ecsServices": [{"clusterName": "dev", "serviceName": "web"}],
            "loadBalancerInfo": {"targetGroupPairInfoList": [pair]},
            "blueGreenDeploymentConfiguration": {
                "deploymentReadyOption": option,
                "terminateBlueInstancesOnDeploymentSuccess": {"terminationWaitTimeInMinutes": wait},
            },
        }
        group = DeploymentGroup("web", "web", "g-1", "mine", "arn:role", settings)
        return Order(
            group=group,
            config=DeploymentConfig("mine", CANARY, percent, minutes),
            appspec=AppSpec(image, "app", 8080, hooks=tuple(hooks)),
            revision_error="",
            sha256="0" * 64,
            rollback={"enabled": bool(events), "events": events},
            alarms={"enabled": True, "alarms": [{"name": "bad"}]},
        )

    def command(self, command, *args, **kwargs):
        def act():
            events = command(*args, now=self.world.now, **kwargs)
            self.world.tell(events[1] if isinstance(events, tuple) else events)
            return events[0] if isinstance(events, tuple) else None

        return self.world.call(act)

    def deploy(self, image="good", **given):
        return self.deployments.by_id[self.command(self.deployments.create, self.order(image, **given))]

    def until(self, wanted, limit_s=8000):
        for _ in range(int(limit_s)):
            if wanted():
                return
            self.wait(1)
        raise AssertionError("it did not happen")

    def end(self, deployment) -> Status:
        self.until(lambda: deployment.over)
        return deployment.status

    def weights(self, arn=PROD) -> dict[str, int]:
        return {key.split("/")[1]: weight for key, weight in self.listeners.by_arn[arn].weights}


@pytest.fixture
def scene():
    return Scene()
