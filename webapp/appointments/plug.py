"""What appointments plug into the house."""

from webapp.accounts.settings import home
from webapp.appointments import panels, reacting
from webapp.appointments.permissions import APPOINTMENTS_SETTINGS, FEEDS_MANAGE, FEEDS_OWN
from webapp.appointments.views import (
    booking,
    booking_bp,
    calendar_bp,
    calendars_bp,
    feeds,
    office_bp,
    own_calendar_bp,
    presets,
    presets_bp,
    public,
    public_bp,
    requests,
    settings_bp,
    texts,
)
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.kit import streams
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App

__all__ = ["PLUG", "booking", "feeds", "presets", "public", "requests", "texts"]
# importing the views puts them on their blueprints


def _wire(app: App) -> None:
    reacting.install()
    panels.install()
    streams.TOPICS["visit-request"] = "visit-request-changed"
    home.add(
        home.Matter(
            "Appointments",
            "What customers are told about their visits, and what they may do by themselves",
            "/settings/appointments",
            "send",
            APPOINTMENTS_SETTINGS,
            36,
        )
    )
    home.add(
        home.Matter(
            "Calendar addresses",
            "Visits in Outlook, Google Calendar or on a phone",
            "/settings/calendars",
            "calendar-days",
            FEEDS_MANAGE,
            37,
        )
    )
    home.add(
        home.Matter(
            "Booking a call",
            "What people call about: how long it takes, who can do it, what it is to cost",
            "/settings/booking",
            "phone-call",
            APPOINTMENTS_SETTINGS,
            38,
        )
    )


PLUG = Plug(
    blueprints=(
        public_bp,
        settings_bp,
        office_bp,
        calendar_bp,
        calendars_bp,
        own_calendar_bp,
        booking_bp,
        presets_bp,
    ),
    navigation=(
        NavItem("Work", "Book a call", "/dispatch/book", "phone-call", 5, DISPATCH_EDIT, key="g c"),
        NavItem("", "My calendar", "/my/calendar", "calendar-days", 14, FEEDS_OWN, roles=("technician",)),
    ),
    wire=_wire,
)
