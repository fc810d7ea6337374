"""The lab itself: a world, its faces and a data plane, answering AWS requests through one door."""

from __future__ import annotations

import functools
import importlib
import io
import pkgutil
import shutil
import tempfile
import weakref
from email.utils import formatdate
from pathlib import Path

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

import awslab.faces
from awslab import faults
from awslab.clock import ScaledClock, VirtualClock
from awslab.faces import inventory
from awslab.faces.asked import Asked
from awslab.machines.group import Group
from awslab.machines.machine import Machine
from awslab.weather import Call, Kind, NoAnswer, Storm, Weather, call_of
from awslab.world import World

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
        self.weather = Weather(self.world.random("weather"))
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

    def strike(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[Call, Storm | None]:
        """What a request asks, and which storm hits it; to be let happen by `handle`."""
        call = call_of(method, target, headers, body)
        return call, self.weather.strike(call) if call.service else None

    def handle(
        self,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes,
        struck: tuple[Call, Storm | None] | None = None,
    ) -> inventory.Answer:
        """Answer one signed AWS request; `target` is path and query, `struck` what `strike` said of it.

        Raises:
            NoAnswer: A storm keeps the answer back.
        """
        call, storm = struck or self.strike(method, target, headers, body)
        asked = Asked(call.service, call.region, method, target, headers, body)
        if not call.service:
            no = "MissingAuthenticationToken", "Missing AWS SigV4."
            status, own, content = inventory.error(asked.is_json, 403, *no)
        else:
            status, own, content = self.world.call(lambda: self._answer(asked, storm))
        own = {name: value for name, value in own.items() if name.lower() not in ("date", "content-length", "server")}
        own.setdefault("x-amzn-requestid", "lab")  # as moto writes it: another case would be a second header
        return status, {**own, "Date": _date(int(self.world.now))}, content

    def _answer(self, asked: Asked, storm: Storm | None) -> inventory.Answer:
        face = self.faces.get(asked.service)
        if storm is None:
            return inventory.ask(asked, face)
        kind = storm.kind
        if kind is Kind.RESET:
            raise NoAnswer
        if kind is Kind.THROTTLED:
            return inventory.throttled(asked)
        if kind is Kind.FAILED and not storm.done:
            return inventory.broken(asked, storm.status)
        answers = [inventory.ask(asked, face) for _ in range(1 + (kind is Kind.DOUBLED))]
        if kind is Kind.LOST:
            raise NoAnswer
        return inventory.broken(asked, storm.status) if kind is Kind.FAILED else answers[-1]

    def fault(self, name: str, **wanted: object) -> dict:
        """Let something go wrong; see `awslab.faults`."""
        return faults.inject(self, {"fault": name, **wanted})

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

    def client(self, service: str, config: Config = NO_RETRIES, **kwargs):
        """A boto3 client of this lab that needs no socket, for tests and for the virtual clock."""
        where = {"region_name": self.region, "endpoint_url": "http://127.0.0.1:1"}
        client = _session().client(service, config=config, **where, **kwargs)
        client.meta.events.register("before-send.*.*", self._answer_in_process)
        return client

    def _answer_in_process(self, request, **_kwargs) -> AWSResponse:
        target = request.url.split("127.0.0.1:1", 1)[1] or "/"
        sent = {name: v.decode() if isinstance(v, bytes) else v for name, v in request.headers.items()}
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        wanted = request.method, target, sent, body.encode() if isinstance(body, str) else body
        call, storm = self.strike(*wanted)
        if storm is not None and storm.seconds:
            self.clock.sleep(storm.seconds)
        try:
            status, headers, content = self.handle(*wanted, (call, storm))
        except NoAnswer as lost:
            raise ConnectionClosedError(endpoint_url=request.url) from lost
        return AWSResponse(request.url, status, headers, _Raw(content))

    def close(self) -> None:
        """Remove the lab's own folder."""
        self._remove()


@functools.lru_cache(8)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
