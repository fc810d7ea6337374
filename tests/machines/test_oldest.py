"""Lines of instances, whoever moves."""

import random

from awslab.machines.oldest import STALE_MAX, OldestFirst
from tests.machines.conftest import Fleet


def test_the_oldest_of_each_line_is_first_whoever_has_moved():
    hosts = list(Fleet(20).group.instances.values())
    lines, stands, chance = OldestFirst(), {}, random.Random(1)
    for _ in range(2000):
        one, line = chance.choice(hosts), chance.choice(["a", "b", None])
        lines.put(one, line)
        stands[one.instance_id] = line
        wanted = {}
        for other in sorted(hosts, key=lambda i: (i.launched_at, i.instance_id), reverse=True):
            wanted[stands.get(other.instance_id)] = other.instance_id
        wanted.pop(None, None)
        assert sorted(i.instance_id for i in lines.firsts()) == sorted(wanted.values())
    assert all(len(heap) <= STALE_MAX + 2 * len(hosts) for heap in lines._lines.values())
