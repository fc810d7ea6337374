"""Terraform's JSON lines become sentences; waiting that is the provider's own is said to be."""

import json

from hitless.terraform_progress import Progress


def hear(*events, after=None):
    lines = []
    progress = Progress(lines.append, after)
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


def test_quick_changes_are_counted_and_slow_ones_told():
    quick = [hook("apply_complete", elapsed_s=2)] * 23
    summary = {"type": "change_summary", "changes": {"add": 24, "change": 0, "remove": 0}}
    _, lines = hear(*quick, hook("apply_complete", elapsed_s=3), hook("apply_complete", "delete", 1), summary)
    assert lines == [
        "20 resources created, each in under 3 s",
        "aws_lb.this: created in 3 s",
        "3 resources created, each in under 3 s",
        "1 resource destroyed, each in under 3 s",
    ]


def test_only_what_was_created_is_followed():
    done = []
    after = {"aws_lb.this": lambda: done.append("followed")}
    hear(hook("apply_start"), hook("apply_complete", "delete"), hook("apply_complete", "update"), after=after)
    assert done == []
    hear(hook("apply_start"), hook("apply_complete"), after=after)
    assert done == ["followed"]


def test_a_failure_comes_after_what_was_done_before_it():
    error = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Bad"}}
    progress, lines = hear(hook("apply_complete", elapsed_s=0), error)
    assert lines == ["1 resource created, each in under 3 s"] and progress.errors
