"""The lab itself: a world, its faces and a data plane, answering AWS requests through one door."""

from __future__ import annotations

import functools
import importlib
import io
import pkgutil
import re
import shutil
import tempfile
import weakref
from email.utils import formatdate
from pathlib import Path

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

import awslab.faces
from awslab.clock import ScaledClock, VirtualClock
from awslab.faces import inventory
from awslab.machines.group import Group
from awslab.machines.machine import Machine
from awslab.world import World

SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]+)/([a-z0-9.-]+)/aws4_request")
SIGNING_ALIASES = {"elasticloadbalancingv2": "elasticloadbalancing", "cloudwatch": "monitoring"}


NO_RETRIES = Config(retries={"max_attempts": 0})


@functools.cache
def _session() -> boto3.Session:
    """One for all: a new session reads EC2's model again, a quarter of a second a client."""
    return boto3.Session("lab", "lab")


class _Raw(io.BytesIO):
    """What botocore reads a body from."""

    def stream(self, **_kwargs):
        yield self.read()


class Lab:
    """An AWS of one account and one region that keeps time.

    Args:
        clock: Lab time; a `VirtualClock` by default, so that nothing needs waiting for.
        seed: Same seed, same story.
        plane: Runs tasks and carries requests; `None` leaves it out.
        region: The one region it answers for.
        data: Where image blobs and task logs live; a temporary folder of its own by default.
    """

    def __init__(
        self,
        clock: ScaledClock | VirtualClock | None = None,
        *,
        seed: int = 0,
        plane: Machine | None = None,
        region: str = "us-east-1",
        data: Path | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.world = World(self.clock, seed)
        self.region, self.plane = region, None
        self.data = data or Path(tempfile.mkdtemp(prefix="awslab-"))
        own = self.data if data is None else None
        self._remove = weakref.finalize(self, _remove, own)  # when nobody closes it, at the latest when Python ends
        self.throttled: dict[str, int] = {}  # signing name -> how many more calls are throttled
        inventory.reset(lambda: self.world.now, seed)
        self.faces = self._load_faces()
        if plane is not None:
            self.attach(plane)

    def attach(self, plane: Machine) -> None:
        """Let a data plane run the tasks and carry the requests; before the first call, and once."""
        assert self.plane is None, "the lab has a data plane"
        self.plane = self.world.add(plane)

    def _load_faces(self) -> dict[str, type]:
        faces = {}
        for found in pkgutil.iter_modules(awslab.faces.__path__):
            module = importlib.import_module(f"awslab.faces.{found.name}")
            if face := getattr(module, "Face", None):
                face.world, face.lab = self.world, self
                faces[face.signing_name] = face
            for machine in getattr(module, "machines", lambda _world: [])(self.world):
                self.world.add(machine)
        return faces

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> inventory.Answer:
        """Answer one signed AWS request; `target` is path and query."""
        scope = SCOPE.search(headers.get("Authorization", "")) or SCOPE.search(headers.get("authorization", ""))
        if scope is None:
            status, own, content = inventory.error(headers, 403, "MissingAuthenticationToken", "Missing AWS SigV4.")
        else:
            region, service = scope.group(1), scope.group(2)
            service = SIGNING_ALIASES.get(service, service)
            request = inventory.prepared(service, region, method, target, headers, body)
            status, own, content = self.world.call(lambda: self._answer(service, request))
        own = {name: value for name, value in own.items() if name.lower() not in ("date", "content-length", "server")}
        own.setdefault("x-amzn-RequestId", own.get("x-amzn-requestid", "lab"))
        return status, {**own, "Date": formatdate(self.world.now, usegmt=True)}, content

    def _answer(self, service: str, request: AWSPreparedRequest) -> inventory.Answer:
        if self.throttled.get(service, 0) > 0:
            self.throttled[service] -= 1
            return inventory.error(request.headers, 400, "Throttling", "Rate exceeded")
        return inventory.ask(request, self.faces.get(service))

    def status(self) -> dict:
        """What a person wants to know of the lab, as plain data."""
        return self.world.call(
            lambda: {
                "now": self.world.now,
                "rate": self.clock.rate,
                "seed": self.world.seed,
                "region": self.region,
                "listeners": getattr(self.plane, "listener_ports", {}),
                "hosts": sum(len(group.instances) for group in self.world.of(Group)),
                "journal": len(self.world.journal),
            }
        )

    def client(self, service: str, **kwargs):
        """A boto3 client of this lab that needs no socket, for tests and for the virtual clock."""
        client = _session().client(
            service, region_name=self.region, endpoint_url="http://127.0.0.1:1", config=NO_RETRIES, **kwargs
        )
        client.meta.events.register("before-send.*.*", self._answer_in_process)
        return client

    def _answer_in_process(self, request, **_kwargs) -> AWSResponse:
        target = request.url.split("127.0.0.1:1", 1)[1] or "/"
        sent = {name: v.decode() if isinstance(v, bytes) else v for name, v in request.headers.items()}
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        status, headers, content = self.handle(
            request.method, target, sent, body.encode() if isinstance(body, str) else body
        )
        return AWSResponse(request.url, status, headers, _Raw(content))

    def close(self) -> None:
        """Remove the lab's own folder."""
        self._remove()


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
