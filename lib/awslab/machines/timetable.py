"""When a schedule of AWS is next due: `at(…)`, `rate(…)` and `cron(…)` in a time zone.

AWS: "Cron expressions reference" of EventBridge, which Application Auto Scaling shares: six fields, one of the two days
a `?`; Sunday is 1. The `L`, `W` and `#` of days are not imitated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNITS_S = {"minute": 60, "hour": 3600, "day": 86_400}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS = (  # (name, lowest, highest, names of the values)
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 1, 7, DAYS),
    ("year", 1970, 2199, ()),
)
FORM = re.compile(r"(at|rate|cron)\((.+)\)")
PART = re.compile(r"(\*|[0-9A-Z]+)(?:-([0-9A-Z]+))?(?:/(\d+))?")
LOOK_AHEAD_DAYS = 8 * 366  # a 29 February comes within eight years


class BadSchedule(ValueError):
    """The expression or the time zone is none."""


@dataclass(frozen=True)
class Timetable:
    """One schedule expression.

    Args:
        expression: `at(yyyy-mm-ddThh:mm:ss)`, `rate(5 minutes)` or `cron(0 20 ? * MON-FRI *)`.
        timezone: IANA name; a rate needs none.

    Raises:
        BadSchedule: Either cannot be read.
    """

    expression: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        self.next_after(0.0, 0.0)

    def next_after(self, now: float, since: float) -> float | None:
        """When it is due next, later than `now`; a rate counts from `since`. None: never again."""
        form = FORM.fullmatch(self.expression)
        if form is None:
            raise BadSchedule(f"{self.expression!r} is no at(…), rate(…) or cron(…)")
        kind, inside = form.groups()
        if kind == "rate":
            every_s = _every_s(inside)
            return since + ((now - since) // every_s + 1) * every_s
        if kind == "at":
            at = _moment(inside, self._zone)
            return at if at > now else None
        return self._next_of_cron(now)

    @cached_property
    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise BadSchedule(f"{self.timezone!r} is no time zone") from None

    @cached_property
    def _fields(self) -> list[set[int] | None]:
        texts = FORM.fullmatch(self.expression)[2].split()
        if len(texts) != len(FIELDS) or (texts[2] == "?") == (texts[4] == "?"):
            raise BadSchedule(f"{self.expression!r} needs six fields, and exactly one of the days must be ?")
        return [_values(text, *field) for text, field in zip(texts, FIELDS, strict=True)]

    def _next_of_cron(self, now: float) -> float | None:
        _, _, days, months, weekdays, years = self._fields
        first = datetime.fromtimestamp(now, self._zone)
        for ahead in range(LOOK_AHEAD_DAYS):
            day = (first + timedelta(days=ahead)).date()
            named = (days is None or day.day in days) and (weekdays is None or day.isoweekday() % 7 + 1 in weekdays)
            if named and day.month in months and day.year in years:
                for at in self._times_of(day):
                    if at > now:
                        return at
        return None

    def _times_of(self, day) -> list[float]:
        """Its times on one day. A time that a change of the clocks skips comes an hour later."""
        minutes, hours = self._fields[:2]
        times = (datetime(day.year, day.month, day.day, h, m, tzinfo=self._zone) for h in hours for m in minutes)
        return sorted(time.astimezone(UTC).timestamp() for time in times)


def _every_s(text: str) -> float:
    match text.split():
        case [number, unit] if number.isdigit() and int(number) > 0 and unit.removesuffix("s") in UNITS_S:
            return float(int(number) * UNITS_S[unit.removesuffix("s")])
    raise BadSchedule(f"rate({text}) needs a positive number of minutes, hours or days")


def _moment(text: str, zone: ZoneInfo) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).timestamp()
    except ValueError:
        raise BadSchedule(f"at({text}) is no yyyy-mm-ddThh:mm:ss") from None


def _values(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> set[int] | None:
    """The values of one field; None for `?`, which stands for no condition."""
    if text == "?" and name.startswith("day"):
        return None
    values: set[int] = set()
    for part in text.split(","):
        found = PART.fullmatch(part.upper())
        if found is None:
            raise BadSchedule(f"{part!r} is nothing the lab reads as {name}")
        begin, end, step = found.groups()
        first = low if begin == "*" else _value(begin, name, low, high, names)
        last = _value(end, name, low, high, names) if end else high if begin == "*" or step else first
        values.update(range(first, last + 1, max(1, int(step or 1))))
    return values


def _value(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + 1
    if not text.isdigit() or not low <= int(text) <= high:
        raise BadSchedule(f"{text!r} is no {name}: {low} to {high}")
    return int(text)
