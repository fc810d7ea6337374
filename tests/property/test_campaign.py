"""Any deeds in any order. `make nightly` runs it long, with seeds nobody chose."""

import os
import secrets

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from hitless.clock import monotonic_s
from tests.property.campaign import Campaign

MINUTES, SEED = "HITLESS_NIGHTLY", "HITLESS_SEED"
ROUND = 30  # examples under one seed; the first ones are always simple
LENGTH = 10
ALWAYS = {
    "deadline": None,
    "database": None,
    "stateful_step_count": LENGTH,
    "suppress_health_check": list(HealthCheck),
}


def test_a_few_campaigns():
    few = settings(max_examples=4, derandomize=True, phases=[Phase.generate], **{**ALWAYS, "stateful_step_count": 6})
    run_state_machine_as_test(Campaign, settings=few)


@pytest.mark.skipif(MINUTES not in os.environ, reason="make nightly")
def test_many_campaigns():
    until = monotonic_s() + 60 * float(os.environ[MINUTES])
    many = settings(max_examples=ROUND, print_blob=True, **ALWAYS)
    chosen = os.environ.get(SEED)  # to see one round again
    while True:
        number = int(chosen or secrets.randbelow(2**32))
        print(f"\nmake nightly SEED={number}", flush=True)
        run_state_machine_as_test(seed(number)(type("Campaign", (Campaign,), {})), settings=many)
        if chosen or monotonic_s() > until:
            break
