"""`hitless`: run runbooks, list them, rehearse the whole story on the lab.

Exit codes: 0 done; 3 refused, nothing was changed; 4 failed, something was changed; 130 or 143 stopped by a signal.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
from pathlib import Path

from hitless import commands, pipeline
from hitless.errors import HitlessError
from hitless.stop import Stopped, raise_stopped
from hitless.voice import mute

NOTEBOOKS = Path("notebooks")


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and do the one thing it asks for."""
    arguments = _parser().parse_args(argv)
    raise_stopped()
    try:
        return arguments.do(arguments)
    except HitlessError as stopped:
        print(f"{type(stopped).__name__}: {stopped}", file=sys.stderr)
        return stopped.exit_code
    except Stopped as stopped:
        print(f"\nStopped by {stopped}: everything started here was ended.", file=sys.stderr)
        return stopped.exit_code
    except BrokenPipeError:  # nobody reads on, as in `hitless list | head`
        mute(sys.stdout)
        return 128 + signal.SIGPIPE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "hitless", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    run = verbs.add_parser("run", add_help=False, help="execute a runbook headless; parameters are checked first")
    run.add_argument("runbook", type=Path, nargs="?", help="e.g. runbooks/20-refresh-hosts.ipynb")
    run.add_argument("-p", metavar="NAME=VALUE", action="append", default=[], help="a parameter; may be repeated")
    run.add_argument(
        "--params",
        type=Path,
        metavar="FILE",
        action="append",
        default=[],
        help='parameters as JSON: {"NAME": "hitless-dev", …}; may be repeated',
    )
    run.add_argument("--approve", metavar="CODE", default="", help="of the plan a dry run showed; `lab` on the lab")
    run.add_argument("--approval", type=Path, metavar="FILE", help="an approval as JSON: who, and over which digests")
    run.add_argument("--cell-timeout", type=_above_zero, metavar="S", help="real seconds one cell may take")
    run.add_argument(
        "--stop-grace", type=_above_zero, metavar="S", help="real seconds a cell that is told to stop may take; 240"
    )
    run.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run that was cut off: its folder")
    run.add_argument("--run-dir", type=Path, help="folder of this run; runs/<runbook>/<UTC time> by default")
    run.add_argument("-h", "--help", action="store_true", help="this, and a runbook's parameters when one is named")
    run.set_defaults(do=_run, usage=run.format_help)

    for name, what in (
        ("status", "what became of a run: the record, AWS, what to do next"),
        ("undo", "undo what a run has done, last first"),
    ):
        verb = verbs.add_parser(name, help=what)
        verb.add_argument("run", type=Path, help="the run's folder, as runs/20-refresh-hosts/20261125T101500Z")
        verb.set_defaults(do=_status if name == "status" else _undo)

    listing = verbs.add_parser("list", help="the runbooks and their parameters")
    listing.set_defaults(do=_list)

    commands.add_to(verbs)
    pipeline.add_to(verbs)

    demo = verbs.add_parser("demo", help="the whole story on the lab: provision, replace every host, tear down")
    _add_lab(demo, rate=30.0)
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder for what the runs leave behind")
    demo.set_defaults(do=_demo)

    lab = verbs.add_parser("lab", help="a lab with a running service, and JupyterLab on the runbooks; Ctrl-C ends both")
    _add_lab(lab, rate=30.0)
    lab.add_argument("--no-provision", action="store_true", help="open an empty account, at once")
    lab.add_argument("--no-browser", action="store_true", help="only print JupyterLab's address")
    lab.add_argument("--port", type=int, default=8888, help="JupyterLab's loopback port (default 8888, or the next)")
    lab.set_defaults(do=_lab)

    notebooks = verbs.add_parser("notebooks", help="run every demo notebook again and keep its outputs")
    _add_lab(notebooks, rate=45.0)
    notebooks.add_argument("only", nargs="*", metavar="NAME", help="beginnings of names, e.g. 06; all by default")
    notebooks.set_defaults(do=_notebooks)
    return parser


def _status(arguments: argparse.Namespace) -> int:
    from hitless.status import status

    print(*status(arguments.run), sep="\n")
    return 0


def _undo(arguments: argparse.Namespace) -> int:
    from hitless.undo import undo

    return undo(arguments.run)


def _add_lab(verb: argparse.ArgumentParser, rate: float) -> None:
    verb.add_argument("--rate", type=_above_zero, default=rate, help=f"lab seconds to a real second (default {rate:g})")
    verb.add_argument("--seed", type=int, default=1, help="same seed, same ids and durations")


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")
    return number


def _run(arguments: argparse.Namespace) -> int:
    from hitless.run_command import do_run  # what checks parameters takes a second to import; `--help` should not

    return do_run(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from hitless.run_command import do_list

    return do_list(arguments)


def _demo(arguments: argparse.Namespace) -> int:
    from hitless.demo import rehearse

    return rehearse(arguments.out, arguments.rate, arguments.seed)


def _lab(arguments: argparse.Namespace) -> int:
    from hitless.jupyter import Session

    session = Session(arguments.rate, arguments.seed, port=arguments.port, browser=not arguments.no_browser)
    return session.run(provision=not arguments.no_provision)


def _notebooks(arguments: argparse.Namespace) -> int:
    from hitless.jupyter import execute_all

    return execute_all(NOTEBOOKS, arguments.rate, arguments.seed, arguments.only)


if __name__ == "__main__":
    sys.exit(main())
