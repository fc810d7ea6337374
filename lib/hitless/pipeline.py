"""What workflows call: each verb is one step of a job, and prints what the next one needs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

REPOSITORY = "the ECR repository, which bears the environment's name"


def add_to(verbs: argparse._SubParsersAction) -> None:
    """Add the verbs of pipelines to the command line."""
    _add_images(verbs)

    approval = verbs.add_parser("approval", help="the file for run --approval, of who let a job into its environment")
    approval.add_argument("run", type=Path, help="the dry run that was looked at")
    approval.add_argument("--approvals", type=Path, required=True, help="what GitHub says of the run's approvals")
    approval.add_argument("--environment", required=True, help="the GitHub environment of the job")
    approval.add_argument(
        "--reviewed",
        choices=("true", "false"),
        default="true",
        help="false: it asks nobody, and who started it answers",
    )
    approval.add_argument("--out", type=Path, required=True, help="the file")
    approval.set_defaults(do=_approval)

    summary = verbs.add_parser("summary", help="a run in Markdown: its end, plan, verdict and chart")
    summary.add_argument("run", type=Path, help="the run's folder")
    summary.set_defaults(do=_summary)

    reconcile = verbs.add_parser("reconcile", help="after a run, however it ended: leave nothing half-way")
    reconcile.add_argument("run", type=Path, help="the run's folder; need not be there")
    reconcile.add_argument("--then", choices=("resume", "undo", "report"), default="report", help="default report")
    reconcile.set_defaults(do=_reconcile)


def _add_images(verbs: argparse._SubParsersAction) -> None:
    build = verbs.add_parser("build", help="build an image into a file; prints its digest")
    build.add_argument("--version", required=True, help="what the app will say it is")
    build.add_argument("--colour", default="green", help="of its page")
    build.add_argument("--out", type=Path, required=True, help="the file, an OCI layout in a tar")
    build.set_defaults(do=_build)

    push = verbs.add_parser("push", help="put a built image into a repository, unless it is there; prints its address")
    push.add_argument("image", type=Path, help="from hitless build")
    push.add_argument("--repository", required=True, help=REPOSITORY)
    push.add_argument("--tag", help="a further name that will never mean another image")
    push.add_argument("--account-id", default="", help="refuse another account than this one")
    push.set_defaults(do=_push)

    manifest = verbs.add_parser("manifest", help="an image's manifest, whose SHA-256 is its digest, to verify")
    manifest.add_argument("digest", help="sha256:…")
    manifest.add_argument("--repository", required=True, help=REPOSITORY)
    manifest.add_argument("--account-id", default="", help="refuse another account than this one")
    manifest.add_argument("--out", type=Path, required=True, help="the file")
    manifest.set_defaults(do=_manifest)

    sbom = verbs.add_parser("sbom", help="what the app's image is made of, as CycloneDX")
    sbom.add_argument("digest", help="the image's")
    sbom.add_argument("--out", type=Path, required=True, help="the file")
    sbom.set_defaults(do=_sbom)


def _build(arguments: argparse.Namespace) -> int:
    from hitless import images, oci_layout
    from hitless.target import aims_at_lab

    runs_on = "lab" if aims_at_lab() else "aws"
    image = images.build_release("app", arguments.version, arguments.colour, runs_on=runs_on)
    oci_layout.write(image, arguments.out)
    print(image.digest)
    return 0


def _push(arguments: argparse.Namespace) -> int:
    from hitless import images
    from hitless.connect import connect
    from hitless.docker_image import read_layout

    here = connect(account_id=arguments.account_id)
    image = read_layout(arguments.image)
    print(images.push(image, arguments.repository, ecr=here.client("ecr"), tag=arguments.tag))
    return 0


def _manifest(arguments: argparse.Namespace) -> int:
    from hitless import provenance
    from hitless.connect import connect

    ecr = connect(account_id=arguments.account_id).client("ecr")
    print(provenance.keep_manifest(arguments.digest, arguments.repository, arguments.out, ecr=ecr))
    return 0


def _sbom(arguments: argparse.Namespace) -> int:
    from hitless import provenance

    print(provenance.write_bill(Path("app"), arguments.digest, arguments.out))
    return 0


def _approval(arguments: argparse.Namespace) -> int:
    from hitless import durable
    from hitless.review import approval_of

    given = json.loads(arguments.approvals.read_text())
    approval = approval_of(arguments.run, given, arguments.environment, unreviewed=arguments.reviewed == "false")
    durable.replace(arguments.out, json.dumps(approval, indent=1) + "\n")
    print(f"approved by {approval['by']} ({approval['source']})")
    return 0


def _summary(arguments: argparse.Namespace) -> int:
    from hitless.summary import markdown

    print(markdown(arguments.run))
    return 0


def _reconcile(arguments: argparse.Namespace) -> int:
    from hitless.reconcile import reconcile

    return reconcile(arguments.run, arguments.then)
