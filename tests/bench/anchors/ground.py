"""An emulator behind an endpoint: boto3 clients of it, and users that really send requests."""

from __future__ import annotations

import http.client
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from hitless.folder_image import build
from hitless.images import push
from tests.bench.anchors.stack import Stuck

APP = Path(__file__).parents[3] / "app"
LOOK_S = 0.1  # real seconds between two looks
PER_SECOND = 50
ANSWER_S = 5.0
CONFIG = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=30)


class HttpGround:
    """One emulator.

    Args:
        endpoint_url: Where it listens.
    """

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url, self.lacks = endpoint_url, []
        self._image, self._users = "", []
        self._session = boto3.Session("bench", "bench", region_name="us-east-1")

    def client(self, service: str):
        """A boto3 client of it."""
        return self._session.client(service, endpoint_url=self.endpoint_url, config=CONFIG)

    def pause(self) -> None:
        """Until the next look."""
        time.sleep(LOOK_S)

    def image(self) -> str:
        """The app in its registry; where that takes no image, a public one."""
        self._image = self._image or self._push()
        return self._image

    def _push(self) -> str:
        ecr = self.client("ecr")
        try:
            ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
            return push(build(APP), "web", ecr=ecr)
        except (ClientError, BotoCoreError):
            return "public.ecr.aws/nginx/nginx:stable"

    def users(self, listener_arn: str) -> HttpUsers:
        """Users of a listener, once it answers."""
        for address in self._addresses(listener_arn):
            users = HttpUsers(*address)
            if users.ask("/healthz") == 200:
                self._users.append(users)
                return users.start()
        raise Stuck("no request is answered by a task")

    def _addresses(self, listener_arn: str):
        """Wherever a listener may be served: (host, port, Host header)."""
        elb = self.client("elbv2")
        listener = elb.describe_listeners(ListenerArns=[listener_arn])["Listeners"][0]
        balancers = elb.describe_load_balancers(LoadBalancerArns=[listener["LoadBalancerArn"]])["LoadBalancers"]
        name, own = balancers[0]["DNSName"], urlsplit(self.endpoint_url)
        try:
            read = elb.describe_listener_attributes(ListenerArn=listener_arn)["Attributes"]
        except ClientError:
            read = []
        for served in (urlsplit(one["Value"]) for one in read if one["Key"] == "lab.endpoint"):
            yield served.hostname, served.port, served.netloc
        yield "127.0.0.1", listener["Port"], name
        yield own.hostname, own.port, name

    def close(self) -> None:
        """Send the users home."""
        for users in self._users:
            users.stop()


class HttpUsers:
    """Requests at a constant rate, each on a connection of its own, whatever comes back."""

    def __init__(self, host: str, port: int, name: str) -> None:
        self._host, self._port, self._name = host, port, name
        self.sent = self.failed = 0
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def ask(self, path: str) -> int:
        """One request; its status, 0 without an answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_S)
        try:
            connection.request("GET", path, headers={"Host": self._name})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def start(self) -> HttpUsers:
        """From now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """They leave, and their last requests are counted."""
        self._leave.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._leave.wait(1 / PER_SECOND):
            status = self.ask("/")
            self.sent, self.failed = self.sent + 1, self.failed + (not 0 < status < 500)
