"""What nature does to hosts and registries, and what the lab's AWS makes of it."""


def states(hosts):
    return sorted(i["LifecycleState"] for i in hosts.group()["Instances"])


def test_a_spot_host_goes_two_minutes_after_it_was_announced(hosts):
    fleet = hosts(2)
    first = fleet.group()["Instances"][0]["InstanceId"]
    fleet.lab.fault("SpotInterrupted", instance_id=first)
    fleet.sleep(119)
    assert _alive(fleet, first)
    fleet.sleep(1)
    assert not _alive(fleet, first)
    fleet.sleep(600)
    now = [i["InstanceId"] for i in fleet.group()["Instances"]]
    assert len(now) == 2 and first not in now


def _alive(fleet, instance_id):
    fleet.group()  # the lab does what is due when somebody asks
    died = [e.event for e in fleet.lab.world.journal if type(e.event).__name__ == "InstanceDied"]
    return instance_id not in [event.instance_id for event in died]


def test_a_zone_is_lost_with_its_hosts_and_gives_no_new_ones_until_it_is_back(hosts):
    fleet = hosts(4)
    zone = fleet.group()["Instances"][0]["AvailabilityZone"]
    told = fleet.lab.fault("ZoneLost", availability_zone=zone)
    assert len(told["died"]) == 2
    fleet.sleep(1800)
    assert {i["AvailabilityZone"] for i in fleet.group()["Instances"]}.isdisjoint({zone})
    fleet.lab.fault("ZoneBack", availability_zone=zone)
    fleet.sleep(1800)
    assert states(fleet) == ["InService"] * 4


def test_a_hook_that_is_stuck_ends_by_its_heartbeat_and_the_next_host_by_its_user_data(hosts):
    fleet = hosts(2)
    fleet.lab.fault("HookStuck")
    first = fleet.group()["Instances"][0]["InstanceId"]
    fleet.lab.fault("InstanceDies", instance_id=first)
    fleet.sleep(300)
    assert states(fleet) == ["InService", "Pending:Wait"]
    [waits] = [i["InstanceId"] for i in fleet.group()["Instances"] if i["LifecycleState"] == "Pending:Wait"]
    fleet.lab.fault("HookFreed")
    fleet.sleep(900)
    now = [i["InstanceId"] for i in fleet.group()["Instances"]]
    assert states(fleet) == ["InService"] * 2 and waits not in now, "its default result is ABANDON"
