"""The lab's port: loopback only, no web page, AWS's own form of every error, lab time in every answer."""

import http.client
import json
import socket
import subprocess
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from hitless.lab import Lab

pytestmark = pytest.mark.live

RATE = 600.0  # so that lab time and real time can be told apart at once
SIGNED = "AWS4-HMAC-SHA256 Credential=LAB/20261123/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


class Door:
    """A lab process, asked byte for byte."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.port = lab, int(lab.endpoint_url.rpartition(":")[2])

    def ask(self, method="GET", path="/_lab/status", body=None, **headers):
        """Status, headers, text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        wanted = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in {**wanted, "Content-Length": str(len(body or b""))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def aws(self, service, body, *, target="", signed=True, **headers):
        """An AWS call by hand: JSON with a target, else a query."""
        kind = "application/x-amz-json-1.1" if target else "application/x-www-form-urlencoded"
        own = {"Content_Type": kind, "X_Amz_Target": target or None}
        own["Authorization"] = SIGNED.format(service) if signed else None
        return self.ask("POST", "/", body, **own, **headers)

    def fault(self, **wanted):
        return self.ask("POST", "/_lab/faults", json.dumps(wanted).encode(), Content_Type="application/json")


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), rate=RATE, seed=1) as lab:
        yield Door(lab)


@pytest.mark.parametrize("path", ["/_lab/status", "/_lab/journal", "/"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1"}, 403),  # another port is another origin
        ({"Host": None}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
def test_what_a_web_page_could_send_is_refused(door, path, headers, status):
    answered, _, text = door.ask(path=path, **headers)
    assert answered == status or (status == 400 and answered in (400, 403))
    assert "now" not in text


def test_its_own_names_are_taken(door):
    for host in (f"127.0.0.1:{door.port}", f"localhost:{door.port}"):
        assert door.ask(Host=host)[0] == 200
    assert door.ask(Sec_Fetch_Site="none")[0] == 200


def test_a_call_that_nobody_signed_is_refused_in_both_of_awss_forms(door):
    status, _, text = door.aws("ecs", b"{}", target="AmazonEC2ContainerServiceV20141113.ListClusters", signed=False)
    assert (status, json.loads(text)["__type"]) == (403, "MissingAuthenticationToken")
    status, headers, text = door.aws("autoscaling", b"Action=DescribeAutoScalingGroups", signed=False)
    assert status == 403 and headers["Content-Type"].startswith("text/xml")
    assert "<Code>MissingAuthenticationToken</Code>" in text


def test_an_unknown_action_is_501_in_both_of_awss_forms_which_no_sdk_retries(door):
    status, _, text = door.aws("ecs", b"{}", target="AmazonEC2ContainerServiceV20141113.StartTask")
    assert (status, json.loads(text)["__type"]) == (501, "NotImplemented") and "StartTask" in text
    status, _, text = door.aws("autoscaling", b"Action=PutWarmPool&Version=2011-01-01")
    assert status == 501 and "<Code>NotImplemented</Code>" in text


def test_the_date_header_is_lab_time(door):
    def look():
        status, headers, _ = door.aws("sts", b"Action=GetCallerIdentity&Version=2011-06-15")
        assert status == 200
        return json.loads(door.ask()[2])["now"], parsedate_to_datetime(headers["Date"]).timestamp()

    (now, date), (later, later_date) = look(), look()
    while later - now < 2:
        later, later_date = look()
    assert -1 <= now - date < 0.1 * RATE and later_date > date  # half a second of the test is minutes there


def test_it_listens_on_loopback_only(door):
    assert not [bound for bound in _listening(door.port) if bound != "127.0.0.1"]
    with socket.socket() as other, pytest.raises(OSError):
        other.settimeout(2)
        other.connect((_own_address(), door.port))


def _listening(port):
    """Addresses that are bound to a port, by Linux's table; elsewhere the connection above is the whole proof."""
    table = Path("/proc/net/tcp")
    rows = [line.split() for line in table.read_text().splitlines()[1:]] if table.exists() else []
    bound = [row[1].split(":") for row in rows if row[3] == "0A"]
    return [socket.inet_ntoa(bytes.fromhex(address)[::-1]) for address, number in bound if int(number, 16) == port]


def _own_address():
    """An address of this machine other than 127.0.0.1: all of 127/8 is ours on Linux."""
    return "127.0.0.2"


def test_the_status_says_what_runs(door):
    status = json.loads(door.ask()[2])
    assert (status["rate"], status["seed"], status["region"]) == (RATE, 1, "us-east-1")
    assert status["listeners"] == {} and status["hosts"] == 0


def test_the_journal_is_told_from_any_entry_on(door):
    door.fault(fault="AmiPublished")
    _, headers, text = door.ask(path="/_lab/journal")
    lines = [json.loads(line) for line in text.splitlines()]
    assert headers["Content-Type"].startswith("application/jsonl") and headers["Cache-Control"] == "no-store"
    assert door.ask(path=f"/_lab/journal?since={len(lines)}")[2] == ""
    assert door.ask(path="/_lab/journal?since=yesterday")[0] == 400


@pytest.mark.parametrize(
    "wanted", [{}, {"fault": "EarthQuake"}, {"fault": "InstanceDies"}, {"fault": "InstanceDies", "instance_id": "i-0"}]
)
def test_a_fault_that_cannot_be_is_a_400_that_says_why(door, wanted):
    status, _, text = door.fault(**wanted)
    assert status == 400 and json.loads(text)["error"]


def test_a_fault_happens_once_it_is_named(door):
    status, _, text = door.fault(fault="ApiThrottled", service="sts", calls=1)
    assert status == 200, text
    call = ("sts", b"Action=GetCallerIdentity&Version=2011-06-15")
    assert [door.aws(*call)[0] for _ in range(2)] == [400, 200]


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'"x"', b"\xff\xfe"])
def test_a_fault_that_is_no_object_is_refused(door, body):
    assert door.ask("POST", "/_lab/faults", body, Content_Type="application/json")[0] == 400


def test_a_fault_from_a_form_is_refused(door):
    body = b'{"fault": "AmiPublished"}'
    assert door.ask("POST", "/_lab/faults", body, Content_Type="text/plain")[0] == 415


def awslab(*arguments, **stdin):
    command = [sys.executable, "-m", "awslab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **stdin)


@pytest.mark.parametrize("arguments", [("--rate", "0"), ("--rate", "nan"), ("--rate", "fast"), ("--port", "70000")])
def test_an_argument_that_cannot_be_is_a_usage_error(arguments):
    ended = awslab(*arguments)
    assert ended.returncode == 2 and arguments[0] in ended.stderr and "Traceback" not in ended.stderr


def test_a_taken_port_is_said_and_ends_it(door):
    ended = awslab("--port", str(door.port))
    assert ended.returncode == 1 and f"port {door.port} is not free" in ended.stderr
    assert "Traceback" not in ended.stderr and ended.stdout == ""


def test_a_leash_that_nobody_holds_starts_nothing():
    ended = awslab("--leash", input="")
    assert ended.returncode == 0 and ended.stdout == "" and ended.stderr == ""


@pytest.mark.skipif(sys.platform != "linux", reason="kqueue waits for files as well")
def test_a_file_is_no_leash():
    ended = awslab("--leash", stdin=subprocess.DEVNULL)
    assert ended.returncode == 2 and "--leash needs" in ended.stderr


def test_it_prints_what_a_shell_exports_and_goes_with_its_leash():
    command = [sys.executable, "-m", "awslab", "--leash", "--rate", "30"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lab:
        said = [lab.stdout.readline() for _ in range(10)]
        lab.stdin.close()
        assert lab.wait(10) == 0
    exports = dict(line.removeprefix("export ").strip().split("=", 1) for line in said if line.startswith("export "))
    assert exports["HITLESS_CLOCK_RATE"] == "30" and exports["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"} <= exports.keys()


@pytest.mark.parametrize(("fault", "made"), [("ConnectionReset", 0), ("ResponseLost", 1)])
def test_a_client_of_a_connection_that_is_cut_hears_a_reset_and_no_byte(door, fault, made):
    door.fault(fault=fault, action="CreateCluster", calls=1)
    name = f"cut-{made}"
    call = ("ecs", json.dumps({"clusterName": name}).encode())
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        door.aws(*call, target="AmazonEC2ContainerServiceV20141113.CreateCluster")
    listed = door.aws("ecs", b"{}", target="AmazonEC2ContainerServiceV20141113.ListClusters")[2]
    assert listed.count(name) == made


def test_a_slow_answer_holds_up_nobody_else(door):
    door.fault(fault="ApiSlow", action="ListClusters", calls=1, seconds=600)  # a second at this rate
    with socket.create_connection(("127.0.0.1", door.port)) as slow:
        target = "X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListClusters"
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{door.port}\r\n{target}\r\nAuthorization: {SIGNED.format('ecs')}"
        slow.sendall(f"{head}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        assert door.ask()[0] == 200
        slow.settimeout(0.01)
        with pytest.raises(TimeoutError):
            slow.recv(1)
    door.fault(fault="ApiCalm")
