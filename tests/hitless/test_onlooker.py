import pytest

from hitless import demo
from hitless.onlooker import Onlooker
from tests.hitless.web import Web

pytestmark = pytest.mark.live


def test_a_second_rehearsal_may_follow_a_first(lab, tmp_path):
    out = tmp_path / "demo"
    Web(tmp_path)
    with Onlooker("web", out, "Look on", 50) as users, users.phase("nothing"):
        pass
    assert list(out.iterdir())
    demo._empty(out)
    assert not list(out.iterdir())
