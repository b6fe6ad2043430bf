"""When the company works, for domains above: its business hours and its zone."""

from collections.abc import Mapping

from webapp.dispatch import settings


def business_hours() -> Mapping[int, tuple[int, int]]:
    """Weekday (0 Monday) → opens, closes in minutes after local midnight; days that are not there are closed."""
    return settings.present().business_hours


def zone() -> str:
    """The organization's IANA time zone."""
    return settings.zone()
