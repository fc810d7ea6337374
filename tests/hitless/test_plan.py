"""A plan is taken step by step, each announced and answered on record; what was done is not done again."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from hitless.errors import Failed, HitlessError, Refused
from hitless.journal import read
from hitless.past import Past
from hitless.plan import Plan
from hitless.request import Request
from hitless.run_folder import open_folder
from hitless.step import Deed
from tests.hitless.here import Here


class Found(Deed):
    """A step that finds what an earlier attempt has started."""

    def find(self, here, since_s):
        return {"id": "found"}


@pytest.fixture
def attempt(tmp_path):
    """Open the run's folder once more, as a later attempt does."""
    runs = []

    def open_it():
        if runs:
            runs[-1].close()
        runs.append(open_folder(Here(), tmp_path, Request("05-try", "r-1")))
        return runs[-1]

    yield open_it
    runs[-1].close()


def deed(name, act, kind=Deed):
    return kind(name, "terraform:apply", {}, name, "back", act)


def take(run, *deeds):
    plan = Plan("Change", list(deeds))
    run.keep_plan(plan)
    return plan.run(run.here, dry_run=False, say=str, run=run)


def kinds(run):
    return [(e.kind, e.facts.get("step")) for e in read(run.journal.path) if e.kind in ("intent", "result", "refused")]


def raising(error):
    def act():
        raise error

    return act


def test_each_step_is_announced_before_and_answered_after(attempt):
    run, seen = attempt(), []
    act = lambda: seen.append(kinds(run)) or {"id": 1}  # noqa: E731
    assert take(run, deed("a", act), deed("b", act)) == {"a": {"id": 1}, "b": {"id": 1}}
    assert seen == [
        [("intent", "a")],
        [("intent", "a"), ("result", "a"), ("intent", "b")],
    ]


def test_a_later_attempt_does_what_is_left(attempt):
    with pytest.raises(KeyboardInterrupt):
        take(attempt(), deed("a", lambda: {"id": 1}), deed("b", raising(KeyboardInterrupt())))
    run = attempt()
    assert run.is_resumed and run.past.in_doubt == ["b"]
    assert take(run, deed("a", raising(AssertionError())), deed("b", lambda: {"id": 2})) == {
        "a": {"id": 1},
        "b": {"id": 2},
    }


def test_what_was_started_already_is_adopted(attempt):
    with pytest.raises(KeyboardInterrupt):
        take(attempt(), deed("a", raising(KeyboardInterrupt()), Found))
    run = attempt()
    assert take(run, deed("a", raising(AssertionError("started twice")), Found)) == {"a": {"id": "found"}}
    assert Past.of(read(run.journal.path)).in_doubt == []


def client_error(status):
    return ClientError({"Error": {"Code": "X"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Do")


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        (Refused("no"), False),
        (client_error(400), False),
        (client_error(500), True),
        (EndpointConnectionError(endpoint_url="http://x"), True),
        (ValueError("a bug"), True),
    ],
)
def test_only_a_clear_no_says_that_nothing_was_changed(attempt, error, changed):
    run = attempt()
    with pytest.raises((HitlessError, ValueError)) as raised:
        take(run, deed("a", raising(error)))
    assert isinstance(raised.value, ValueError if isinstance(error, ValueError) else Failed if changed else Refused)
    assert Past.of(read(run.journal.path)).changed_something is changed


def test_the_same_step_of_the_same_run_has_the_same_key(attempt):
    with pytest.raises(KeyboardInterrupt):
        take(attempt(), deed("a", raising(KeyboardInterrupt())))
    take(run := attempt(), deed("a", dict))
    first, second = (entry.facts["key"] for entry in read(run.journal.path) if entry.kind == "intent")
    assert first == second
