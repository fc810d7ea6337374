"""What `hitless verify`, `seal`, `history` and `archive` do; the command line itself is `__main__`."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path

RUNS = Path("runs")


def add_to(verbs: argparse._SubParsersAction) -> None:
    """Add the verbs about records to the command line."""
    verify = verbs.add_parser("verify", help="is a run's record as it was sealed? offline; exit code 0 or 3")
    verify.add_argument("pack", type=Path, help="e.g. runs/20-refresh-hosts/20261125T174500Z")
    verify.add_argument("--key", type=Path, help="the public key it must be signed with")
    verify.set_defaults(do=_verify)

    seal = verbs.add_parser("seal", help="report, manifest and signature of a run's record, as a run makes them itself")
    seal.add_argument("pack", type=Path, help="the run's folder")
    seal.add_argument("--key", type=Path, help="the private key; the user's own by default")
    seal.set_defaults(do=_seal)

    history = verbs.add_parser("history", help="an index of all runs, each with what its record is worth")
    history.add_argument("--runs", type=Path, default=RUNS, help="where the runs are (default runs)")
    history.add_argument("--out", type=Path, default=RUNS / "index.html", help="the page (default runs/index.html)")
    history.add_argument("--key", type=Path, help="the public key that makes a record verified")
    history.set_defaults(do=_history)

    archive = verbs.add_parser("archive", help="upload a sealed record to S3, where nobody can change or remove it")
    archive.add_argument("pack", type=Path, help="the run's folder")
    archive.add_argument("--bucket", required=True, help="made with Object Lock")
    archive.add_argument("--prefix", default="", help="before <runbook>/<run>/")
    archive.add_argument(
        "--mode", choices=("GOVERNANCE", "COMPLIANCE"), default="GOVERNANCE", help="COMPLIANCE is final"
    )
    archive.add_argument("--days", type=_days, default=400, help="how long it is kept (default 400)")
    archive.add_argument("--account-id", default="", help="refuse another account than this one")
    archive.add_argument("--region", default="", help="AWS region; the environment's by default")
    archive.set_defaults(do=_archive)


def _days(text: str) -> int:
    days = int(text)
    if days < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return days


def _verify(arguments: argparse.Namespace) -> int:
    from hitless import pack

    verdict = pack.verify(arguments.pack, arguments.key)
    print(verdict)
    pack.require(arguments.pack, verdict)
    return 0


def _seal(arguments: argparse.Namespace) -> int:
    from hitless import pack

    print(pack.seal(arguments.pack, arguments.key))
    return 0


def _history(arguments: argparse.Namespace) -> int:
    from hitless import history

    print(history.write(arguments.runs, arguments.out, arguments.key))
    return 0


def _archive(arguments: argparse.Namespace) -> int:
    from hitless import archive
    from hitless.clock import to_datetime
    from hitless.connect import connect

    here = connect(account_id=arguments.account_id, region=arguments.region)
    until = to_datetime(here.clock.now()) + timedelta(days=arguments.days)
    keeping = archive.Keeping(arguments.bucket, arguments.prefix, arguments.mode, until)
    for key in archive.upload(arguments.pack, keeping, s3=here.client("s3")):
        print(f"s3://{arguments.bucket}/{key}")
    return 0
