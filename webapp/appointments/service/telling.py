"""Telling customers of their visits, each matter once, through messaging and its rules."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import render_template
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from webapp.accounts import queries as accounts
from webapp.appointments import settings
from webapp.appointments.permissions import APPOINTMENTS_SEND
from webapp.appointments.queries import visits as queries
from webapp.appointments.rules import moving, telling, texts, tracking
from webapp.appointments.service import links
from webapp.dispatch import settings as dispatch_settings
from webapp.dispatch.rules import travel
from webapp.dispatch.service import current
from webapp.kit import clean, clock, context, errors, jobs, journal, permissions, words
from webapp.kit.db import db, get
from webapp.messaging import rules as message_rules
from webapp.messaging import service as messaging
from webapp.models import DispatchJob, Message, StoredFile, VisitMessage

JOB: Final = "appointments.tell"
PAUSE: Final = timedelta(seconds=90)  # a dispatcher tries things out: what stands after it is told
_silent: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def silent() -> Iterator[None]:
    """Tell nobody of what is done inside: history that is loaded, the demo's story."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def is_silent() -> bool:
    return _silent.get()


# What is asked for by events ---------------------------------------------------------------------------------------


def later(job_id: int, *, moved: bool = False, anew: bool = False) -> None:
    """Tell how a job's visits stand, a little later: what is undone meanwhile is never told."""
    if not is_silent():
        jobs.add(JOB, {"what": "standing", "job_id": job_id, "moved": moved, "anew": anew},
                 dedupe_key=f"standing:{job_id}:anew" if anew else f"standing:{job_id}",
                 run_after=clock.now() + PAUSE)  # fmt: skip


def begin_anew(job_id: int) -> None:
    """Another customer has taken over a job: what the one before was told does not count for them. The messages stay
    with the job; only that they were told, and of which time, is set aside."""
    db.session.execute(
        update(VisitMessage)
        .where(VisitMessage.tenant_id == context.tenant_id(), VisitMessage.job_id == job_id,
               VisitMessage.mark.not_like(f"{queries.BEFORE}%"))
        .values(mark=func.concat(queries.BEFORE, VisitMessage.id, ":", VisitMessage.mark), told_start=None, told_end=None)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    later(job_id, anew=True)


def at_once(kind: str, visit_id: int, *, after: timedelta = timedelta(0), mark: str = "") -> None:
    """Tell of a moment of a visit (on the way, what was done), as a job of its own."""
    if not is_silent():
        jobs.add(JOB, {"what": kind, "visit_id": visit_id}, dedupe_key=f"{kind}:{visit_id}:{mark}",
                 run_after=clock.now() + after)  # fmt: skip


def run(args: Mapping[str, Any]) -> dict[str, Any]:
    """What a job of :data:`JOB` does."""
    what = args["what"]
    if what == "standing":
        how = {name: bool(args.get(name)) for name in ("moved", "anew")}
        told = [tell_standing(n, **how) for n in queries.visit_ids(args["job_id"])]
        return {"told": [kind for kind in told if kind]}
    channel = args.get("channel")
    sent = tell(args["visit_id"], what, only=channel, about=args.get("about"))
    return {"told": [what] if sent else []}


# How a visit stands ------------------------------------------------------------------------------------------------


def window_of(found: queries.Found) -> telling.Window | None:
    """The arrival window of a visit, as its customer is told it."""
    how, zone = dispatch_settings.present(), dispatch_settings.zone()
    start, job = found.visit.scheduled_start, found.job
    floor = None
    if start is not None:
        local = start.astimezone(ZoneInfo(zone))
        floor = start - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    promised = (job.window_start, job.window_end) if job.window_start and job.window_end else None
    return telling.arrival(start, promised, floor, how.window_minutes)


def tell_standing(visit_id: int, *, moved: bool = False, anew: bool = False) -> str | None:
    """Tell the customer what is new of a visit, and see to the reminder: the kind that was told, None for nothing new.

    `anew`: the visit is another customer's now, to whom also one that repeats is news.
    """
    found = queries.visit(visit_id)
    if found is None:
        return None
    now, window, told = clock.now(), window_of(found), queries.told(visit_id)
    follows = found.job.source == "recurring" and not anew
    moved = moved and not queries.replaced(visit_id)  # the new customer knows of no other time
    standing = telling.Standing(
        found.visit.status, window, told, held=found.job.held_at is not None, follows=follows, moved=moved
    )
    kind = telling.due(standing, now)
    if kind is not None:
        tell(visit_id, kind)
    if window is not None and found.visit.status in telling.OPEN and found.job.held_at is None:
        _plan_reminder(visit_id, window, now)
    return kind


def _plan_reminder(visit_id: int, window: telling.Window, now: datetime) -> None:
    at = telling.reminder_at(window, dispatch_settings.present().reminder_hours, now)
    if at is not None:
        mark = clock.iso(window[0])
        jobs.add(JOB, {"what": "reminder", "visit_id": visit_id, "about": mark}, dedupe_key=f"reminder:{visit_id}:{mark}",
                 run_after=at)  # fmt: skip


def mark_of(kind: str, window: telling.Window | None) -> str:
    """What a message is about: those that tell a time are sent once for each time, others once for each visit."""
    return clock.iso(window[0]) if kind in queries.TIMED and window is not None else ""


# Telling -----------------------------------------------------------------------------------------------------------


def tell(visit_id: int, kind: str, *, only: str | None = None, about: str | None = None) -> list[Message]:
    """Write to a visit's customer by every way that is wanted, each once; gives what was written.

    `only`: one channel, which was put off. `about`: the time it was meant for; another one is not told of any more.
    """
    found = queries.visit(visit_id)
    if found is None or not _still_true(kind, found):
        return []
    window = window_of(found)
    if kind == "cancelled":
        window = queries.told(visit_id) or window
    if about is not None and (window is None or clock.iso(window[0]) != about):
        return []
    how = settings.present().text(kind)
    written = []
    for channel, address in _ways(found.job, how):
        if only not in (None, channel):
            continue
        if channel == "sms" and (until := _quiet(kind)) is not None and (window is None or until < window[0]):
            _put_off(visit_id, kind, mark_of(kind, window), until)
            continue
        message = _once(found, kind, window, channel, address, how)
        if message is not None:
            written.append(message)
    return written


def _still_true(kind: str, found: queries.Found) -> bool:
    status, now = found.visit.status, clock.now()
    if kind in queries.TIMED:
        window = window_of(found)
        return status in telling.OPEN and found.job.held_at is None and window is not None and window[1] > now
    return status == {"on_the_way": "en_route", "summary": "completed", "cancelled": "cancelled"}[kind]


def _ways(job: DispatchJob, how: texts.Text) -> list[tuple[str, str]]:
    """Channels and addresses: what the organization sends, the customer wants, and is known."""
    choice = queries.choice(job.customer_id)
    wants = {"email": choice is None or choice.email, "sms": choice is None or choice.sms}
    known = (("email", how.by_email, job.customer_email), ("sms", how.by_sms, job.customer_phone))
    return [(channel, address) for channel, sends, address in known if sends and address and wants[channel]]


def _quiet(kind: str) -> datetime | None:
    """Until when a text message of a kind waits, because people sleep."""
    if texts.KINDS[kind].by_night:
        return None
    company = accounts.organization()
    return message_rules.quiet_until(
        clock.now(), company.time_zone, message_rules.QuietHours.of(company.settings)
    )


def _put_off(visit_id: int, kind: str, mark: str, until: datetime) -> None:
    args = {"what": kind, "visit_id": visit_id, "channel": "sms"} | ({"about": mark} if mark else {})
    jobs.add(JOB, args, dedupe_key=f"{kind}:{visit_id}:{mark}:sms", run_after=until)


def _once(
    found: queries.Found,
    kind: str,
    window: telling.Window | None,
    channel: str,
    address: str,
    how: texts.Text,
) -> Message | None:
    now = clock.now()
    claimed = db.session.scalar(
        insert(VisitMessage)
        .values(tenant_id=context.tenant_id(), job_id=found.job.id, visit_id=found.visit.id, kind=kind,
                mark=mark_of(kind, window), channel=channel, told_start=window[0] if window else None,
                told_end=window[1] if window else None, created_at=now)
        .on_conflict_do_nothing(index_elements=["tenant_id", "visit_id", "kind", "mark", "channel"])
        .returning(VisitMessage.id)
    )  # fmt: skip
    if claimed is None:
        return None  # it was told before
    message = _write(found, kind, window, channel, address, how)
    row = db.session.get_one(VisitMessage, (context.tenant_id(), claimed))
    row.message_id = message.id
    told = message.status != "blocked"
    journal.audit("appointment.told" if told else "appointment.not-told", found.job, diff={}, visit_id=found.visit.id,
                  what=texts.KINDS[kind].name.lower(), to=_shown(channel, address), message_id=message.id,
                  why="" if told else message.why)  # fmt: skip
    return message


def _shown(channel: str, address: str) -> str:
    return clean.phone_words(address) if channel == "sms" else address


def _write(
    found: queries.Found,
    kind: str,
    window: telling.Window | None,
    channel: str,
    address: str,
    how: texts.Text,
) -> Message:
    values = values_of(found, window) | {"link": _link(found, kind, window)}
    about: dict[str, Any] = {
        "template": f"appointments.{kind}",
        "record_type": "dispatch_job",
        "record_id": found.job.id,
    }
    if channel == "sms":
        return messaging.send_sms(
            address, texts.for_sms(texts.fill(how.sms, values)), to_name=found.job.customer_name, **about
        )
    body = texts.fill(how.body, values)
    html = render_template("appointments/mail.html", paragraphs=paragraphs(body), link=values["link"],
                           label=BUTTONS.get(kind, ""), company=accounts.organization())  # fmt: skip
    return messaging.send_email(address, found.job.customer_name, texts.fill(how.subject, values), body, html=html,
                                attachments=_attachments(found, kind), **about)  # fmt: skip


BUTTONS: Final = {"booked": "Confirm or change", "changed": "Confirm or change", "reminder": "Confirm or change",
                  "on_the_way": "Follow the way", "summary": "See the summary"}  # fmt: skip


def paragraphs(body: str) -> list[list[str]]:
    """A text's paragraphs with their lines, for the mail's HTML."""
    return [part.split("\n") for part in body.split("\n\n") if part.strip()]


def _attachments(found: queries.Found, kind: str) -> tuple[StoredFile, ...]:
    if kind != "summary":
        return ()
    from webapp.appointments.service import summary

    return (summary.stored(found),)


def _link(found: queries.Found, kind: str, window: telling.Window | None) -> str:
    now = clock.now()
    if kind == "cancelled":
        return ""
    if kind == "on_the_way":
        tracked = dispatch_settings.present().tracking
        return links.make(found.visit.id, "track", now + links.LONGEST_DRIVE) if tracked else ""
    if kind == "summary":
        return links.make(found.visit.id, "summary", now + links.SUMMARY_DAYS)
    return links.make(found.visit.id, "visit", (window[1] if window else now) + links.AFTER_VISIT)


def values_of(found: queries.Found, window: telling.Window | None) -> dict[str, str]:
    """What the variables of texts stand for, all but the link."""
    company, job = accounts.organization(), found.job
    values = when_words(window, company.time_zone)
    return values | {
        "first_name": (job.customer_name.split() or ["there"])[0],
        "customer": job.customer_name,
        "company": company.display_name,
        "phone": clean.phone_words(company.phone) or company.email,
        "job": job.title,
        "address": queries.address(job),
        "technician": (found.technician.split() or ["Our technician"])[0],
        "eta": eta_words(found),
        "done": job.outcome or "The work is done.",
    }


def when_words(window: telling.Window | None, zone: str) -> dict[str, str]:
    """`Tuesday, November 24, 8:00–10:00 AM`: never “today”, for a message is read when it is read."""
    if window is None:
        return {"when": "", "day": "", "window": ""}
    local = window[0].astimezone(ZoneInfo(zone))
    day = f"{local:%A, %B} {local.day}"
    start, end = (words.date_words(m, "time", zone=zone) for m in window)
    if start[-2:] == end[-2:]:
        start = start[:-3]
    return {"when": f"{day}, {start}–{end}", "day": day, "window": f"{start}–{end}"}


@dataclass(frozen=True, slots=True)
class Eta:
    """Minutes until the technician arrives, and how that is known: from where they are (`seen`), from where they set off
    (`estimate`), or from the plan alone (`plan`)."""

    minutes: int
    how: str


def eta(found: queries.Found) -> Eta | None:
    """When the technician arrives, as far as anybody knows; None when nobody does."""
    from webapp.dispatch.queries import lanes

    place, seen, set_off = lanes.place_of(found.job), fresh_position(found), found.visit.en_route_at
    now, mph = clock.now(), dispatch_settings.present().drive_mph
    if place is not None and seen is not None:
        return Eta(travel.minutes(seen, place, mph), "seen")
    if place is not None and set_off is not None and found.technician_id is not None:
        begin = queries.set_off_from(found.technician_id, found.visit, set_off)
        left = tracking.drive_left(set_off, travel.minutes(begin, place, mph), now) if begin else None
        if left is not None:
            return Eta(left, "estimate")
    start = found.visit.scheduled_start
    return None if start is None or start <= now else Eta(int((start - now).total_seconds() // 60), "plan")


FRESH: Final = timedelta(minutes=15)  # an older position says nothing about now


def fresh_position(found: queries.Found) -> travel.Place | None:
    """Where the lead technician is, only while on the way to this visit."""
    if found.visit.status != "en_route" or found.technician_id is None or found.visit.en_route_at is None:
        return None
    seen = queries.position(found.technician_id)
    if seen is None or clock.now() - seen.seen_at > FRESH or seen.seen_at < found.visit.en_route_at:
        return None  # where somebody was before they set off is nobody's business here
    return float(seen.latitude), float(seen.longitude)


def eta_words(found: queries.Found) -> str:
    return words_of(eta(found))


def words_of(known: Eta | None) -> str:
    """An arrival as it is told: `about 20 minutes`."""
    return "a short while" if known is None else moving.minutes_words(known.minutes)


# Again, because somebody asked on the phone ----------------------------------------------------------------------------


def again(job_id: int) -> list[Message]:
    """Tell the customer once more how the present visit stands, with a new link: the time, the way, or what was done.

    Raises Conflict where there is nothing to tell, or no way to.
    """
    permissions.demand(APPOINTMENTS_SEND)
    found, kind, window = _present(job_id)
    how = settings.present().text(kind)
    ways = _ways(found.job, how)
    if not ways:
        raise errors.Conflict("There is no address to write to, or the customer wants no messages.")
    written = []
    for channel, address in ways:
        message = _write(found, kind, window, channel, address, how)
        told = message.status != "blocked"
        journal.audit("appointment.told" if told else "appointment.not-told", found.job, diff={}, visit_id=found.visit.id,
                      what=f"{texts.KINDS[kind].name.lower()}, again", to=_shown(channel, address), message_id=message.id,
                      why="" if told else message.why)  # fmt: skip
        written.append(message)
    return written


def link_of(job_id: int) -> str:
    """A new link to what the customer would be sent now, to be read out or pasted. Raises Conflict as :func:`again`."""
    permissions.demand(APPOINTMENTS_SEND)
    found, kind, window = _present(job_id)
    link = _link(found, kind, window)
    if not link:
        raise errors.Conflict("The settings send no link while a technician is on the way.")
    journal.audit(
        "appointment.link-made",
        found.job,
        diff={},
        visit_id=found.visit.id,
        what=texts.KINDS[kind].name.lower(),
    )
    return link


def _present(job_id: int) -> tuple[queries.Found, str, telling.Window | None]:
    """The job's present visit, what there is to tell of it, and its window."""
    found = queries.visit(current.visit_of(get(DispatchJob, job_id, what="job")).id)
    if found is None:
        raise errors.NotFound(f"No job has the number {job_id}.")
    kind = {"en_route": "on_the_way", "completed": "summary"}.get(found.visit.status, "booked")
    if not _still_true(kind, found):
        raise errors.Conflict(
            "There is nothing to tell of this visit: it has no time to come, is on hold, cancelled or under way."
        )
    return found, kind, window_of(found)
