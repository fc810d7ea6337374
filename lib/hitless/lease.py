"""One change at a time: a lease on an environment that one run holds, renews and gives back.

It is taken from another run only after it has expired, and `LATE_S` later still: two clocks that follow AWS's may be a
second apart. Each taking raises the fencing number: whoever was away too long finds a higher one, and has lost it.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from hitless import lease_table
from hitless.connect import Connection
from hitless.errors import Failed, Refused
from hitless.lease_table import KEY, TABLE, Holder, utc

TTL_S = 300.0  # seconds of AWS time; a run that died blocks the next for as long
LATE_S = 5.0  # seconds of AWS time by which two runs' clocks may differ
RENEWALS = 3  # in each time to live, so that two may fail
Note = Callable[..., object]


class Taken(Refused):
    """Another run holds the lease; `holder` says which."""

    def __init__(self, environment: str, holder: Holder) -> None:
        self.holder = holder
        key = f'{{"{KEY}": {{"S": "{environment}"}}}}'
        super().__init__(
            f"{environment} is being changed by another run.",
            seen={
                "run": holder.run_id,
                "runbook": holder.runbook,
                "by": f"{holder.actor} on {holder.host}",
                "since": utc(holder.since),
                "until": f"{utc(holder.expires)}, and longer while it lives",
            },
            do="wait until it has ended; if it died, until its lease has expired. "
            f"See it: aws dynamodb get-item --table-name {TABLE} --key '{key}'",
        )


class LeaseLost(Failed):
    """The lease is another run's by now, or could not be renewed in time."""


class Lease:
    """A lease that this run holds; use it in a `with`, or release it.

    Made by `acquire`. While it is held a thread renews it.

    Attributes:
        fence: Its fencing number: put it where a later holder's must win.
    """

    def __init__(self, here: Connection, environment: str, holder: Holder, ttl_s: float, note: Note) -> None:
        self.environment, self.holder, self.fence = environment, holder, holder.fence
        self._here, self._ttl_s, self._note = here, ttl_s, note
        self._lock, self._ended, self._lost_to = threading.Lock(), threading.Event(), ""
        self._trouble: Exception | None = None
        self._thread = threading.Thread(target=self._keep, name=f"lease-{environment}", daemon=True)

    def renew(self) -> None:
        """Hold it for another time to live.

        Raises:
            LeaseLost: It is another run's.
            botocore.exceptions.ClientError: AWS said anything else; it may still be ours.

        Calls:
            Writes dynamodb:UpdateItem.
        """
        with self._lock:
            if self._ended.is_set() or self._lost_to:
                return
            wanted = replace(self.holder, expires=self._here.clock.now() + self._ttl_s)
            now = lease_table.prolong(self._here, self.environment, wanted)
            if (now.run_id, now.fence) == (wanted.run_id, wanted.fence):
                self.holder, self._trouble = now, None
                return
            self._lost_to = f"{now.run_id or 'nobody'} ({now.actor or 'released'}, number {now.fence})"
        self._note("lease.lost", environment=self.environment, fence=self.fence, to=self._lost_to)

    def require_held(self) -> None:
        """Go on only while nobody else may have begun; renews it first if it has run out unnoticed.

        Raises:
            LeaseLost: Somebody else has it, or whether we have it cannot be found out.
        """
        if not self._lost_to and self._here.clock.now() >= self.holder.expires:
            try:
                self.renew()
            except (ClientError, BotoCoreError) as error:
                self._trouble = error
        if self._ended.is_set():
            raise LeaseLost(f"The lease on {self.environment} was given back.", do="take it again before you go on")
        if self._lost_to or self._here.clock.now() >= self.holder.expires:
            raise LeaseLost(
                f"This run has lost its lease on {self.environment}: another may be changing it.",
                seen={"number": self.fence, "now held by": self._lost_to or f"unknown: {self._trouble}"},
                do="change nothing more; look at what both runs did before you start another",
            )

    def release(self) -> bool:
        """Give it back; whether it was still ours. Giving back twice is harmless.

        Raises:
            botocore.exceptions.ClientError: AWS said anything else; it then expires by itself.

        Calls:
            Writes dynamodb:UpdateItem.
        """
        with self._lock:
            if self._ended.is_set():
                return False
            self._ended.set()
            now = lease_table.free(self._here, self.environment, self.holder)
        if self._thread.is_alive():
            self._thread.join()
        was_ours = not now.run_id and now.fence == self.fence
        self._note("lease.released", environment=self.environment, fence=self.fence, was_ours=was_ours)
        return was_ours

    def _keep(self) -> None:
        """Renew until it is given back or lost; what goes wrong is for `require_held` to judge."""
        every_s = self._ttl_s / RENEWALS / self._here.clock.rate
        while not self._lost_to and not self._ended.wait(every_s):
            try:
                self.renew()
            except (ClientError, BotoCoreError) as error:
                self._trouble = error

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Give it back; if AWS does not answer, what happened in the block counts, and the lease expires by itself."""
        try:
            self.release()
        except (ClientError, BotoCoreError) as why:
            self._note("lease.left", environment=self.environment, expires=self.holder.expires, why=str(why))


def acquire(
    here: Connection,
    environment: str,
    *,
    run_id: str,
    runbook: str,
    actor: str,
    ttl_s: float = TTL_S,
    note: Note = lambda _kind, **_facts: None,
) -> Lease:
    """Take the lease of an environment, and renew it until it is released.

    Args:
        here: Account, region and clock.
        environment: Its NAME.
        run_id: The same run may take its own lease again (a resume); an earlier process of it has then lost it.
        runbook: For whoever is refused.
        actor: Who runs it.
        ttl_s: Seconds of AWS time after which it expires unless renewed.
        note: Told of `lease.acquired`, `lease.lost` and `lease.released`, with facts; a journal's `append`.

    Raises:
        Taken: Another run holds it; nothing was changed.
        Refused: AWS does not let us keep one.

    Calls:
        Reads dynamodb:DescribeTable; writes dynamodb:UpdateItem, dynamodb:CreateTable.
    """
    now = here.clock.now()
    wanted = Holder(run_id, actor, runbook, f"{socket.gethostname()} (pid {os.getpid()})", now, now + ttl_s)
    got = lease_table.put(here, environment, wanted, gone=now - LATE_S)
    if got.run_id != run_id:
        raise Taken(environment, got)
    lease = Lease(here, environment, got, ttl_s, note)
    lease._thread.start()
    facts: dict[str, Any] = {"run_id": run_id, "fence": lease.fence, "expires": got.expires}
    note("lease.acquired", environment=environment, **facts)
    return lease
