from collections import Counter

from awslab.dataplane.routing import Router

ONE, TWO, THREE = ("i-1", 1), ("i-2", 2), ("i-3", 3)


def router(*weights, **groups):
    made = Router("1")
    made.weigh("listener", weights)
    for arn, endpoints in groups.items():
        made.route(arn, endpoints)
    return made


def drawn(made, count):
    picked = (made.choose("listener") for _ in range(count))
    return Counter((arn, target and target.target_id) for arn, target in picked)


def test_requests_are_shared_among_groups_by_weight():
    seen = drawn(router(("blue", 90), ("green", 10), blue=(ONE,), green=(TWO,)), 10_000)
    assert 9_000 - 150 < seen["blue", "i-1"] < 9_000 + 150
    assert seen.total() == 10_000


def test_a_groups_endpoints_take_turns():
    seen = drawn(router(("blue", 1), blue=(ONE, TWO, THREE)), 300)
    assert set(seen.values()) == {100}


def test_a_group_of_weight_0_gets_nothing():
    assert drawn(router(("blue", 0), ("green", 7), blue=(ONE,), green=(TWO,)), 100) == {("green", "i-2"): 100}


def test_an_empty_group_keeps_its_share_though_nobody_answers_it():
    seen = drawn(router(("blue", 1), ("green", 1), blue=(ONE,), green=()), 1_000)
    assert seen["green", None] > 400


def test_without_a_group_there_is_nobody():
    assert drawn(router(("blue", 0), blue=(ONE,)), 5) == {("", None): 5}
    assert Router("1").choose("unheard of") == ("", None)


def test_the_same_seed_draws_the_same_groups():
    first, second = (router(("blue", 1), ("green", 1), blue=(ONE,), green=(TWO,)) for _ in range(2))
    assert [first.choose("listener")[0] for _ in range(50)] == [second.choose("listener")[0] for _ in range(50)]


def test_targets_that_left_are_forgotten():
    made = router(("blue", 1), blue=(ONE,))
    made.route("blue", (TWO,))
    assert [target.target_id for target in made.targets] == ["i-2"]
