"""How long is fuzzed: a second a reader, the same each time; with HITLESS_FUZZ=long minutes, another each time."""

import os

from hypothesis import HealthCheck, settings

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
SAME = {"derandomize": True, "database": None}
settings.register_profile("short", max_examples=100, deadline=None, suppress_health_check=CHECKS, **SAME)
settings.register_profile("long", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=CHECKS)
PROFILE = "long" if os.environ.get("HITLESS_FUZZ") == "long" else "short"
