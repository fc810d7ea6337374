import asyncio

import pytest

from tests.dataplane.site import Site, fixed
from tests.dataplane.stage import Stage
from tests.dataplane.visitors import Loader, get

RUN_S_MAX = 120.0  # what waits for ever says where it waits


def run_on(factory):
    def run(body):
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(asyncio.wait_for(body(), RUN_S_MAX))

    return run


@pytest.fixture(params=["uvloop", "asyncio"])
def run(request):
    """Runs a coroutine function on each of the two loops the load balancer may get."""
    factory = pytest.importorskip("uvloop").new_event_loop if request.param == "uvloop" else asyncio.new_event_loop
    return run_on(factory)


@pytest.fixture
def make_site():
    return Site


@pytest.fixture
def answering():
    return fixed


async def poll(look, limit_s=60.0):
    """Look until it is so, at what nobody tells of: other processes and their files."""
    for _ in range(int(limit_s / 0.01)):
        if seen := look():
            return seen
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.fixture
def until():
    return poll


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def make_stage(tmp_path):
    return lambda **options: Stage(tmp_path, **options)


@pytest.fixture
def ask():
    return get


@pytest.fixture
def make_loader():
    return Loader
