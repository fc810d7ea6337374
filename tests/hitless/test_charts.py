import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from hitless.charts import TimelineChart, bundle, render, room
from hitless.clock import VirtualClock
from hitless.columns import outline
from hitless.finding import summary_markdown
from hitless.journal import Journal
from hitless.lane import place
from hitless.panel import dodge, steps
from hitless.probe_panels import Latency, nice_below
from hitless.samples import Sample, window
from hitless.theme import DARK, LIGHT
from hitless.timeline import Event, Recorder, Timeline

START = 1_800_000_000.0


@pytest.fixture(params=["release", "two hosts", "bare", "nothing answered"], scope="module")
def timeline(request, tmp_path_factory):
    with Journal(tmp_path_factory.mktemp("run") / "j", VirtualClock(START)) as journal:
        run = Recorder(journal)
        run.run("Replace every host", "lab, 60x", synthetic=True)
        {"release": release, "two hosts": two_hosts, "bare": bare, "nothing answered": refused}[request.param](run)
    return run.timeline


def traffic(run, seconds, latency_s=lambda i: 0.01, failure="", every=1, late_s=0.0):
    for second in range(0, seconds, every):
        samples = [Sample(START + second, late_s, latency_s(second), 0 if failure else 200, failure)] * 20
        run.window(window(START + second, every, samples), VirtualClock())


def release(run):
    run.limit("p99_ms", 250)
    run.limit("floor_percent", 90)
    traffic(run, 300, lambda i: 0.4 if 200 <= i < 240 else 0.06, every=4)
    for at, healthy in ((0, 20), (60, 18), (90, 20)):
        run.capacity(healthy=healthy, old=20 - at // 5, new=healthy - 20 + at // 5, desired=20, at=START + at)
    for at, green in ((0, 0), (180, 10), (210, 40), (245, 0), (300, 0)):
        run.weights({"web-blue": 100 - green, "web-green": green}, START + at, START + at)
    for at, label, tone in (
        (60, "refresh starts", "info"),
        (75, "50%", "info"),
        (100, "refresh done", "good"),
        (180, "BeforeAllowTraffic", "gate"),
        (240, "p99 alarm → rollback", "alarm"),
        (250, "blue 100%", "good"),
    ):
        run.event(label, tone, START + at)
    for name, tone, begins, ends in (("refresh", "info", 60, 100), ("rollback", "alarm", 240, 250)):
        run.phase(name, "start", tone, START + begins)
        run.phase(name, "end", tone, START + ends)


def two_hosts(run):
    run.limit("floor_percent", 100)
    run.limit("p99_ms", 250)
    traffic(run, 600, every=60, late_s=0.03)
    run.event("refresh starts", at=START + 1)
    for at, old, new in ((0, 2, 0), (100, 2, 1), (200, 1, 1), (300, 1, 2), (400, 0, 2)):
        run.capacity(healthy=old + new, old=old, new=new, desired=2, at=START + at)


def bare(run):
    traffic(run, 1)


def refused(run):
    traffic(run, 5, failure="refused")
    run.capacity(healthy=0, old=0, new=0, desired=2, at=START)


def drawn(timeline, theme="light", running=False):
    chart = TimelineChart(theme)
    chart.update(timeline, running)
    chart.png()
    return chart


def words(chart):
    """Every visible text with its box."""
    texts = [t for t in chart._figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    inside = [t for t in texts if t.get_window_extent().width > 0]
    return [(t.get_text(), t.get_window_extent()) for t in inside]


@pytest.mark.parametrize("running", [False, True])
def test_no_text_lies_on_another_or_leaves_the_card(timeline, running):
    chart = drawn(timeline, running=running)
    card = chart._figure.bbox
    boxes = words(chart)
    for text, box in boxes:
        assert card.x0 <= box.x0 and box.x1 <= card.x1 and card.y0 <= box.y0 and box.y1 <= card.y1, text
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        overlap = min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 2
        assert not overlap, (one, other)


def test_nothing_is_written_too_small(timeline):
    for text in drawn(timeline)._figure.findobj(Text):
        if text.get_text():
            assert text.get_fontsize() >= 8.5, text.get_text()


def test_the_caption_says_when_the_data_is_made_up(timeline):
    assert "synthetic data" in drawn(timeline)._subtitle.get_text()


def test_the_lines_hold_the_windows_figures(timeline):
    [panel] = [panel for panel in drawn(timeline)._panels if isinstance(panel, Latency)]
    wanted = [np.nan if w.p99_ms is None else w.p99_ms for w in timeline.windows]
    assert np.array_equal(panel._lines["p99_ms"].get_ydata(), wanted, equal_nan=True)


def test_the_record_is_wide_small_and_always_the_same(timeline):
    png = render(timeline)
    assert Image.open(io.BytesIO(png)).size == (1840, 1380)
    assert len(png) < 130_000
    assert png == render(timeline)


def test_a_chart_that_followed_the_run_ends_as_one_drawn_at_once(timeline):
    chart = drawn(timeline, running=True)
    chart.update(timeline)
    assert chart.png() == render(timeline, dpi=100)


def test_notebooks_get_the_finding_in_words_too(timeline):
    data, metadata = bundle(timeline)
    assert data["text/plain"].splitlines()[0] == drawn(timeline)._headline.get_text()
    assert metadata["image/png"]["width"] == 920
    assert metadata["image/png"]["alt"] == data["text/plain"].replace("\n", ". ")


def test_while_it_runs_the_second_line_says_what_is_awaited(timeline):
    chart, long = TimelineChart(), "Waiting for every host to be replaced, since 08:00:00 UTC, 0:42 so far" * 4
    for said in ("Waiting for a host", long):
        chart.update(timeline, True, said)
        shown = chart._subtitle
        assert said.startswith(shown.get_text().removesuffix(" …"))
        assert shown.get_window_extent().x1 <= chart._figure.bbox.x1 and shown.get_fontsize() >= 8.5


@pytest.mark.parametrize("dpi", [100, 200])
def test_few_colours_keep_the_ones_that_mean_something(timeline, dpi):
    picture = Image.open(io.BytesIO(render(timeline, dpi=dpi))).convert("RGB")
    used = np.array([colour for _, colour in picture.getcolors(picture.width * picture.height)])
    total = "alarm_text" if timeline.failures else "green_text"
    wanted = np.array([round(255 * c) for c in to_rgb(getattr(LIGHT, total))])
    assert np.abs(used - wanted).sum(axis=1).min() <= 8


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda t: t.name)
def test_every_text_can_be_read(theme):
    for name in ("ink", "muted", "new_text", "blue_text", "green_text", "alarm_text"):
        one, other = sorted((luminance(getattr(theme, name)), luminance(theme.card)))
        assert (other + 0.05) / (one + 0.05) >= 4.5, name


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_labels_pushed_apart_keep_their_order_and_stay_inside(at):
    placed = dodge(sorted(at), 12, 100)
    assert all(b - a >= 12 - 1e-9 for a, b in itertools.pairwise(placed))
    assert placed[0] >= 6 - 1e-9 and placed[-1] <= 94 + 1e-9


def test_labels_that_fit_are_not_moved():
    assert dodge([10, 50], 12, 100) == [10, 50]


events = st.lists(
    st.tuples(st.integers(50, 800), st.sampled_from(["50%", "refresh starts", "BeforeAllowTraffic"])), max_size=12
)


@given(events, st.sampled_from(["info", "alarm"]))
def test_no_event_label_lies_on_another_or_on_a_line(marks, tone):
    marks = [(float(x), Event(x, label, tone)) for x, label in sorted(marks)]
    spots = place(marks, lambda text, tone: 6.0 * len(text), 50, 900)
    shown = [(x, s) for (x, _), s in zip(marks, spots, strict=True) if s is not None]
    assert not marks or shown
    for (x, one), (y, other) in itertools.combinations(shown, 2):
        if one.row == other.row:
            assert one.right <= other.left or other.right <= one.left
        low, high, line = (one, other, y) if one.row >= other.row else (other, one, x)
        assert high.row <= low.row
        assert not low.left + 1 < line < low.right - 1


def test_a_step_holds_until_the_next():
    x, y = steps(np.array([0.0, 2.0]), np.array([5.0, 7.0]), 3.0)
    assert (list(x), list(y)) == ([0, 2, 2, 3], [5, 5, 7, 7])


def test_axes_are_round():
    assert [nice_below(v) for v in (0.3, 1, 9, 99, 210)] == [1, 1, 5, 50, 200]
    assert room(10) == 30
    assert all(room(s) >= s for s in range(1, 2000, 37))


def passed(path, latency_s, failed_max=10, lowest=20):
    with Journal(path, VirtualClock(START)) as journal:
        run = Recorder(journal)
        for name, value in (("p99_ms", 250), ("floor_percent", 90), ("failed_max", failed_max)):
            run.limit(name, value)
        traffic(run, 200, lambda i: latency_s if 100 <= i < 120 else 0.06, every=4)
        run.capacity(healthy=20, old=20, new=0, desired=20, at=START)
        run.capacity(healthy=lowest, old=lowest, new=0, desired=20, at=START + 60)
        for second in (150, 151):
            run.window(window(START + second, 1, [Sample(START + second, failure="5xx")] * 6), VirtualClock())
    return Timeline.load(path)


def test_a_limit_that_is_passed_is_marked_with_its_time_and_value(tmp_path):
    timeline = passed(tmp_path / "j", 0.4, lowest=15)
    shown = [text for text, _ in words(drawn(timeline))]
    assert "400 ms at 1:40" in shown
    assert "min 75%, below the floor from 1:00" in shown
    assert "12 failed, 10 allowed, at 2:31" in shown
    table = summary_markdown(timeline)
    assert "| limit passed: p99 | 400 ms at 1:40 | 250 ms |" in table
    assert "| limit passed: failed requests | 12 at 2:31 | 10 |" in table


def test_a_dip_at_the_end_is_said_within_the_panel(tmp_path):
    with Journal(tmp_path / "j", VirtualClock(START)) as journal:
        run = Recorder(journal)
        run.limit("floor_percent", 90)
        for at, healthy in ((0, 4), (90, 3), (100, 4)):
            run.capacity(healthy=healthy, old=healthy, new=0, desired=4, at=START + at)
    chart = drawn(run.timeline)
    (said,) = [box for text, box in words(chart) if "below the floor from 1:30" in text]
    assert said.x1 <= chart._panels[0].axes.bbox.x1


def test_a_limit_that_is_kept_is_drawn_and_nothing_is_marked(tmp_path):
    chart = drawn(timeline := passed(tmp_path / "j", 0.2, failed_max=12))
    shown = [text for text, _ in words(chart)]
    assert {"p99 limit 250 ms", "90% floor", "12 failed of 12"} <= set(shown)
    assert not timeline.breaches and not [text for text in shown if "allowed" in text or "from 1" in text]


def test_a_frame_looks_like_the_picture_but_for_the_order_of_lines_and_areas(timeline):
    chart = TimelineChart()
    for running in (True, True):
        chart.update(timeline, running)
        frame = chart.frame()
    one, other = (np.array(Image.open(io.BytesIO(png)).convert("L"), dtype=int) for png in (frame, chart.png()))
    assert (np.abs(one - other) > 60).mean() < 0.002


def test_a_frame_shows_what_has_moved_since_the_last(timeline):
    chart, part = TimelineChart(), timeline.snapshot()
    chart.update(part, True)
    before = chart.frame()
    assert chart.frame() == before
    part.title = "Something else"
    chart.update(part, True)
    assert chart.frame() != before


@given(st.lists(st.floats(1, 100) | st.just(float("nan")), min_size=1, max_size=400), st.integers(6, 60))
def test_an_outline_keeps_the_highest_the_lowest_and_every_gap(values, most):
    values = np.array(values)
    kept = values[outline(values, most)]
    assert np.isnan(kept).any() == np.isnan(values).any()
    if np.isfinite(values).any():
        assert (np.nanmax(kept), np.nanmin(kept)) == (np.nanmax(values), np.nanmin(values))
    assert len(kept) <= most + 3
