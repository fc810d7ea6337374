"""Whatever is missing of a service, what is said is where one looked and what to do."""

from types import SimpleNamespace

import pytest

from awslab.lab import Lab
from hitless.errors import WrongTarget
from hitless.stack import read_stack


@pytest.mark.parametrize("clusters", [[], ["web"]], ids=["no cluster", "no service"])
def test_a_name_that_is_not_there_is_the_wrong_target(clusters):
    lab = Lab()
    for name in clusters:
        lab.client("ecs").create_cluster(clusterName=name)
    here = SimpleNamespace(client=lab.client, account_id="123456789012", region=lab.region)
    with pytest.raises(WrongTarget, match="no active service web in cluster web"):
        read_stack(here, "web", "web")
    lab.close()
