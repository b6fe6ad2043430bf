"""What appointments plug into the house."""

from webapp.accounts.settings import home
from webapp.appointments import reacting
from webapp.appointments.permissions import APPOINTMENTS_SETTINGS
from webapp.appointments.views import office_bp, public, public_bp, requests, settings_bp, texts
from webapp.kit import streams
from webapp.kit.plug import Plug
from webapp.kit.web import App

__all__ = ["PLUG", "public", "requests", "texts"]  # importing the views puts them on their blueprints


def _wire(app: App) -> None:
    reacting.install()
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


PLUG = Plug(blueprints=(public_bp, settings_bp, office_bp), wire=_wire)
