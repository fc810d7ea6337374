import asyncio
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

HERE = {
    "APP_VERSION": "1.2.3",
    "APP_COLOUR": "blue",
    "HITLESS_TASK_ID": "0" * 32,
    "HITLESS_INSTANCE_ID": "i-0123456789abcdef0",
    "HITLESS_AZ": "us-east-1a",
}


@pytest.mark.parametrize("path", ["/", "/healthz", "/version", "/work?ms=0", "/work?ms=x", "/nowhere"])
def test_every_answer_says_who_gave_it(ask, path):
    _, headers, _ = ask(path, environment=HERE)
    assert headers["x-hitless-version"] == "1.2.3"
    assert headers["x-hitless-task"] == "0" * 32
    assert headers["x-hitless-instance"] == "i-0123456789abcdef0"
    assert headers["x-hitless-az"] == "us-east-1a"
    assert headers["x-hitless-colour"] == "blue"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "python" not in headers["Server"].lower()


def test_version_is_json(ask, facts):
    assert facts(ask("/version", environment=HERE)) == {
        "version": "1.2.3",
        "colour": "blue",
        "task_id": "0" * 32,
        "instance_id": "i-0123456789abcdef0",
        "availability_zone": "us-east-1a",
        "draining": False,
    }


def test_work_takes_the_time_it_was_told(ask, facts):
    started = asyncio.new_event_loop().time()
    assert facts(ask("/work?ms=60"))["worked_ms"] == 60
    assert asyncio.new_event_loop().time() - started >= 0.06


@pytest.mark.parametrize("ms", ["-1", "60001", "1e3", "x", "99999999999999999999", "%0d%0a", "\u0662", ""])
def test_work_refuses_what_is_no_bounded_time(ask, ms):
    assert ask(f"/work?ms={ms}")[0] == 400


def test_only_reading_is_served(ask):
    assert ask("/version", method="POST")[0] == 405


def test_errors_are_exactly_the_percentage_and_never_on_healthz(ask):
    bad = {"ERROR_PERCENT": "20"}
    assert [answer[0] for answer in ask(*["/version"] * 100, environment=bad)].count(500) == 20
    assert {answer[0] for answer in ask(*["/healthz"] * 20, environment=bad)} == {200}


def test_faults_start_at_their_time(ask):
    times = iter([0.0] * 2 + [9.0] * 8 + [11.0] * 100)
    bad = {"ERROR_PERCENT": "100", "ERROR_AFTER_S": "10"}
    statuses = [status for status, _, _ in ask(*["/version"] * 5, environment=bad, now=lambda: next(times))]
    assert statuses == sorted(statuses)
    assert set(statuses) == {200, 500}


def test_errors_by_port_spare_the_test_listener(ask):
    bad = {"ERROR_PERCENT": "100", "ERROR_PORTS": "80,443"}
    came_by = {
        port: ask("/version", headers={"X-Forwarded-Port": port}, environment=bad)[0] for port in ("443", "8080")
    }
    assert came_by == {"443": 500, "8080": 200}
    assert ask("/version", environment=bad)[0] == 200, "nobody forwarded it"


def test_health_fails_from_its_time_on(ask):
    assert ask("/healthz", environment={"FAIL_HEALTH_AFTER_S": "0"})[0] == 503
    assert ask("/healthz", environment={"FAIL_HEALTH_AFTER_S": "1000"})[0] == 200


class TestOnEcs:
    def answer(self, told, *, metadata=None, tmp_path=None, status=200):
        from identity import read_identity

        async def talk():
            app = web.Application()

            async def task(request):
                return web.json_response(told, status=status)

            app.router.add_get("/v4/x/task", task)
            async with TestServer(app, host="127.0.0.1") as server:
                environment = {"ECS_CONTAINER_METADATA_URI_V4": str(server.make_url("/v4/x"))}
                if metadata is not None:
                    (tmp_path / "metadata.json").write_text(metadata)
                    environment["ECS_CONTAINER_METADATA_FILE"] = str(tmp_path / "metadata.json")
                return await read_identity(environment)

        return asyncio.run(talk())

    def test_the_task_is_the_last_part_of_its_arn(self):
        arn = "arn:aws:ecs:us-east-1:123456789012:task/web/8f03e41243824aea923aca126495f665"
        assert self.answer({"TaskARN": arn}).task_id == "8f03e41243824aea923aca126495f665"

    def test_host_and_zone_come_from_the_metadata_file_once_it_is_ready(self, tmp_path):
        told = {"ContainerInstanceARN": "arn:aws:ecs:us-east-1:1:container-instance/web/1f73", "AvailabilityZone": "b"}
        identity = self.answer({}, metadata=json.dumps(told)[:-9], tmp_path=tmp_path)
        identity.complete()
        assert identity.instance_id == "unknown"
        identity.metadata_file.write_text(json.dumps({**told, "MetadataFileStatus": "READY"}))
        identity.complete()
        assert (identity.instance_id, identity.availability_zone) == ("1f73", "b")
        assert identity.metadata_file is None

    @pytest.mark.parametrize("told", [{"TaskARN": "a/b\r\nx-evil: 1"}, {"TaskARN": "a/" + "b" * 200}, {}])
    def test_what_is_no_name_is_not_repeated(self, told):
        assert self.answer(told).task_id == "unknown"

    def test_no_metadata_is_no_reason_not_to_serve(self):
        assert self.answer({}, status=500).task_id == "unknown"
