"""Campaigns take hours of lab time."""

import pytest

from awslab.dataplane import simulated


@pytest.fixture(autouse=True)
def fewer_reports(monkeypatch):
    """Requests are counted exactly either way, and most of a virtual hour is their reports."""
    monkeypatch.setattr(simulated, "REPORT_S", 10.0)
