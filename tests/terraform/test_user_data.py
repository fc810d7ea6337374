"""A host ends its own launch hook, with or without the AWS CLI, and only once its agent has registered."""

import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from .conftest import SOURCES

pytestmark = pytest.mark.live

TEMPLATE = (SOURCES / "modules" / "compute" / "user_data.sh.tftpl").read_text()
VALUES = {
    "cluster_name": "web",
    "dns_suffix": "amazonaws.com",
    "group_name": "web",
    "hook_name": "ecs-agent-ready",
    "region": "us-east-1",
}
NEEDED = ("bash", "curl", "grep", "sed", "sleep")
ARN = '"arn:aws:ecs:us-east-1:123456789012:container-instance/web/0"'
CREDENTIALS = """{
  "Code" : "Success",
  "AccessKeyId" : "HOSTKEY",
  "SecretAccessKey" : "host/secret+key=",
  "Token" : "host-token==",
  "Expiration" : "2026-11-24T06:00:00Z"
}"""


class Host(ThreadingHTTPServer):
    """What a host can reach: its agent, its metadata service, and Auto Scaling."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.agent_asked, self.calls = 0, []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    def do_PUT(self):
        self._answer("session")

    def do_GET(self):
        if self.path == "/v1/metadata":
            self.server.agent_asked += 1
            arn = (
                '"arn:aws:ecs:us-east-1:123456789012:container-instance/web/0"'
                if self.server.agent_asked > 1
                else "null"
            )
            return self._answer(f'{{"Cluster":"web","ContainerInstanceArn":{arn},"Version":"1"}}')
        if self.headers["X-aws-ec2-metadata-token"] != "session":
            return self._answer("", 401)
        known = {
            "instance-id": "i-0123456789abcdef0",
            "iam/security-credentials/": "web-host",
            "iam/security-credentials/web-host": CREDENTIALS,
        }
        return self._answer(known[self.path.removeprefix("/latest/meta-data/")])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.calls.append((dict(self.headers), parse_qs(body)))
        self._answer("<CompleteLifecycleActionResponse/>")

    def _answer(self, text, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def host():
    with Host() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def path(tmp_path):
    """A PATH with what the AMI has, and no AWS CLI."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        if (found := shutil.which(name)) is None:
            pytest.skip(f"no {name} here")
        (folder / name).symlink_to(found)
    return folder


def rendered() -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: VALUES[found[1]], TEMPLATE)


def run_ready(host, path):
    script = rendered().partition("<<'SCRIPT'\n")[2].partition("\nSCRIPT\n")[0]
    for address in ("http://localhost:51678", "http://169.254.169.254", "https://autoscaling.us-east-1.amazonaws.com"):
        assert address in script
        script = script.replace(address, host.address)
    subprocess.run(["bash", "-c", script], env={"PATH": str(path)}, check=True, timeout=30, capture_output=True)


def test_user_data_is_a_script_that_bash_can_read():
    checked = subprocess.run(["bash", "-n"], input=rendered(), text=True, capture_output=True)
    assert checked.stderr == ""


def test_without_the_aws_cli_the_host_signs_the_call_itself(host, path):
    if "aws-sigv4" not in subprocess.run(["curl", "--help", "all"], capture_output=True, text=True).stdout:
        pytest.skip("this curl cannot sign")
    run_ready(host, path)
    ((headers, form),) = host.calls
    assert host.agent_asked == 2, "the hook must not end before the agent has registered"
    assert re.search(r"Credential=HOSTKEY/\d{8}/us-east-1/autoscaling/aws4_request", headers["Authorization"])
    assert "x-amz-security-token" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "host-token=="
    assert form == {
        "Action": ["CompleteLifecycleAction"],
        "Version": ["2011-01-01"],
        "AutoScalingGroupName": ["web"],
        "LifecycleHookName": ["ecs-agent-ready"],
        "InstanceId": ["i-0123456789abcdef0"],
        "LifecycleActionResult": ["CONTINUE"],
    }


def test_with_the_aws_cli_the_host_uses_it(host, path, tmp_path):
    (path / "aws").write_text(f'#!{shutil.which("bash")}\necho "$*" > {tmp_path / "called"}\n')
    (path / "aws").chmod(0o755)
    run_ready(host, path)
    assert host.calls == []
    assert (tmp_path / "called").read_text() == (
        "autoscaling complete-lifecycle-action --region us-east-1 --auto-scaling-group-name web"
        " --lifecycle-hook-name ecs-agent-ready --instance-id i-0123456789abcdef0 --lifecycle-action-result CONTINUE\n"
    )
