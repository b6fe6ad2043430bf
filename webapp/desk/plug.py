"""What the desk plugs into the house."""

from webapp.accounts.permissions import OFFICE_USE
from webapp.desk import (
    appointment_waiting,
    equipment_waiting,
    examples,
    fleet_waiting,
    job_waiting,
    reference,
    sla_waiting,
    styleguide,
    time_waiting,
    today,
    views,
    waiting,
)
from webapp.kit import openapi
from webapp.kit.plug import NavItem, Plug
from webapp.kit.web import App

__all__ = [
    "PLUG",
    "appointment_waiting",
    "equipment_waiting",
    "fleet_waiting",
    "job_waiting",
    "sla_waiting",
    "time_waiting",
    "waiting",
]


def _wire(app: App) -> None:
    app.context_processor(views.shell_values)
    openapi.guide.order, openapi.guide.values = examples.ORDER, examples.VALUES
    if not app.config["SETTINGS"].production:
        app.register_blueprint(styleguide.bp)


PLUG = Plug(
    blueprints=(today.bp, reference.bp),
    navigation=(NavItem("", "Today", "/", "house", 0, OFFICE_USE, "g h"),),
    wire=_wire,
)
