"""What a snapshot sees of a service, and that whatever differs between two of them was changed."""

import json

from hitless import difference, snapshot
from hitless.journal import Journal, read
from hitless.past import Past
from hitless.request import Request
from hitless.run_folder import RunFolder
from hitless.stack import read_stack
from tests.lab.codedeploy.conftest import ALARM, IMAGE_ID
from tests.lab.codedeploy.test_explained import here

NEWER = "ami-0a10000000000ec52"


def look(release):
    connection = here(release)
    return snapshot.take(connection, read_stack(connection, "dev", "web"))


def sections(before, after):
    return {one["section"] for one in difference.diff(before, after)}


def test_time_alone_changes_nothing(release):
    before = look(release)
    release.sleep(600)
    after = look(release)
    assert before["taken_at"] != after["taken_at"] and difference.diff(before, after) == []
    assert difference.text([]) == "nothing is different"


def test_everything_that_serves_is_seen(release):
    release.cw.put_metric_alarm(**{**ALARM, "AlarmName": "web-5xx"})
    seen = json.loads(json.dumps(look(release)))
    assert seen["launch template"] == {"web": {"version": "1", "image_id": IMAGE_ID, "instance_type": "t3.medium"}}
    assert seen["group"]["hosts"]["desired_capacity"] == len(seen["hosts"]) == 2
    assert {host["image_id"] for host in seen["hosts"].values()} == {IMAGE_ID}
    assert seen["service"]["web"]["runningCount"] == 1
    (task_set,) = seen["task sets"].values()
    assert task_set["images"] == "app:1" and task_set["target_group"] == "blue" and task_set["status"] == "PRIMARY"
    assert [target["state"] for target in seen["targets"].values()] == ["healthy"]
    assert seen["listeners"] == {"port 80": {"blue": 100, "green": 0}, "port 8080": {"blue": 1}}
    assert list(seen["alarms"]) == ["web-5xx"]


def test_a_release_differs_in_what_it_changed_and_nothing_else(make_release):
    release = make_release(config="ECSAllAtOnce")
    before = look(release)
    release.end(release.deploy(release.register(image="app:2")))
    release.sleep(600)
    changes = difference.diff(before, look(release))
    assert {one["section"] for one in changes} == {"task sets", "targets", "listeners"}
    assert [one["change"] for one in changes if one["section"] == "task sets"] == ["gone", "new"]
    said = difference.text(changes)
    assert "listeners port 80: " in said and "images app:2" in said


def test_new_hosts_and_sizes_differ(release):
    before = look(release)
    template = {"LaunchTemplateName": "web", "SourceVersion": "1", "LaunchTemplateData": {"ImageId": NEWER}}
    release.ec2.create_launch_template_version(**template)
    wanted = {"LaunchTemplateName": "web", "Version": "2"}
    release.asg.update_auto_scaling_group(AutoScalingGroupName="hosts", DesiredCapacity=3, LaunchTemplate=wanted)
    release.sleep(300)
    changes = difference.diff(before, look(release))
    said = difference.text(changes)
    assert f"image_id {IMAGE_ID} → {NEWER}" in said and "desired_capacity 2 → 3" in said
    assert [one["change"] for one in changes if one["section"] == "hosts"] == ["new"]


def test_a_snapshot_is_kept_and_noted_and_what_was_before_stays(release, tmp_path):
    connection = here(release)
    stack = read_stack(connection, "dev", "web")
    with Journal(tmp_path / "journal.jsonl", connection.clock) as journal:
        run = RunFolder(tmp_path, journal, connection, Request("30-deploy-app", "run-1"))
        taken = snapshot.keep(run, connection, stack, "before")
        run.past = Past(plan={"digest": "d"}, intents={"deployment": 1.0})  # an attempt that goes on
        assert run.is_resumed and snapshot.keep(run, connection, stack, "before") == json.loads(json.dumps(taken))
        snapshot.keep(run, connection, stack, "after")
    kept = [json.loads((tmp_path / f"{when}.json").read_text()) for when in ("before", "after")]
    assert kept[0] == json.loads(json.dumps(taken)) and difference.diff(*kept) == []
    assert [entry.facts["when"] for entry in read(tmp_path / "journal.jsonl")] == ["before", "after"]
