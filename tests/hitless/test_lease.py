"""Two runs at once: exactly one works, the other is told who does."""

import subprocess
import sys
import threading
from dataclasses import replace
from subprocess import PIPE

import pytest
from botocore.exceptions import ClientError

from awslab.lab import Lab as LabInProcess
from hitless import lease_table
from hitless.clock import SystemClock, VirtualClock
from hitless.connect import Connection, connect
from hitless.errors import Refused
from hitless.lease import LATE_S, LeaseLost, Taken, acquire
from hitless.lease_table import TABLE, look, utc
from hitless.wait import wait_until

LEASES = []
START = 1_800_000_000.0


@pytest.fixture
def here():
    """A connection to a lab in this process, on a clock of its own."""
    lab = LabInProcess(seed=1)
    there = Connection(None, VirtualClock(START), "123456789012", "us-east-1")
    there._clients["dynamodb"] = lab.client("dynamodb")
    yield there
    for lease in LEASES:  # a lab in this process takes one call at a time: no thread may outlive its test
        lease._ended.set()
        lease._thread.join(30)
    LEASES.clear()
    lab.close()


def take(here, run_id="run-1", environment="web", **more):
    lease = acquire(here, environment, run_id=run_id, runbook="20-refresh-hosts", actor="ana", **more)
    LEASES.append(lease)
    return lease


def test_the_second_is_refused_and_told_who_what_where_and_until_when(here):
    with take(here) as lease:
        with pytest.raises(Taken) as refused:
            take(here, "run-2")
        said = str(refused.value)
        assert refused.value.exit_code == 3 and refused.value.holder == lease.holder
        for word in ("web", "run-1", "20-refresh-hosts", "ana", "(pid ", utc(START), utc(START + 300), TABLE):
            assert word in said
        lease.require_held()
    take(here, "run-2").release()


def test_another_environment_is_another_lease(here):
    with take(here), take(here, "run-2", "shop") as other:
        other.require_held()


def test_the_number_rises_with_each_taking_even_after_a_release(here):
    numbers = []
    for run_id in ("run-1", "run-1", "run-2", "run-3"):
        with take(here, run_id) as lease:
            numbers.append(lease.fence)
    assert numbers == [1, 2, 3, 4] and look(here, "web") is None


def test_a_lease_is_stolen_only_after_it_has_expired(here):
    first = take(here)
    here.clock.sleep(300 + LATE_S - 0.5)
    with pytest.raises(Taken):
        take(here, "run-2")
    here.clock.sleep(1.0)
    second = take(here, "run-2")
    assert second.fence == first.fence + 1
    with pytest.raises(LeaseLost, match="lost its lease") as lost:
        first.require_held()
    assert "run-2" in str(lost.value) and lost.value.exit_code == 4
    assert first.release() is False
    second.require_held()
    assert look(here, "web").run_id == "run-2"
    second.release()


def test_a_renewed_lease_does_not_expire(here):
    lease = take(here)
    for _ in range(5):
        here.clock.sleep(200)
        lease.renew()
    assert look(here, "web").expires == START + 1000 + 300 and lease.fence == 1
    with pytest.raises(Taken):
        take(here, "run-2")
    lease.release()


def test_one_that_ran_out_unnoticed_is_renewed_if_nobody_took_it(here):
    lease = take(here)
    here.clock.sleep(10_000)
    lease.require_held()
    assert look(here, "web").expires == START + 10_300
    lease.release()


def test_the_same_run_takes_its_own_again_and_its_earlier_process_has_lost_it(here):
    facts = []
    before = take(here, note=lambda kind, **more: facts.append((kind, more)))
    again = take(here)
    assert again.fence == before.fence + 1
    before.renew()
    with pytest.raises(LeaseLost):
        before.require_held()
    again.require_held()
    assert [kind for kind, _ in facts] == ["lease.acquired", "lease.lost"] and facts[0][1]["fence"] == 1
    again.release()


def test_who_has_given_back_may_not_go_on(here):
    lease = take(here)
    assert lease.release() is True and lease.release() is False
    with pytest.raises(LeaseLost, match="given back"):
        lease.require_held()


def broken(code):
    error = {"Error": {"Code": code, "Message": "no"}}

    def call(**_arguments):
        raise ClientError(error, "UpdateItem")

    return call


def test_a_holder_that_cannot_ask_stops_once_its_time_is_over_and_not_before(here, monkeypatch):
    lease = take(here)
    monkeypatch.setattr(here.client("dynamodb"), "update_item", broken("InternalServerError"))
    here.clock.sleep(299)
    lease.require_held()
    here.clock.sleep(2)
    with pytest.raises(LeaseLost, match="InternalServerError"):
        lease.require_held()
    facts = []
    lease._note = lambda kind, **_more: facts.append(kind)
    with lease:
        pass
    assert facts == ["lease.left"]


@pytest.mark.parametrize("call", ["update_item", "create_table"])
def test_without_permission_it_is_refused_with_what_to_allow(here, monkeypatch, call):
    monkeypatch.setattr(here.client("dynamodb"), call, broken("AccessDeniedException"))
    with pytest.raises(Refused, match="nobody could tell") as refused:
        take(here)
    assert "dynamodb:UpdateItem" in str(refused.value) and type(refused.value) is Refused


def test_a_table_that_somebody_else_is_making_is_waited_for(here, monkeypatch):
    dynamodb = here.client("dynamodb")
    create = dynamodb.create_table

    def too_late(**arguments):
        create(**arguments)
        return broken("ResourceInUseException")()

    states = iter(["CREATING", "CREATING", "ACTIVE"])
    monkeypatch.setattr(dynamodb, "create_table", too_late)
    monkeypatch.setattr(dynamodb, "describe_table", lambda **_: {"Table": {"TableStatus": next(states)}})
    take(here).release()
    assert here.clock.now() == START + 4 and next(states, "none left") == "none left"


def test_of_many_at_once_exactly_one_wins(here):
    """The lab answers one call at a time, as DynamoDB does for one item; which one is first is chance."""
    door, start, won, lost = threading.Lock(), threading.Barrier(8), [], []
    update = here.client("dynamodb").update_item

    def one_at_a_time(**arguments):
        with door:
            return update(**arguments)

    take(here, "run-0").release()
    here.client("dynamodb").update_item = one_at_a_time

    def runner(number):
        start.wait(30)
        try:
            won.append(take(here, f"run-{number}"))
        except Taken as refused:
            lost.append(refused.holder.run_id)

    threads = [threading.Thread(target=runner, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(won) == 1 and lost == [won[0].holder.run_id] * 7
    won[0].release()


def test_without_the_condition_both_would_have_won(here, monkeypatch):
    monkeypatch.setattr(lease_table, "FREE", "attribute_not_exists(nothing) OR expires < :gone OR run_id = :run_id")
    first, second = take(here), take(here, "run-2")
    assert second.fence == first.fence + 1
    with pytest.raises(LeaseLost):
        first.renew()
        first.require_held()
    second.release()


def test_a_thread_renews_it_until_it_is_given_back(here):
    here = replace(here, clock=SystemClock(rate=2000.0))  # 300 s are 150 ms
    lease = take(here)
    before = lease.holder.expires
    wait_until(
        lambda: lease.holder.expires,
        lambda expires: expires > before,
        what="a renewal",
        clock=SystemClock(),
        timeout_s=60,
        every_s=0.02,
        say=str,
    )
    assert lease.release() is True and not lease._thread.is_alive() and lease.fence == 1


RUNNER = """
import sys
from hitless.connect import connect
from hitless.lease import Taken, acquire
here = connect()
here.client("dynamodb")
print("ready", flush=True)
sys.stdin.readline()
try:
    acquire(here, "web", run_id=sys.argv[1], runbook="20", actor="ana", ttl_s=6000.0)
    print("won", flush=True)
    sys.stdin.readline()
except Taken as refused:
    print("lost to", refused.holder.run_id, flush=True)
"""


@pytest.mark.live
def test_of_two_processes_at_a_running_lab_one_wins(lab):
    both = [
        subprocess.Popen([sys.executable, "-c", RUNNER, run_id], stdin=PIPE, stdout=PIPE, text=True)
        for run_id in ("run-a", "run-b")
    ]
    try:
        assert [one.stdout.readline() for one in both] == ["ready\n"] * 2
        for one in both:
            print(file=one.stdin, flush=True)
        ends = [one.stdout.readline() for one in both]
        assert sorted(ends) in (["lost to run-a\n", "won\n"], ["lost to run-b\n", "won\n"])
        assert ends[0] == "won\n" or "run-b" in ends[0]
        assert look(connect(), "web").run_id == ("run-a" if ends[0] == "won\n" else "run-b")
    finally:
        for one in both:
            one.kill()
            one.communicate()
