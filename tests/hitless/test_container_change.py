"""What a release changes of its container besides the image."""

import pytest

from hitless.container_change import UNCHANGED, ContainerChange
from hitless.errors import Refused

RUNNING = {
    "family": "web",
    "containerDefinitions": [
        {"name": "app", "cpu": 256, "memory": 300, "environment": [{"name": "A", "value": "1"}]},
        {"name": "aside"},
    ],
}


def test_what_is_named_changes_and_the_rest_stays():
    change = ContainerChange.read("B=2 memory=512 A=x=y")
    changed = change.applied_to(RUNNING)
    app, aside = changed["containerDefinitions"]
    assert {each["name"]: each["value"] for each in app["environment"]} == {"A": "x=y", "B": "2"}
    assert (app["cpu"], app["memory"], app["name"], changed["family"]) == (256, 512, "app", "web")
    assert aside == {"name": "aside"}
    assert str(change) == "512 MiB of memory, B=2, A=x=y"
    assert RUNNING["containerDefinitions"][0]["memory"] == 300, "what was read is left as it is"


def test_nothing_changes_by_default():
    assert UNCHANGED.applied_to(RUNNING) == RUNNING
    assert ContainerChange.read("") == UNCHANGED and str(UNCHANGED) == ""


@pytest.mark.parametrize(
    "text", ["A", "=1", "A=1 B", "A=1 A=2", "memory=", "memory=1.5", "cpu=-1", "cpu=1 cpu=2", "memory=1000000"]
)
def test_what_is_no_variable_and_no_size_is_refused(text):
    with pytest.raises(Refused, match="can't be changed like this"):
        ContainerChange.read(text)
