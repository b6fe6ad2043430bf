"""What a phone tells of when and where, perhaps hours later and by a clock that is wrong."""

from datetime import datetime, timedelta

from webapp.kit import clock, errors

BACK = timedelta(days=7)  # how old a report from a phone without a signal may be
AHEAD = timedelta(minutes=2)  # how far clocks may differ before a report counts as coming from the future


def moment(happened_at: datetime | None, sent_at: datetime | None = None) -> datetime:
    """When something happened that is told now, in UTC.

    `happened_at` is by the phone's clock; `sent_at`, by the same clock, says when it told: the difference to now
    corrects both. Raises Invalid for the future and for what is older than seven days.
    """
    now = clock.now()
    if happened_at is None:
        return now
    skew = now - sent_at if sent_at is not None else timedelta()
    if abs(skew) <= AHEAD:
        skew = timedelta()  # the way here takes its time; that is no wrong clock
    try:
        at = happened_at + skew
    except OverflowError:
        raise errors.Invalid.one("sent_at", "lies outside the years that a clock can show.") from None
    if at > now + AHEAD:
        raise errors.Invalid.one("happened_at", "lies in the future: the phone's clock is ahead.")
    if at < now - BACK:
        raise errors.Invalid.one("happened_at", f"is more than {BACK.days} days ago.")
    return min(at, now)


def check_position(latitude: float | None, longitude: float | None) -> None:
    """Raises Invalid for a position outside the earth, or for half of one."""
    for name, value, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if value is not None and not -most <= value <= most:
            raise errors.Invalid.one(name, f"{name} must lie between -{most} and {most}.")
    if (latitude is None) != (longitude is None):
        raise errors.Invalid.one("longitude", "A position needs both latitude and longitude.")
