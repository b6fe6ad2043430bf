"""What dispatch does, and what a customer is told of it. Handlers run in dispatch's own transaction: they only ask for
a job, so that no telling can undo the work."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from webapp.appointments import settings
from webapp.appointments.service import links, telling
from webapp.customers.queries import records
from webapp.dispatch.queries import pages
from webapp.kit import clock, events, timeline

DEEDS = {
    "appointment.told": timeline.Deed("told the customer at {to}: {what}", "send", "info"),
    "appointment.not-told": timeline.Deed("could not tell the customer at {to}: {what}", "circle-alert", "warning", body="why"),
    "appointment.link-made": timeline.Deed("made a link for the customer: {what}", "link", "info"),
    "appointment.failed": timeline.Deed("could not deliver a message to the customer: {to}", "circle-alert", "danger", body="why"),
    "appointment.asked-to-move": timeline.Deed("chose another time", "calendar-clock", "accent"),
    "appointment.asked-to-cancel": timeline.Deed("asked to cancel the visit", "message-square-text", "warning", body="note"),
    "appointment.cancel-granted": timeline.Deed("cancelled as the customer asked", "ban", "danger"),
    "appointment.cancel-declined": timeline.Deed("kept the visit after all", "circle-check", "success"),
    "appointment.contact-chosen": timeline.Deed("chose how to be told: {how}", "bell", "accent"),
}  # fmt: skip
STANDING = ("dispatch.created", "dispatch.assigned", "dispatch.moved", "dispatch.cancelled", "dispatch.visit-added",
            "dispatch.released")  # fmt: skip


def install() -> None:
    """Listen. Safe to call again."""
    pages.DEEDS.update(DEEDS)
    records.DEEDS["appointment.contact-chosen"] = timeline.Deed(
        "noted how to tell about visits: {how}", "bell", "accent"
    )
    for name in STANDING:
        events.subscribe(name, stands)
    events.subscribe("dispatch.status-changed", stepped)
    events.subscribe("dispatch.updated", changed)
    events.subscribe("message.failed", failed)


def stands(name: str, job_id: int | None, payload: Mapping[str, Any]) -> None:
    """A visit may have another time, or none any more."""
    start = payload.get("scheduled_start")
    if job_id is None or (name != "dispatch.cancelled" and (start is None or start <= clock.now())):
        return  # nothing to tell of a time that is over or not known yet
    telling.later(job_id, moved=name == "dispatch.moved")


def changed(name: str, job_id: int | None, payload: Mapping[str, Any]) -> None:
    """Another customer was put on a job: the links of the one before end, and the new one is told of the visit as of a
    new booking. A name that is only written anew does neither."""
    fields = set(payload.get("changed") or ())
    somebody_else = "customer_name" in fields and bool(
        fields & {"customer_id", "customer_phone", "customer_email"}
    )
    if job_id is not None and somebody_else:
        links.end_all(job_id)
        telling.begin_anew(job_id)


def stepped(name: str, job_id: int | None, payload: Mapping[str, Any]) -> None:
    """The technician sets off, arrives, or is done."""
    visit_id, to = payload["visit_id"], payload["to"]
    if payload["from"] == "en_route":
        links.end_tracking(visit_id)
    recent = clock.now() - payload["happened_at"] < timedelta(hours=1)  # a phone may report late
    if to == "en_route" and recent:
        telling.at_once("on_the_way", visit_id)
    elif to == "completed" and clock.now() - payload["happened_at"] < timedelta(days=2):
        telling.at_once("summary", visit_id, after=timedelta(minutes=settings.present().summary_minutes))


def failed(name: str, message_id: int | None, payload: Mapping[str, Any]) -> None:
    """A message to a customer could not be delivered: the job's timeline says so."""
    if payload.get("record_type") != "dispatch_job" or not str(payload.get("template", "")).startswith(
        "appointments."
    ):
        return
    from webapp.kit import journal

    journal.audit("appointment.failed", diff={}, record_type="dispatch_job", record_id=payload["record_id"],
                  to=payload["to"], why=payload.get("why", ""))  # fmt: skip
