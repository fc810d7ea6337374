import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

ECHOED = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'&amp;", "</style>"]


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.addresses = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "action")]


def read(text):
    reader = Reader()
    reader.feed(text)
    return reader


def page(**facts):
    from page import render

    known = dict.fromkeys(["version", "colour", "task_id", "instance_id", "availability_zone"], "x")
    return render({**known, **facts})


@pytest.mark.parametrize("echoed", ECHOED)
@pytest.mark.parametrize("name", ["version", "colour", "task_id", "instance_id", "availability_zone"])
def test_what_is_shown_is_never_markup(name, echoed):
    assert read(page(**{name: echoed})).tags == read(page()).tags


def test_the_page_needs_nothing_from_elsewhere():
    assert read(page()).addresses == []
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page())


def test_the_policy_allows_the_pages_own_style_and_script_only(ask):
    _, headers, body = ask("/")
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_can_be_read_wcag_aa():
    from settings import COLOURS

    for accent, ink in COLOURS.values():
        light, dark = sorted((_luminance(accent), _luminance(ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_nobody_may_frame_the_page_unless_loopback_is_let_to(ask):
    _, headers, _ = ask("/")
    assert headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert headers["X-Frame-Options"] == "DENY"
    _, headers, _ = ask("/", environment={"FRAMED_BY": "loopback"})
    assert headers["Content-Security-Policy"].endswith("frame-ancestors http://127.0.0.1:* http://localhost:*")
    assert "X-Frame-Options" not in headers
