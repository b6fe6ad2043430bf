"""Calendar feeds (RFC 5545), from visits and blocks as plain values. Pure: the same visits give the same bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from icalendar.enums import STATUS, TRANSP

PRODID: Final = "-//Truckroll//Visits//EN"
REFRESH: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a feed. `stamp`: when what it says last changed, so that DTSTAMP moves only then (RFC 5545, 3.8.7.2:
    without a METHOD it equals LAST-MODIFIED); `sequence` counts the changes (3.8.7.4)."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    created: datetime
    stamp: datetime
    sequence: int
    status: str = "confirmed"  # confirmed, tentative, cancelled
    location: str = ""
    description: str = ""
    url: str = ""
    geo: tuple[float, float] | None = None


def feed(name: str, zone: str, entries: Iterable[Entry]) -> bytes:
    """A calendar of entries, times in the company's zone with its rules for summer time."""
    tz = ZoneInfo(zone)
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    for label in ("name", "x-wr-calname"):
        calendar.add(label, name)
    calendar.add("x-wr-timezone", zone)
    calendar.add("refresh-interval", REFRESH)
    calendar.add("x-published-ttl", "PT15M")
    found = sorted(entries, key=lambda e: (e.starts_at, e.uid))
    for entry in found:
        calendar.add_component(_event(entry, tz))
    if found:
        first, last = found[0].starts_at.date(), found[-1].ends_at.date()
        calendar.add_missing_timezones(first - timedelta(days=366), last + timedelta(days=366))
    return bytes(calendar.to_ical())


def _event(entry: Entry, tz: ZoneInfo) -> Event:
    event = Event.new(
        uid=entry.uid, stamp=_whole(entry.stamp), created=_whole(entry.created), last_modified=_whole(entry.stamp),
        start=_whole(entry.starts_at).astimezone(tz), end=_whole(entry.ends_at).astimezone(tz), summary=_plain(entry.title),
        location=_plain(entry.location) or None, description=_plain(entry.description) or None, url=entry.url or None,
        sequence=entry.sequence, status=STATUS(entry.status.upper()),
        transparency=TRANSP.TRANSPARENT if entry.status == "cancelled" else TRANSP.OPAQUE,
    )  # fmt: skip
    if entry.geo is not None:
        event.add("geo", entry.geo)
    return event


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _plain(text: str) -> str:
    """Without the control characters that RFC 5545 allows nowhere in a text (3.1)."""
    return "".join(c for c in text.replace("\r\n", "\n") if c >= " " or c in "\n\t")
