"""How a run ended, by one word and one exit code, written where everybody looks: journal, notebook, pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from hitless import checkout, errors
from hitless.clock import Clock, SystemClock, rate_from_environment, real_now
from hitless.errors import HitlessError
from hitless.journal import Journal, read
from hitless.outcome import Outcome
from hitless.past import Past
from hitless.run_folder import JOURNAL, RunFolder

DONE, REFUSED, FAILED = 0, 3, 4
SIGNALLED = 128  # and the signal's number
WORDS = {"RolledBack": "rolled back", "NotProven": "not proven", "SystemExit": "stopped early"}  # sys.exit(1)


@dataclass(frozen=True)
class Ending:
    """The end of one attempt.

    Attributes:
        outcome: `done`, `refused`, `failed`, `rolled back`, `not proven`, `cancelled`, `timeout`, `kernel died`,
            `stopped early`.
        exit_code: 0 done; 3 nothing was changed; 4 something was, or may have been; 128 and a signal's number.
        error: The error's name; "" when there was none.
        said: Its first line.
    """

    outcome: str
    exit_code: int
    error: str = ""
    said: str = ""


def of_error(name: str, said: str, past: Past | None) -> Ending:
    """The ending that an error in a cell makes.

    Args:
        name: The error's class.
        said: What it said.
        past: What the journal says was done; None when there is no journal.
    """
    kind = getattr(errors, name, None)
    known = isinstance(kind, type) and issubclass(kind, HitlessError)
    refused = known and kind.exit_code == REFUSED
    changed = past.changed_something if past is not None else not refused
    outcome = WORDS.get(name, "refused" if refused and not changed else "failed")
    return Ending(outcome, FAILED if changed or (known and not refused) else REFUSED, name, first_line(said))


def cut_off(outcome: str, past: Past | None, said: str = "") -> Ending:
    """The ending of an attempt that something other than its cells ended."""
    untouched = past is not None and not past.changed_something
    return Ending(outcome, REFUSED if untouched else FAILED, said=first_line(said))


def first_line(text: str) -> str:
    """Of an error, for a table; all of it is in the notebook."""
    return text.strip().partition("\n")[0][:300]


def read_past(run_dir: Path) -> Past | None:
    """What a run's journal says; None when there is no journal."""
    path = run_dir / JOURNAL
    return Past.of(read(path, torn_tail_ok=True)) if path.exists() else None


def write_outcome(run_dir: Path, ending: Ending) -> None:
    """Put the ending into the journal of a run whose kernel is gone."""
    path = run_dir / JOURNAL
    with Journal(path, _clock_after(path)) as journal:
        journal.append("outcome", **asdict(ending))


def _clock_after(path: Path) -> Clock:
    """AWS time as the journal's last line knew it, gone on since that line was written."""
    rate = rate_from_environment()
    if not path.exists() or not (entries := read(path, torn_tail_ok=True)):
        return SystemClock(rate)
    since_s = max(0.0, real_now() - path.stat().st_mtime)
    return SystemClock(rate, entries[-1].at + rate * since_s - real_now())


def end_run(run: RunFolder, outcome: Outcome | None = None, *, show: Callable[[object], object] | None = None) -> None:
    """The last cell of a runbook: show the verdict, raise what went wrong.

    In JupyterLab, where no runner watches over the kernel, it also writes how the run ended and seals the pack.

    Args:
        run: The run.
        outcome: What the change left behind; None when it makes no claims, or was a dry run.
        show: Shows the verdict; IPython's `display` by default.

    Raises:
        HitlessError: The change failed, or a claim does not hold.
    """
    if outcome is not None:
        _display(show)(outcome.verdict)
    elif run.request.is_dry:
        print("dry run: nothing was changed, nothing is claimed")
    try:
        if outcome is not None:
            outcome.require()
    except HitlessError as error:
        _conclude(run, of_error(type(error).__name__, str(error), Past.of(read(run.journal.path))))
        raise
    _conclude(run, Ending("done", DONE))


def _conclude(run: RunFolder, ending: Ending) -> None:
    run.journal.append("concluded", **asdict(ending))
    run.give_back()
    if run.request.headless:
        run.close()  # the runner writes the rest
        return
    from hitless import pack  # it needs what signs and renders, and only ends do

    run.journal.append("outcome", **asdict(ending))
    run.close()
    print(f"sealed: {checkout.shown(pack.seal(run.path))}")


def _display(show: Callable[[object], object] | None) -> Callable[[object], object]:
    if show is not None:
        return show
    from IPython.display import display  # only where a notebook is

    return display
