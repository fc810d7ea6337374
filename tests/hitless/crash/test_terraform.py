"""The runbooks that run Terraform, each ended in every way at every moment: nothing is made twice, nothing is left.

Terraform takes minutes, so one run is ended at one moment after the other, each time in another way, and gone on with
until it is done: as many such runs as there are ways have every way at every moment. The way is from an empty account
to an empty account. A change of hosts is ended once a run from its first step on, on an environment that stays, and
taken back: the cell that makes it awaits, and hears a signal only when it next does, perhaps some steps later.
"""

import asyncio
import itertools
import os
import shutil

import pytest

from hitless.connect import connect
from hitless.environment import Environment
from hitless.hosts import read_hosts
from hitless.lab import Lab
from hitless.leftovers import read_leftovers
from hitless.service import await_steady, read_service
from hitless.stack import read_stack
from tests.hitless.crash.conftest import CHECKOUT, WORKER, Operator
from tests.hitless.crash.ended import CONCLUDED, ENDS, OPENED, PLANNED, assert_true, cases_of, end_there, resume, step

pytestmark = [
    pytest.mark.live,
    pytest.mark.terraform,
    pytest.mark.skipif("HITLESS_CRASH" not in os.environ, reason="part of make crash: more than an hour"),
]

NAME = "hitless-dev"
RATE = 60
AMIS = ("ami-0a10000000000ec52", "ami-0a10000000000ec53")  # in turns: each change is one of the template too
MAKING = OPENED | PLANNED | step("make") | CONCLUDED
UNMAKING = OPENED | PLANNED | step("everything") | CONCLUDED
HOSTS = {
    **OPENED,
    "looked at": ("checks", {}),
    **PLANNED,
    **step("template", "refresh"),
    "watching": ("phase", {}),
    "judged": ("verdict", {}),
    **CONCLUDED,
}
LATE = {"make answered", "everything answered", "watching", "judged", "concluded"}  # after minutes in one cell
BEFORE_HOSTS = dict(itertools.takewhile(lambda moment: moment[0] != "template announced", HOSTS.items()))
AT_HOSTS = [(moment, way) for moment in HOSTS if moment not in BEFORE_HOSTS for way in ENDS]
TURNS = range(len(ENDS))


class Grounds:
    """Where Terraform keeps its state, and a person who runs one runbook after the other on it."""

    def __init__(self, name):
        # Parameters may name folders of the checkout only, and workers name their temporary ones alike.
        self.state_dir = CHECKOUT / ".cache" / "crash" / f"{WORKER}-{name}"

    def operator(self, folder, runbook, **parameters):
        given = {"ACCOUNT_ID": "123456789012", "STATE_DIR": self.state_dir.relative_to(CHECKOUT), "NAME": NAME}
        return Operator(folder / runbook, runbook, **given, REASON="crash matrix", DRY_RUN="false", **parameters)

    def environment(self):
        return Environment(connect(), self.state_dir, NAME, say=str)

    def clear(self):
        shutil.rmtree(self.state_dir, ignore_errors=True)


@pytest.fixture
def grounds(tmp_path):
    grounds = Grounds(tmp_path.name)
    yield grounds
    grounds.clear()


class KeptEnvironment:
    """One environment for many host changes; a case that did not end well leaves the next a new one."""

    def __init__(self, make_folder):
        self._make_folder, self._lab, self.is_clean, self.cases = make_folder, None, False, 0
        self.grounds = Grounds("kept")

    def take(self):
        if not self.is_clean:
            self.close()
            folder = self._make_folder("environment")
            self._lab = Lab(folder / "lab", RATE, 1)
            self._lab.__enter__()
            one = self.grounds.operator(folder, "10-provision")
            code = one.wait(one.run())
            assert code == 0, "".join(one.said)
        self.is_clean, self.cases = False, self.cases + 1
        return self.grounds

    def close(self):
        if self._lab is not None:
            self._lab.__exit__(None, None, None)
            self._lab = None
        self.grounds.clear()


@pytest.fixture(scope="module")
def kept_environment(tmp_path_factory):
    kept = KeptEnvironment(tmp_path_factory.mktemp)
    yield kept
    kept.close()


@pytest.mark.parametrize("turn", cases_of(TURNS, TURNS[:1], TURNS[:1]))
def test_an_environment_is_made_once_and_goes_whole(lab, grounds, tmp_path, record_property, turn):
    record_property("cases", len(MAKING) + len(UNMAKING))
    making = grounds.operator(tmp_path, "10-provision")
    end_again_and_again(making, MAKING, turn)
    resume(making, "done")
    assert_one_serves(connect())
    assert grounds.environment().plan().is_empty

    unmaking = grounds.operator(tmp_path, "90-tear-down")
    end_again_and_again(unmaking, UNMAKING, turn)
    resume(unmaking, "done")
    assert read_leftovers(connect(), NAME) == []  # what had been made twice would be here
    assert unmaking.do("undo", unmaking.folder)[0] == 3, "what is destroyed cannot be had back, and is said to"


@pytest.mark.parametrize("turn", cases_of(TURNS, TURNS[:1], []))
def test_hosts_whose_change_is_ended_before_it_began(changed, record_property, turn):
    record_property("cases", len(BEFORE_HOSTS))
    change, way_back = changed
    end_again_and_again(change, BEFORE_HOSTS, turn)
    way_back(change)


@pytest.mark.parametrize(("moment", "way"), cases_of(AT_HOSTS, AT_HOSTS[::9], AT_HOSTS[:1]))
def test_hosts_whose_change_is_ended(changed, record_property, moment, way):
    record_property("cases", 1)
    change, way_back = changed
    assert_true(change, end_there(change, HOSTS[moment], way, cell_timeout_s(moment)), way)
    way_back(change)


@pytest.fixture
def changed(kept_environment, tmp_path):
    """A change of the hosts that is not begun yet, and the way from where it was ended to where it began."""
    grounds, here = kept_environment.take(), connect()
    stack = read_stack(here, NAME, NAME)
    before, known = read_hosts(here, stack), refreshes(here)
    ami_id = AMIS[kept_environment.cases % 2]

    def way_back(change):
        resume(change, "done", "not proven", "rolled back")
        assert refreshes(here) - known <= 1, "a second one was started"
        if change.past.outcome == "done":
            assert {host.image_id for host in read_hosts(here, stack).hosts} == {ami_id}
        assert change.do("undo", change.folder)[0] in (0, 4)
        assert_one_serves(here)
        versions = {host.launch_template_version for host in read_hosts(here, stack).hosts}
        assert versions == {before.hosts[0].launch_template_version}
        assert grounds.environment().plan().changes == (), "Terraform knows of all that was done"
        kept_environment.is_clean = True

    return grounds.operator(tmp_path, "20-refresh-hosts", AMI_ID=ami_id, WARMUP_S=30, PROBE_RATE_PER_S=50), way_back


def end_again_and_again(one, moments, turn):
    """End each attempt of a run at a later moment, each time in another way; in another turn in other ways."""
    for n, (name, moment) in enumerate(moments.items()):
        way = ENDS[(n + turn) % len(ENDS)]
        assert_true(one, end_there(one, moment, way, cell_timeout_s(name)), way)
        assert "run " in one.do("status", one.folder)[1]


def cell_timeout_s(moment):
    """Longer than what comes before the moment in its cell, or a cell before it, on a busy machine."""
    return 240 if moment in LATE else 90


def assert_one_serves(here):
    """Every task of the one task set is healthy, or soon is."""
    stack = asyncio.run(await_steady(here, NAME, NAME, dry_run=False, say=str))
    assert read_service(here, stack).task_sets == 1


def refreshes(here):
    """How many were started so far."""
    found = here.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName=NAME)
    return len(found["InstanceRefreshes"])
