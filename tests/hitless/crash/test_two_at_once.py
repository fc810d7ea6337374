"""Two runners at once: exactly one works, the other is refused and told who holds the lease."""

import pytest

from tests.hitless.crash.conftest import of_kind
from tests.hitless.crash.test_matrix import RELEASE, TARGET, deployments

pytestmark = pytest.mark.live


def test_the_second_is_refused_with_who_works(web, operator, tmp_path):
    first = operator("30-deploy-app", **TARGET, **RELEASE, VERSION="2.0.0")
    second = operator("30-deploy-app", **TARGET, **RELEASE, VERSION="3.0.0")
    second.folder = tmp_path / "second"
    working = first.run()
    first.until(working, of_kind("lease.acquired"))
    refused = second.run()
    assert refused.wait(120) == 3
    said = "".join(second.said)
    assert "Taken" in said and "web is being changed by another run" in said
    assert first.past is not None and "30-deploy-app" in said
    assert working.wait(180) in (0, 4)
    assert len(deployments(web)) == 1
    assert second.past is None or not second.past.changed_something
