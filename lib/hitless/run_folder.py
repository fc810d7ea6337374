"""The folder one run leaves behind, and everything that is written into it while the run goes on."""

from __future__ import annotations

import atexit
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hitless import checkout, durable
from hitless.checks import Checks
from hitless.clock import to_datetime, utc_text
from hitless.connect import Connection
from hitless.journal import Journal, read
from hitless.known_secrets import redactor_of
from hitless.lease import Lease, acquire
from hitless.parameters import from_namespace
from hitless.past import Past
from hitless.redaction import Redactor
from hitless.request import Request, check_reason, sha256_of, ticket_of, who
from hitless.schema import read_schema
from hitless.target import given_in, require_target

if TYPE_CHECKING:
    from hitless.plan import Plan

RUNS, RUNBOOKS = Path("runs"), Path("runbooks")
JOURNAL = "journal.jsonl"


@dataclass(eq=False)
class RunFolder:
    """One run's folder, its open journal, and what was asked and done before.

    Attributes:
        past: What earlier attempts of this run did; empty at the first.
        approved: The approval on record.
        redactor: Knows the secrets that nothing written here may hold.
        lease: What keeps others from changing the same environment; None when this run changes nothing.
    """

    path: Path
    journal: Journal
    here: Connection
    request: Request
    past: Past = field(default_factory=Past)
    approved: Mapping[str, object] | None = None
    redactor: Redactor = field(default_factory=lambda: Redactor({}))
    lease: Lease | None = None

    @property
    def run_id(self) -> str:
        """Names the run."""
        return self.request.run_id

    @property
    def samples_path(self) -> Path:
        """Where this attempt's probe keeps its samples."""
        attempt = self.past.attempts + 1
        return self.path / ("samples.jsonl" if attempt == 1 else f"samples.attempt-{attempt}.jsonl")

    @property
    def all_samples(self) -> list[Path]:
        """Of every attempt so far, in order; one that died early left none."""
        names = ["samples.jsonl", *(f"samples.attempt-{n}.jsonl" for n in range(2, self.past.attempts + 2))]
        return [self.path / name for name in names if (self.path / name).exists()]

    @property
    def is_resumed(self) -> bool:
        """An earlier attempt has shown its plan: this one goes on with that."""
        return self.past.plan is not None and self.past.changed_something

    def write(self, name: str, content: str | bytes) -> Path:
        """Keep one more file of the run, without secrets, whole or not at all."""
        clean = self.redactor.redact_text if isinstance(content, str) else self.redactor.redact_bytes
        return durable.replace(self.path / name, clean(content))

    def write_json(self, name: str, content: object) -> Path:
        """Keep plain data."""
        return self.write(name, json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")

    def note(self, name: str, facts: object) -> None:
        """Remember something for whoever goes on with this run."""
        self.journal.append("noted", name=name, facts=facts)

    def require(self, checks: Checks) -> None:
        """Put what was looked at on record, show it, and refuse if something forbids to go on.

        An attempt that goes on with what an earlier one has begun only shows it: what forbids a beginning (a refresh
        that runs) is what is gone on with.

        Raises:
            NotReady: A check says no; it names each.
        """
        self.journal.append("checks", title=checks.title, rows=[asdict(row) for row in checks.rows])
        print(checks)
        if not self.is_resumed:
            checks.require()

    def approve(self, by: str, source: str, over: Mapping[str, str]) -> None:
        """Put an approval on record."""
        self.journal.append("approval", by=by, source=source, over=dict(over))
        self.approved = {"by": by, "source": source, "over": dict(over), "at": utc_text(self.here.clock.now())}
        self.write_json("approval.json", self.approved)

    def require_lease(self) -> None:
        """Go on only while nobody else may change the same environment.

        Raises:
            LeaseLost: Another run has its lease by now.
        """
        if self.lease is not None:
            self.lease.require_held()

    def give_back(self) -> None:
        """Let the next run in; doing so twice is harmless."""
        if self.lease is not None:
            self.lease.__exit__(None, None, None)

    def close(self) -> None:
        """Give the lease back and write nothing more; closing twice is harmless."""
        atexit.unregister(self.close)
        self.give_back()
        self.journal.close()

    def keep_plan(self, plan: Plan) -> None:
        """Put a plan on record; the one of an earlier attempt is there already."""
        if not self.is_resumed:
            self.journal.append("plan", **plan.described())
        self.write_json("plan.json", plan.described())
        undo = [{"step": step.name, "call": step.call, "undo": step.undo} for step in reversed(plan.steps)]
        self.write_json("undo.json", undo)


def open_run(here: Connection, runbook: str, run_dir: str, reason: str) -> RunFolder:
    """Open the folder of a run that has no parameters of its own.

    Args:
        here: Whose account.
        runbook: Its name, e.g. `06-count-to-ninety`.
        run_dir: The folder the runner chose; "" makes `runs/<runbook>/<UTC time>` in the checkout, and goes there.
        reason: Why, for whoever reads the record.
    """
    if not run_dir:
        checkout.enter()
    return _open(here, runbook, run_dir, {"REASON": reason, "DRY_RUN": False})


def open_runbook(here: Connection, runbook: str, namespace: Mapping[str, object]) -> RunFolder:
    """Open the folder of this run of a runbook and note who runs what, where, why and with what.

    Args:
        here: Whose account.
        runbook: The runbook's name, e.g. `20-refresh-hosts`.
        namespace: The kernel's `globals()`; the runbook's parameters are taken from there and checked as the command
            line checks them.

    Raises:
        Refused: A parameter is none the runbook may be run with, or it would write without a reason.
        WrongTarget: This is not where the parameters say, or only defaults say it.
        BadJournal: The folder holds a journal that was tampered with.
    """
    if isinstance(before := namespace.get("run"), RunFolder):
        before.close()  # somebody runs this cell again: the lease of the run before is theirs to give back
    schema = read_schema(RUNBOOKS / f"{runbook}.ipynb")
    parameters = from_namespace(schema, namespace)
    require_target(schema, parameters, here, given_in(namespace))
    check_reason(parameters, ticket=here.environment == "aws")
    return _open(here, runbook, parameters.pop("RUN_DIR"), parameters)


def _open(here: Connection, runbook: str, run_dir: str, parameters: Mapping[str, object]) -> RunFolder:
    path = Path(run_dir or RUNS / runbook / f"{to_datetime(here.clock.now()):%Y%m%dT%H%M%SZ}")
    path.mkdir(parents=True, exist_ok=True)
    try:
        request = Request.read(path)
    except FileNotFoundError:
        file, kept = RUNBOOKS / f"{runbook}.ipynb", dict(parameters)
        request = Request(runbook, path.name, sha256_of(file), parameters=kept, actor=who())
        request.write(path)
    return open_folder(here, path, request)


def open_folder(here: Connection, path: Path, request: Request) -> RunFolder:
    """Open the journal in a run's folder for the next attempt, and note who does what where.

    Raises:
        Taken: Another run is changing the same environment.
        Refused: Another process writes to the journal.
        BadJournal: It was tampered with.
    """
    journal_path = path / JOURNAL
    past = Past.of(read(journal_path, torn_tail_ok=True)) if journal_path.exists() else Past()
    redactor = redactor_of(session=here.session)
    journal = Journal(journal_path, here.clock, redactor.redact_value)
    journal.append(
        "opened",
        attempt=past.attempts + 1,
        runbook=request.runbook,
        runbook_sha256=request.runbook_sha256,
        run_id=request.run_id,
        account_id=here.account_id,
        region=here.region,
        place=here.place,
        environment=here.environment,
        actor=request.actor,
        reason=request.parameters.get("REASON", ""),
        undoes=request.undoes,
        ticket=ticket_of(str(request.parameters.get("REASON", ""))),
        parameters=dict(request.parameters),
        parameters_sha256=request.parameters_sha256,
    )
    lease = _lease(here, request, journal)
    run = RunFolder(path, journal, here, request, past, past.approval, redactor, lease)
    atexit.register(run.close)  # a kernel that is shut down in the middle lets the next run in at once
    return run


def _lease(here: Connection, request: Request, journal: Journal) -> Lease | None:
    """Taken by whoever changes a named environment; an undo takes that of the run it undoes."""
    environment = request.parameters.get("NAME")
    if request.is_dry or not environment:
        return None
    run_id = request.undoes or request.run_id
    about = {"runbook": request.runbook, "actor": request.actor}
    return acquire(here, str(environment), run_id=run_id, **about, note=journal.append)
