import pytest

from hitless.errors import NotProven
from hitless.samples import Sample, summarise
from hitless.verdict import SENT_MIN, Verdict, text_of

GOOD = [Sample(i / 100, 0.0, 0.002, 200) for i in range(SENT_MIN)]
END_S = SENT_MIN / 100


def of_probe(samples, unaccounted=0):
    return Verdict().probe(summarise(samples, unaccounted), p99_ms_max=50)


def failing(verdict):
    return [claim.name for claim in verdict.claims if not claim.holds]


def test_a_clean_probe_holds():
    assert of_probe(GOOD).require().holds


@pytest.mark.parametrize(
    ("samples", "unaccounted", "claims"),
    [
        (GOOD[:-1], 0, ["requests sent"]),
        ([*GOOD, Sample(END_S, 0, 0.1, 502, "5xx")], 0, ["requests failed"]),
        ([*GOOD, Sample(END_S + 2, 0, 0.1, 200)], 0, ["longest time without a success"]),
        (GOOD[:-100] + [Sample(END_S - 1 + i / 100, 0, 0.06, 200) for i in range(100)], 0, ["latency p50, p99, max"]),
        ([*GOOD, Sample(END_S, 0.3, 0.3, 200)], 0, ["prober's own lateness"]),
        (GOOD, 1, ["requests unaccounted for"]),
        ([], 0, ["requests sent", "latency p50, p99, max"]),
    ],
    ids=["too few", "one failed", "a gap", "slow", "late prober", "unaccounted", "nothing measured"],
)
def test_each_way_to_fall_short_fails_its_claim(samples, unaccounted, claims):
    verdict = of_probe(samples, unaccounted)
    assert failing(verdict) == claims
    with pytest.raises(NotProven) as caught:
        verdict.require()
    assert list(caught.value.seen) == claims


def test_a_probe_that_died_proves_nothing():
    assert failing(Verdict().probe(None, p99_ms_max=50)) == ["requests sent"]


def test_nothing_claimed_is_nothing_proven():
    with pytest.raises(NotProven, match="Nothing was claimed"):
        Verdict().require()


def test_what_was_not_measured_does_not_hold():
    verdict = Verdict().at_least("lowest healthy capacity", None, 90, "%").at_most("refresh", None, 600, "s")
    assert [claim.measured for claim in verdict.claims] == ["not measured"] * 2
    assert failing(verdict) == ["lowest healthy capacity", "refresh"]


def test_an_answer_from_a_stranger_is_named():
    verdict = Verdict().within("answers", {"i-1", "i-9"}, {"i-1", "i-2"}).within("none", (), {"i-1"})
    assert failing(verdict) == ["answers", "none"]
    assert "i-9" in verdict.claims[0].measured


def test_it_reads_the_same_in_a_terminal_a_report_and_a_notebook():
    verdict = Verdict().at_least("lowest healthy capacity", 90, 90, "%").equal("hosts", "<ami-1>", "a|b")
    assert verdict.text().splitlines() == [
        "       claim                    measured  limit",
        "holds  lowest healthy capacity  90%       ≥ 90%",
        "FAILS  hosts                    <ami-1>   a|b",
    ]
    assert "| FAILS | hosts | <ami-1> | a\\|b |" in verdict.markdown()
    assert "<td>&lt;ami-1&gt;</td>" in verdict._repr_html_()


def test_figures_read_well():
    assert [text_of(v, "ms") for v in (None, 12345, 2.0, 3.14159, 1234.56)] == [
        "not measured",
        "12\u2009345 ms",
        "2 ms",
        "3.14 ms",
        "1234.6 ms",
    ]
