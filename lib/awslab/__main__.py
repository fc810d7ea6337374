"""`python -m awslab`: the lab as a server, for boto3, the AWS CLI and Terraform alike."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import math
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hitless.scratch import Scratch

if TYPE_CHECKING:
    from awslab.server import Server

IMITATED = """
imitated, with AWS's order, waits and failures:
  Auto Scaling   groups, launch templates, lifecycle hooks, activities, instance refresh with rollback; on-demand and
                 Spot mixed, Capacity Rebalancing; services followed by target tracking and schedules
  ECS            clusters, capacity providers with managed draining and managed scaling, services, tasks, task sets
  CodeDeploy     blue/green for ECS: lifecycle events, hooks, canary and linear shifts, alarms, automatic rollback
  Lambda         functions named by hooks run as local processes; task and hook output reaches CloudWatch Logs
  ELB            listeners, weights, target health, deregistration delay, real requests on loopback ports
  CloudWatch     ALB, Auto Scaling and ECS metrics (CPU is that of the tasks' processes), alarms, missing-data rules
  ECR            images by digest: each task is a real process of exactly that content
  Logs           what tasks and functions print, by line, in lab time
kept as books only, by moto: EC2 networks, IAM, SSM, S3, KMS and the rest
not imitated: warm pools, network load balancers, containers as such (no Docker is used); a Spot host is taken back by
  a fault, with two minutes of notice
an action that is not imitated is answered 501, never with a made-up success

exit codes: 0 stopped as asked; 1 a part of it died, or the port is taken
"""
PORT_MAX = 65_535


class NoLeash(Exception):
    """Standard input cannot serve as a leash."""


def main(argv: list[str] | None = None) -> int:
    """Serve a lab until SIGINT, SIGTERM or, with --leash, until standard input ends."""
    parser = argparse.ArgumentParser(
        "awslab", description=__doc__, epilog=IMITATED, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port of the endpoint; 0 takes a free one")
    parser.add_argument("--rate", type=float, default=60.0, help="lab seconds a real second (default 60)")
    parser.add_argument("--virtual", action="store_true", help="time passes only as told; tasks and users simulated")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same ids and durations")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--data", type=Path, help="folder for images and task logs; a temporary one by default")
    parser.add_argument("--json", action="store_true", help="print one JSON line instead of shell exports")
    parser.add_argument("--leash", action="store_true", help="stop when standard input ends")
    arguments = parser.parse_args(argv)
    if not 0 < arguments.rate < math.inf:
        parser.error(f"--rate must be a number above 0, not {arguments.rate}")
    if not 0 <= arguments.port <= PORT_MAX:
        parser.error(f"--port must lie between 0 and {PORT_MAX}, not {arguments.port}")
    logging.basicConfig(level=logging.WARNING, format="awslab: %(message)s", stream=sys.stderr)
    if arguments.data is not None and not arguments.leash:
        arguments.data.mkdir(parents=True, exist_ok=True)
    elif arguments.data is not None and not arguments.data.exists():
        return 0  # whoever started it is gone already, and has taken the folder along
    gc.disable()  # of what is imported nothing is let go: to look through it again and again is a fifth of the start
    try:
        return asyncio.run(_serve(arguments))
    except NoLeash as why:
        parser.error(str(why))


async def _serve(arguments: argparse.Namespace) -> int:
    began = time.monotonic()  # real: how long a person waited
    stop = asyncio.Event()
    _stop_on_signals(stop)  # before there is a folder to be removed
    if arguments.leash:
        _hold_leash(stop)
    with Scratch("awslab-") if arguments.data is None else contextlib.nullcontext(arguments.data) as data:
        return await _run(arguments, data, stop, began)


async def _run(arguments: argparse.Namespace, data: Path, stop: asyncio.Event, began: float) -> int:
    # A second of imports, so only now: a --help need not wait, and a stop meanwhile is heard.
    from awslab.clock import ScaledClock
    from awslab.dataplane.hooks import HookRunner
    from awslab.dataplane.live import LivePlane
    from awslab.lab import Lab
    from awslab.server import PortTaken, Server
    from awslab.virtual import Door

    await asyncio.sleep(0)  # hear what came meanwhile
    if stop.is_set():
        return 0
    if arguments.virtual:
        door = Door(arguments.seed, arguments.region, data)
        return await _serve_virtual(Server(door.lab, arguments.port, door), arguments, stop, began)
    lab = Lab(ScaledClock(arguments.rate), seed=arguments.seed, region=arguments.region, data=data)
    plane = LivePlane(lab, lost=stop.set)
    hooks = lab.world.add(HookRunner(lab))
    server = Server(lab, arguments.port)
    try:
        await plane.start()
        lab.attach(plane)
        await server.start()
        hooks.environment = environment(server.endpoint_url, arguments.rate, arguments.region)
        if not stop.is_set():
            _announce(server, arguments, time.monotonic() - began)
        await stop.wait()
    except PortTaken as taken:
        print(f"awslab: {taken}", file=sys.stderr)
        return 1
    finally:
        await server.stop()
        await hooks.stop()
        await plane.stop()
        lab.close()
    return 1 if plane.was_lost else 0


async def _serve_virtual(server: Server, arguments: argparse.Namespace, stop: asyncio.Event, began: float) -> int:
    from awslab.server import PortTaken

    arguments.rate = math.inf
    try:
        await server.start()
        _announce(server, arguments, time.monotonic() - began)
        await stop.wait()
    except PortTaken as taken:
        print(f"awslab: {taken}", file=sys.stderr)
        return 1
    finally:
        await server.stop()
    return 0


def _stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _hold_leash(stop: asyncio.Event) -> None:
    """Stop when whoever started us is gone.

    Raises:
        NoLeash: Standard input is a file, whose end says nothing of anybody.
    """
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        if not sys.stdin.buffer.raw.read(4096):
            loop.remove_reader(descriptor)
            stop.set()

    try:
        loop.add_reader(descriptor, readable)
    except PermissionError:  # epoll's word for it
        raise NoLeash("--leash needs a pipe or a terminal as standard input, not a file") from None


def environment(endpoint_url: str, rate: float, region: str) -> dict[str, str]:
    """What a client exports so that every AWS SDK talks to the lab, on lab time."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": f"LAB{secrets.token_hex(8).upper()}",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "HITLESS_CLOCK_RATE": f"{rate:g}",
    }


def _announce(server: Server, arguments: argparse.Namespace, took_s: float) -> None:
    gc.freeze()
    gc.enable()
    exports = environment(server.endpoint_url, arguments.rate, arguments.region)
    if arguments.json:
        print(json.dumps({"endpoint_url": server.endpoint_url, "environment": exports}), flush=True)
        return
    print(f"# lab ready in {took_s:.1f} s, {arguments.rate:g} lab seconds a second, seed {arguments.seed}")
    for name, value in exports.items():
        print(f"export {name}={value}")
    print("# listeners appear on loopback ports of their own; see $AWS_ENDPOINT_URL/_lab/status", flush=True)


if __name__ == "__main__":
    sys.exit(main())
