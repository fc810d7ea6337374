"""Contracts are held on AWS only in the account that was named."""

import pytest

from awslab.lab import Lab
from tests.contract.account import NotThisAccount, open_account

NAMED = {"HITLESS_CONTRACT_ACCOUNT": "123456789012", "AWS_REGION": "us-east-1"}


class Session:
    """A session of the lab's account that notes which clients were made."""

    def __init__(self, lab, region_name):
        self._lab, self.region_name, self.made = lab, region_name, []

    def client(self, service):
        self.made.append(service)
        return self._lab.client(service)


@pytest.fixture
def sessions():
    lab, made = Lab(), []
    yield lambda region_name: made.append(Session(lab, region_name)) or made[-1]
    lab.close()
    assert all(session.made == ["sts"] for session in made)


def test_the_account_that_was_named_is_opened(sessions):
    assert open_account(NAMED, sessions).region_name == "us-east-1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"HITLESS_CONTRACT_ACCOUNT": "210987654321"}, "names 210987654321, but these credentials are of 123456789012"),
        ({"AWS_REGION": ""}, "AWS_REGION is not"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "leads elsewhere"),
        ({"AWS_ENDPOINT_URL_ECS": "http://127.0.0.1:1"}, "AWS_ENDPOINT_URL_ECS leads elsewhere"),
    ],
)
def test_any_other_is_refused_and_says_why(sessions, change, said):
    with pytest.raises(NotThisAccount, match=said):
        open_account({**NAMED, **change}, sessions)
