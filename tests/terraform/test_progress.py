"""Terraform's JSON lines become sentences; waiting that is the provider's own is said to be."""

import json

from hitless.terraform_progress import Progress


def hear(*events):
    lines = []
    progress = Progress(lines.append)
    for event in events:
        progress.hear(json.dumps(event) + "\n")
    return progress, lines


def hook(kind, action="create", elapsed_s=0, resource_type="aws_lb"):
    resource = {"addr": f"{resource_type}.this", "resource_type": resource_type}
    return {"type": kind, "hook": {"resource": resource, "action": action, "elapsed_seconds": elapsed_s}}


def test_waiting_that_is_the_providers_own_is_explained():
    _, lines = hear(hook("apply_progress", elapsed_s=30))
    assert lines == ["aws_lb.this: still creating, 30 s; the provider itself waits 60 s here"]


def test_waiting_beyond_it_is_not_excused():
    _, lines = hear(hook("apply_progress", elapsed_s=90), hook("apply_progress", "delete", 30))
    assert lines == ["aws_lb.this: still creating, 90 s", "aws_lb.this: still destroying, 30 s"]


def test_reading_is_not_a_change():
    progress, lines = hear(hook("apply_start", "read"), hook("apply_complete", "read"))
    assert progress.begun == 0
    assert lines == []


def test_errors_are_kept_by_address_and_warnings_said():
    error = {"severity": "error", "summary": "Bad", "detail": "very\nbad", "address": "aws_lb.this"}
    warning = {"severity": "warning", "summary": "Deprecated", "detail": ""}
    progress, lines = hear({"type": "diagnostic", "diagnostic": error}, {"type": "diagnostic", "diagnostic": warning})
    assert progress.errors == {"aws_lb.this": "Bad: very bad"}
    assert lines == ["warning: Deprecated"]


def test_what_is_not_json_is_passed_on():
    lines = []
    Progress(lines.append).hear("panic: nil pointer\n")
    assert lines == ["panic: nil pointer"]
