"""What a call has made is found again by whoever knows what was called and when, and nothing else is taken for it."""

from hitless.refresh import RefreshSettings, refresh_step


class Here:
    """A connection to a lab in this process."""

    def __init__(self, lab):
        self.client = self.once = lab.client
        self.clock = lab.clock


def test_a_refresh_is_found_by_what_it_goes_to_and_when(hosts):
    fleet = hosts(2)
    here, version = Here(fleet.lab), fleet.new_version("ami-0a10000000000ec52")
    step = refresh_step("web", fleet.template_id, version, RefreshSettings())
    before = here.clock.now()
    assert step.find(here, before) is None
    made, _ = step.make(here)
    assert step.find(here, before) == made == {"InstanceRefreshId": fleet.refresh()["InstanceRefreshId"]}
    fleet.ended()
    assert step.find(here, before) == made, "also when it is over"
    assert step.find(here, here.clock.now()) is None, "what was before is none of ours"
    other = refresh_step("web", fleet.template_id, "1", RefreshSettings())
    assert other.find(here, before) is None
