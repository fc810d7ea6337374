"""What was shown is applied in one go; the image is pushed as soon as it can be, and never silently not."""

from types import SimpleNamespace

import pytest

from awslab.lab import Lab
from hitless.errors import Failed, Refused
from hitless.images import build
from hitless.past import Past
from hitless.provisioning import REPOSITORY, plan_provisioning
from hitless.terraform_plan import Plan, ResourceChange

NAME = "web"
NEW_RUN = SimpleNamespace(is_resumed=False, past=Past())
BALANCER = "module.traffic.aws_lb.this"


class Environment:
    """Does what Terraform would: makes the repository if that is planned, and goes on."""

    name, variables, exists = NAME, {}, False

    def __init__(self, ecr, *planned, makes_repository=True):
        self._ecr, self._makes_repository = ecr, makes_repository
        self._shown = Plan("plan.tfplan", "d" * 64, tuple(ResourceChange(one, ("create",)) for one in planned), False)
        self.applied, self.held_before = [], None

    def plan(self, **variables):
        self.image = variables["image"]
        return self._shown

    def apply(self, plan, *, after=None):
        self.applied.append(plan)
        self.held_before = held(self._ecr)
        for address, act in (after or {}).items():
            assert address == REPOSITORY
            if self._makes_repository:
                self._ecr.create_repository(repositoryName=NAME)
            act()
        return {"add": len(plan.changes)}


@pytest.fixture
def here(tmp_path):
    lab = Lab(seed=1, data=tmp_path / "lab")
    return SimpleNamespace(account_id="123456789012", region="us-east-1", client=lab.client)


@pytest.fixture
def image(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("print(1)\n")
    return build(tmp_path / "app")


def held(ecr):
    """Digests that the repository holds; none where there is no repository."""
    if not [one for one in ecr.describe_repositories()["repositories"] if one["repositoryName"] == NAME]:
        return []
    return [one["imageDigest"] for one in ecr.list_images(repositoryName=NAME)["imageIds"]]


def make(here, environment, release):
    [step] = plan_provisioning(here, environment, release, NEW_RUN).plan.steps
    return step.act()


def test_the_image_is_pushed_as_soon_as_there_is_a_repository(here, image):
    environment = Environment(ecr := here.client("ecr"), REPOSITORY, BALANCER)
    planned = plan_provisioning(here, environment, image, NEW_RUN)
    assert environment.image.endswith(f".dkr.ecr.us-east-1.amazonaws.com/{NAME}@{image.digest}")
    assert image.digest in str(planned)
    assert planned.plan.steps[0].act() == {"add": 2, "image": environment.image}
    assert environment.held_before == [] and held(ecr) == [image.digest]


def test_it_is_pushed_first_where_the_repository_is_there(here, image):
    environment = Environment(ecr := here.client("ecr"), BALANCER)
    ecr.create_repository(repositoryName=NAME)
    make(here, environment, image)
    assert environment.held_before == [image.digest]


def test_nothing_is_applied_for_an_image_that_is_not_there(here, image):
    environment = Environment(ecr := here.client("ecr"), BALANCER)
    ecr.create_repository(repositoryName=NAME)
    with pytest.raises(Refused, match="does not hold"):
        make(here, environment, f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{NAME}@{image.digest}")
    assert not environment.applied


def test_a_push_that_fails_while_terraform_goes_on_is_no_refusal(here, image):
    environment = Environment(here.client("ecr"), REPOSITORY, BALANCER, makes_repository=False)
    with pytest.raises(Failed, match="could not be pushed") as failed:
        make(here, environment, image)
    assert "There is no ECR repository" in failed.value.seen["it said"]
