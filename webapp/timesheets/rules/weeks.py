"""Weeks of time sheets, and the organization's settings of time. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
OVERTIME_WORDS = {
    "weekly": "Over 40 hours a week (federal)",
    "california": "Over 8 hours a day too (California)",
}
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """The days of one time sheet, both inclusive. Usually seven; fewer where the beginning of weeks changed."""

    start: date
    end: date

    def days(self) -> list[date]:
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1)]

    @property
    def label(self) -> str:
        """`Nov 16–22`, `Nov 30 – Dec 6`."""
        first = f"{self.start:%b} {self.start.day}"
        if self.start.month == self.end.month:
            return first if self.start == self.end else f"{first}–{self.end.day}"
        return f"{first} – {self.end:%b} {self.end.day}"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """From `since` on weeks begin on another weekday; `since` is such a day itself."""

    since: date
    weekday: int  # 0 Monday … 6 Sunday


@dataclass(frozen=True, slots=True)
class TimeSettings:
    """An organization's settings of time: `settings["time"]` of its row."""

    first_weekday: int = 0  # 0 Monday … 6 Sunday; before the first change
    changes: tuple[Change, ...] = ()
    missing_after_hours: int = 12  # after clocking in, a clock-out counts as forgotten
    overtime: str = field(default="weekly")

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "TimeSettings":
        given = settings.get("time") or {}
        changes = tuple(
            Change(date.fromisoformat(c["since"]), int(c["weekday"])) for c in given.get("changes", ())
        )
        return cls(
            int(given.get("week_start", 0)),
            changes,
            int(given.get("missing_after_hours", 12)),
            str(given.get("overtime", "weekly")),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "week_start": self.first_weekday,
            "changes": [{"since": c.since.isoformat(), "weekday": c.weekday} for c in self.changes],
            "missing_after_hours": self.missing_after_hours,
            "overtime": self.overtime,
        }

    @property
    def missing_after(self) -> timedelta:
        return timedelta(hours=self.missing_after_hours)

    def weekday_on(self, day: date) -> int:
        """The weekday on which the week of a day begins."""
        found = self.first_weekday
        for change in self.changes:
            if change.since <= day:
                found = change.weekday
        return found

    def week_of(self, day: date) -> Week:
        """The week that a day lies in. The last week before a change is cut short, so that no day lies in two."""
        start = day - timedelta(days=(day.weekday() - self.weekday_on(day)) % 7)
        end = start + timedelta(days=6)
        for change in self.changes:
            if start < change.since <= end:
                end = change.since - DAY
        return Week(start, end)

    def weeks_of(self, first: date, last: date) -> Iterator[Week]:
        """The weeks that the days from `first` to `last` lie in, in order."""
        day = first
        while day <= last:
            week = self.week_of(day)
            yield week
            day = week.end + DAY

    def beginning_on(self, weekday: int, today: date) -> "TimeSettings":
        """Settings by which weeks begin on another weekday, from the next such day on: what is past stays as it is."""
        kept = tuple(c for c in self.changes if c.since <= today)
        known = TimeSettings(self.first_weekday, kept, self.missing_after_hours, self.overtime)
        if known.weekday_on(today) == weekday:
            return known
        ahead = (weekday - today.weekday() - 1) % 7 + 1
        changes = (*kept, Change(today + timedelta(days=ahead), weekday))
        return TimeSettings(self.first_weekday, changes, self.missing_after_hours, self.overtime)


def weekday_choices() -> Sequence[tuple[int, str]]:
    """Weekdays as choices of a form."""
    return list(enumerate(WEEKDAYS))
