"""A text with what may interrupt a secret taken out, and the way back to where everything stood."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable

SEAM = "\ufdd0"  # no character: where one piece ends and the next begins
COLOUR = r"\x1b\[[0-9;?]*[A-Za-z]"
BROKEN = rf"{COLOUR}|{SEAM}|\r?\n[ \t]*"
CONTINUATION = r"\\(?=\r?\n)"
TAG = r"</?[A-Za-z!][^<>]{0,300}>"

GAP = re.compile(f"({COLOUR}|{SEAM})")
COLOURS = re.compile(f"(?:{COLOUR})+")
SEAMS = re.compile(f"(?:{COLOUR}|{SEAM})+")
BREAKS = re.compile(f"(?:{BROKEN})+")
CONTINUED = re.compile(rf"(?:{BROKEN}|{CONTINUATION})+")
BLANKS = re.compile(rf"(?:{COLOUR}|{SEAM}|\s)+")
BLANKS_CONTINUED = re.compile(rf"(?:{COLOUR}|{SEAM}|\s|{CONTINUATION})+")
MARKUP = re.compile(f"(?:{BROKEN}|{TAG})+")
SIGNS = {
    CONTINUED: ("\\\n", "\\\r"),
    BLANKS: ("",),
    BLANKS_CONTINUED: ("",),
    COLOURS: ("\x1b",),
    SEAMS: ("\x1b", SEAM),
    BREAKS: ("\x1b", SEAM, "\n"),
    MARKUP: ("\x1b", SEAM, "\n", "<"),
}
Span = tuple[int, int, str]


class Squeezed:
    """A text without its gaps.

    Args:
        whole: The text.
        gap: What is taken out.
    """

    def __init__(self, whole: str, gap: re.Pattern[str]) -> None:
        self.whole = whole
        kept, self._gaps, self._starts, last, length = [], [], [], 0, 0
        for found in gap.finditer(whole) if any(sign in whole for sign in SIGNS[gap]) else ():
            kept.append(whole[last : found.start()])
            length += found.start() - last
            self._starts.append(length)
            self._gaps.append((found.start(), found.group()))
            last = found.end()
        self.text = "".join([*kept, whole[last:]]) if self._gaps else whole

    def original(self, place: int) -> int:
        """Where the character at `place` of the squeezed text stands in the whole one."""
        gaps = bisect.bisect_right(self._starts, place)
        if not gaps:
            return place
        start, gap = self._gaps[gaps - 1]
        return start + len(gap) + place - self._starts[gaps - 1]

    def replace(self, spans: Iterable[Span]) -> str:
        """The whole text with spans of the squeezed one replaced; the gaps in them stay.

        Args:
            spans: (start, end, what to put there); of those that overlap the first and longest counts.
        """
        parts, done = [], 0
        for start, end, put in merged(spans):
            begin, stop = self.original(start), self.original(end - 1) + 1
            inside = slice(bisect.bisect_right(self._starts, start), bisect.bisect_left(self._starts, end))
            parts += [self.whole[done:begin], put, *(gap for _, gap in self._gaps[inside])]
            done = stop
        return "".join([*parts, self.whole[done:]])


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that overlap made one."""
    result: list[Span] = []
    for start, end, put in sorted(spans, key=lambda span: (span[0], -span[1])):
        if result and start < result[-1][1]:
            before = result[-1]
            result[-1] = (before[0], max(before[1], end), before[2])
        else:
            result.append((start, end, put))
    return result
