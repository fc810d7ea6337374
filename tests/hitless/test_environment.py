"""A new machine of CI never plans on AWS without the state; elsewhere, and on the lab, it is as before."""

import pytest

from hitless.environment import _require_state
from hitless.errors import NotReady
from tests.hitless.here import Here


def test_a_ci_job_without_the_state_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    _require_state(Here("aws"), tmp_path)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    _require_state(Here("lab"), tmp_path)
    with pytest.raises(NotReady, match="Terraform state"):
        _require_state(Here("aws"), tmp_path)
    (tmp_path / "terraform.tfstate").write_text("{}")
    _require_state(Here("aws"), tmp_path)
