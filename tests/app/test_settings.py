import pytest

BAD = [
    ("APP_COLOUR", "blue\r\nx: y"),
    ("APP_COLOUR", "mauve"),
    ("APP_VERSION", "1.0\n"),
    ("APP_VERSION", "<b>"),
    ("APP_VERSION", "v" * 129),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "\u0661"),
    ("ERROR_PERCENT", "101"),
    ("ERROR_PERCENT", "1.5"),
    ("LATENCY_MS", "soon"),
    ("DRAIN_QUIET_S", "-1"),
    ("EXIT_AFTER_S", "nan"),
    ("EXIT_ON_START", "256"),
    ("IGNORE_SIGTERM", "maybe"),
    ("HITLESS_CLOCK_RATE", "0"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_setting_that_means_nothing_is_refused_by_name(name, value):
    from settings import BadSetting, read_settings

    with pytest.raises(BadSetting, match=name):
        read_settings({name: value})


def test_empty_is_the_same_as_not_set():
    from settings import read_settings

    names = [name for name, _ in BAD]
    assert read_settings(dict.fromkeys(names, "")) == read_settings({})


def test_lapses_follow_the_platforms_clock_and_requests_do_not():
    from settings import read_settings

    fast = read_settings({"HITLESS_CLOCK_RATE": "60", "EXIT_AFTER_S": "60", "LATENCY_MS": "60"})
    assert (fast.exit_after_s, fast.latency_s, fast.keepalive_s) == (1.0, 0.06, 75.0)
    assert fast.drain_max_s == pytest.approx(25 / 60)


def test_connections_outlive_the_load_balancers_idle_timeout():
    from settings import read_settings

    assert read_settings({}).keepalive_s > 60


def test_draining_ends_before_ecs_kills():
    from settings import read_settings

    assert read_settings({}).drain_max_s < 30


def test_the_simulated_plane_reads_the_same_variables_the_same_way():
    from settings import BadSetting, read_settings

    from awslab.dataplane.behaviour import read_behaviour

    for value in ("", "0", "1", "60", "101", "x", "-1", "nan", "80,443", "80,", "0,80", "65536"):
        for name in ("ERROR_PERCENT", "EXIT_AFTER_S", "FAIL_HEALTH_AFTER_S", "ERROR_AFTER_S", "LATENCY_MS",
                     "DRAIN_QUIET_S", "DRAIN_MAX_S", "EXIT_ON_START", "IGNORE_SIGTERM", "ERROR_PORTS"):  # fmt: skip
            simulated = read_behaviour({name: value})
            try:
                real = read_settings({name: value})
            except BadSetting:
                assert simulated.exit_on_start == 2, (name, value)
                continue
            for field in ("error_percent", "exit_after_s", "fail_health_after_s", "error_after_s", "latency_s",
                          "drain_quiet_s", "drain_max_s", "exit_on_start", "ignore_sigterm",
                          "error_ports"):  # fmt: skip
                assert getattr(simulated, field) == getattr(real, field), (name, value, field)
