"""The dip that no sample saw is in the group's own activities."""

from datetime import UTC, datetime

from hitless.capacity import lowest_in_service


class Here:
    """Answers one page of activities."""

    def __init__(self, *activities):
        self.activities = [
            {"Description": d, "StatusCode": s, "StartTime": at(a), **({"EndTime": at(e)} if e else {})}
            for d, s, a, e in activities
        ]

    def client(self, _service):
        return self

    def get_paginator(self, _operation):
        return self

    def paginate(self, **_arguments):
        return [{"Activities": self.activities}]


def at(second):
    return datetime.fromtimestamp(second, UTC)


def test_a_dip_of_one_second_counts():
    here = Here(
        ("Terminating EC2 instance: i-0a", "Successful", 100, 130),
        ("Launching a new EC2 instance: i-0b", "Successful", 40, 101),
    )
    assert lowest_in_service(here, "web", 0, {"i-0a", "i-0c"}) == 1


def test_launch_first_never_dips_and_a_failed_launch_is_no_host():
    here = Here(
        ("Terminating EC2 instance: i-0a", "Successful", 102, 130),
        ("Launching a new EC2 instance: i-0b", "Successful", 40, 101),
        ("Launching a new EC2 instance: i-0d", "Cancelled", 10, 20),
        ("Terminating EC2 instance: i-0d", "Successful", 20, 30),
    )
    assert lowest_in_service(here, "web", 0, {"i-0a", "i-0c"}) == 2


def test_what_happened_before_does_not_count():
    here = Here(("Terminating EC2 instance: i-0a", "Successful", 5, 6))
    assert lowest_in_service(here, "web", 10, {"i-0a", "i-0c"}) == 2


def test_a_host_that_enters_service_while_the_hosts_are_read_is_not_missed():
    here = Here(
        ("Launching a new EC2 instance: i-0d", "Successful", 5, 9),
        ("Terminating EC2 instance: i-0a", "Successful", 30, 40),
    )
    assert lowest_in_service(here, "web", 10, {"i-0a", "i-0c"}) == 2
