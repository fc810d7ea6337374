"""The registry of listeners, without a load balancer."""

import pytest

from awslab.clock import VirtualClock
from awslab.machines.events import (
    IdleTimeoutChanged,
    ListenerBound,
    ListenerClosed,
    ListenerOpened,
    WeightsChanged,
    WeightsRequested,
)
from awslab.machines.listeners import Listener, Listeners, NoSuchListener
from awslab.world import World

PROD = Listener("lb", 80, 60.0, (("blue", 1),))


@pytest.fixture
def world():
    world = World(VirtualClock())
    world.add(Listeners())
    return world


def kinds(events):
    return [type(event) for event in events]


def test_a_listener_is_opened_once_and_only_changes_are_told(world):
    listeners = world.of(Listeners)[0]
    assert kinds(listeners.put("l", PROD)) == [ListenerOpened, WeightsChanged]
    assert listeners.put("l", PROD) == []
    assert kinds(listeners.put("l", Listener("lb", 80, 60.0, (("blue", 90), ("green", 10))))) == [WeightsChanged]
    assert kinds(listeners.put("l", Listener("lb", 80, 30.0, (("blue", 90), ("green", 10))))) == [IdleTimeoutChanged]


def test_another_port_is_another_listener(world):
    listeners = world.of(Listeners)[0]
    listeners.put("l", PROD)
    assert kinds(listeners.put("l", Listener("lb", 81, 60.0, (("blue", 1),)))) == [
        ListenerClosed,
        ListenerOpened,
        WeightsChanged,
    ]


def test_where_it_is_bound_outlives_a_change_of_weights(world):
    listeners = world.of(Listeners)[0]
    listeners.put("l", PROD)
    world.hear(ListenerBound(listener_arn="l", host_port=4711))
    world.hear(WeightsRequested(listener_arn="l", weights=(("blue", 0), ("green", 100))))
    assert listeners.by_arn["l"].weights == (("blue", 0), ("green", 100))
    assert listeners.listener_ports == {"l": 4711}
    assert isinstance(world.journal[-1].event, WeightsChanged)


def test_an_unknown_listener_has_no_weights(world):
    with pytest.raises(NoSuchListener):
        world.of(Listeners)[0].weigh("l", (("blue", 1),))
    world.hear(WeightsRequested(listener_arn="l", weights=(("blue", 1),)), ListenerBound(listener_arn="l", host_port=1))
    assert world.of(Listeners)[0].by_arn == {}
