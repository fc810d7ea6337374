"""`.ci/security` fails on a finding, a skip without a reason, and a scan of nothing."""

import importlib.machinery
import importlib.util

import pytest

from .conftest import CHECKOUT


def load():
    loader = importlib.machinery.SourceFileLoader("security", str(CHECKOUT / ".ci" / "security"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("security", loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def security(monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return load()


def report(kind, resources=200, failed=(), reasons=(), parsing_errors=0):
    found = [{"check_id": rule, "resource": resource, "check_name": "…"} for rule, resource in failed]
    skipped = [{"check_id": "CKV_X", "check_result": {"suppress_comment": text}} for text in reasons]
    return {
        "check_type": kind,
        "summary": {"resource_count": resources, "passed": 1, "parsing_errors": parsing_errors},
        "results": {"failed_checks": found, "skipped_checks": skipped},
    }


def judged(security, **terraform):
    return security.judge([report("dockerfile"), report("terraform", **terraform)])


def test_a_clean_scan_passes(security):
    assert judged(security, reasons=["One region, like the service itself."]) == []


@pytest.mark.parametrize(
    ("terraform", "said"),
    [
        ({"failed": [("CKV_AWS_8", "module.compute.aws_launch_template.this")]}, "CKV_AWS_8"),
        ({"reasons": ["ok"]}, "without a reason"),
        ({"resources": 3}, "3 resources"),
        ({"parsing_errors": 1}, "1 parsing errors"),
    ],
)
def test_what_is_wrong_is_told(security, terraform, said):
    (wrong,) = judged(security, **terraform)
    assert said in wrong


def test_a_framework_that_was_not_scanned_is_told(security):
    assert security.judge([report("terraform")]) == ["not scanned: dockerfile"]


def test_a_third_skip_is_one_too_many(security, monkeypatch):
    monkeypatch.setattr(security, "SKIPS_MAX", 1)
    assert judged(security) == ["2 skip comments in Terraform, 1 are allowed"]


def test_the_dockerfile_is_read_as_docker_reads_it(security):
    text = "ARG IMAGE=python:3@sha256:0\nFROM ${IMAGE} AS a\nARG X=1\nFROM ${IMAGE}\n"
    assert security.with_arguments(text).count("FROM python:3@sha256:0") == 2
