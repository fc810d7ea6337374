import pytest

from awslab.dataplane.wire import Lines, encode
from awslab.machines.events import EndpointsChanged, InstanceDied, TaskExited

SAID = [
    EndpointsChanged(target_group_arn="arn:é\n", endpoints=(("i-1", 40001), ("i-2", 1)), registered=2),
    TaskExited(task_id="t", exit_code=137),
]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_was_said_is_heard_however_it_is_cut_up(size):
    data = b"".join(map(encode, SAID))
    lines = Lines()
    heard = [event for at in range(0, len(data), size) for event in lines.feed(data[at : at + size])]
    assert heard == SAID


def test_what_no_child_would_understand_is_not_said():
    with pytest.raises(KeyError):
        encode(InstanceDied(instance_id="i-1"))
