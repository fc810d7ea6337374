"""Negative controls: a lab that breaks a promise is found out."""

import pytest

from awslab.faces.autoscaling import Face
from awslab.machines.capacity import Bounds
from awslab.machines.events import RequestsServed, TargetHealthChanged
from tests.property.campaign import check, replay, same
from tests.property.estate import Estate
from tests.property.witness import Witness

TARGET = {"target_group_arn": "blue", "target_id": "i-1", "port": 1}
NOTHING = {"listener_arn": "prod", "elb_statuses": (), "connection_errors": 0, "response_times_s": ()}
REFRESH = [("refresh", "3", (90, 110), False), ("sleep", 300)]


@pytest.fixture
def estate():
    made = Estate(1)
    yield made
    made.lab.close()


def test_too_few_hosts_are_seen(estate, monkeypatch):
    monkeypatch.setattr(Bounds, "may_terminate", lambda self, ready: ready)
    for deed in REFRESH:
        estate.do(*deed)
    with pytest.raises(AssertionError, match="0 hosts in service, 4 were promised"):
        check(estate)


def test_an_answer_of_an_unhealthy_target_is_seen():
    witness = Witness(1, {("blue", "i-1", 1), ("blue", "i-2", 1)})
    answer = RequestsServed(**TARGET, **NOTHING, statuses=((200, 1),))
    witness.on_event(answer, 100.0)
    assert witness.wrong == []
    witness.on_event(TargetHealthChanged(**TARGET, state="unhealthy"), 101.0)
    witness.on_event(answer, 102.0)
    assert witness.wrong == []  # it was sent before
    witness.on_event(answer, 200.0)
    assert len(witness.wrong) == 1


def test_a_request_lost_without_a_reason_is_seen(estate):
    for index in range(4):
        estate.do("kill_host", index)
    estate.witness.disturbed = False  # nobody says so
    estate.do("sleep", 60)
    with pytest.raises(AssertionError, match="kill_host"):
        check(estate)


def test_a_look_that_changes_what_happens_is_seen(monkeypatch):
    looked = Estate(1)
    describe = Face.describe_scaling_activities

    def meddle(self):
        group = self._groups()[0]
        self.world.tell(group.set_health(next(iter(group.instances)), "Unhealthy", self.world.now))
        return describe(self)

    monkeypatch.setattr(Face, "describe_scaling_activities", meddle)
    looked.do(*REFRESH[0])
    looked.look()
    looked.end()
    looked.lab.close()
    assert not same(looked, replay(1, looked.program))


def test_another_seed_is_another_story():
    stories = [replay(seed, REFRESH) for seed in (1, 1, 2)]
    assert same(stories[0], stories[1])
    assert not same(stories[0], stories[2])
