"""`hitless`: run runbooks, list them, rehearse the whole story on the lab.

Exit codes: 0 done; 3 refused, nothing was changed; 4 failed, something was changed; 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hitless.errors import HitlessError, Refused

INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Parse the command line and do the one thing it asks for."""
    parser = argparse.ArgumentParser(
        "hitless", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    run = verbs.add_parser("run", help="execute a runbook headless; parameters are checked first")
    run.add_argument("runbook", type=Path, help="e.g. runbooks/20-refresh-hosts.ipynb")
    run.add_argument("-p", metavar="NAME=VALUE", action="append", default=[], help="a parameter; may be repeated")
    run.add_argument("--run-dir", type=Path, help="folder of this run; runs/<runbook>/<UTC time> by default")
    run.set_defaults(do=_run)

    listing = verbs.add_parser("list", help="the runbooks and their parameters")
    listing.set_defaults(do=_list)

    demo = verbs.add_parser("demo", help="the whole story on the lab: provision, replace every host, tear down")
    demo.add_argument("--rate", type=float, default=30.0, help="lab seconds to a real second (default 30)")
    demo.add_argument("--seed", type=int, default=1, help="same seed, same ids and durations")
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder for what the runs leave behind")
    demo.set_defaults(do=_demo)

    arguments = parser.parse_args(argv)
    try:
        return arguments.do(arguments)
    except HitlessError as stopped:
        print(f"{type(stopped).__name__}: {stopped}", file=sys.stderr)
        return stopped.exit_code
    except KeyboardInterrupt:
        print("Interrupted: everything started here was ended.", file=sys.stderr)
        return INTERRUPTED


def _run(arguments: argparse.Namespace) -> int:
    from hitless import runner  # papermill takes a second to import; --help should not

    given = dict(_pair(text) for text in arguments.p)
    parameters = runner.convert(runner.read_parameters(arguments.runbook), given)
    return runner.run(arguments.runbook, parameters, arguments.run_dir)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Refused(f"-p {text} is not NAME=VALUE.", do="write -p NAME=VALUE")
    return name, value


def _list(_arguments: argparse.Namespace) -> int:
    from hitless import runner

    for runbook in sorted(Path("runbooks").glob("*.ipynb")):
        defaults = runner.read_parameters(runbook)
        print(runbook, *(f"  {name} = {value!r}" for name, value in defaults.items()), sep="\n")
    return 0


def _demo(arguments: argparse.Namespace) -> int:
    from hitless.demo import rehearse

    return rehearse(arguments.out, arguments.rate, arguments.seed)


if __name__ == "__main__":
    sys.exit(main())
