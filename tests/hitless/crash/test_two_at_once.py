"""Two runners at once: exactly one works, the other is refused and told who holds the lease."""

import pytest

from hitless.deployment import continue_deployment
from hitless.wait import wait_until
from tests.hitless.crash.conftest import of_kind
from tests.hitless.crash.test_matrix import RELEASE, TARGET
from tests.hitless.web import Web

pytestmark = pytest.mark.live


def until_ready(web):
    """The deployments that wait to be continued, when none is on its way there."""
    client = web.call("codedeploy")
    named = {"applicationName": "web", "deploymentGroupName": "web"}

    def listed(*statuses):
        return client.list_deployments(**named, includeOnlyStatuses=list(statuses))["deployments"]

    going = lambda: listed("Created", "Queued", "InProgress")  # noqa: E731
    wait_until(going, lambda seen: not seen, what="Ready", clock=web.here.clock, timeout_s=7200, say=str)
    return listed("Ready")


def test_the_second_is_refused_with_who_works(lab, operator, tmp_path):
    web = Web(tmp_path, hold=True)
    first = operator("30-deploy-app", **TARGET, **RELEASE, VERSION="2.0.0", APPROVE="wait")
    second = operator("30-deploy-app", **TARGET, **RELEASE, VERSION="3.0.0")
    second.folder = tmp_path / "second"
    working = first.run()
    first.until(working, first.has_said(of_kind("lease.acquired")))
    refused = second.run()
    assert refused.wait(120) == 3
    said = "".join(second.said)
    assert "Taken" in said and "web is being changed by another run" in said
    assert "30-deploy-app" in said
    first.until(working, first.has_said(of_kind("result", step="deployment")))
    [deployment] = until_ready(web)
    continue_deployment(web.here, deployment)
    assert working.wait(180) in (0, 4)
    assert until_ready(web) == []
    assert second.past is None or not second.past.changed_something
