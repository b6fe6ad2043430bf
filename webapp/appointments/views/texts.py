"""What customers are told, and what they may do by themselves: the settings."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from flask import Response, render_template

from webapp.accounts import queries as accounts
from webapp.appointments import settings
from webapp.appointments.forms import RulesForm, TextForm
from webapp.appointments.permissions import APPOINTMENTS_SETTINGS
from webapp.appointments.rules import texts
from webapp.appointments.rules.moving import Terms
from webapp.appointments.service import configuring, links, telling
from webapp.appointments.views import settings_bp as bp
from webapp.dispatch import settings as dispatch_settings
from webapp.kit import clean, clock, errors, pages
from webapp.kit.permissions import requires


@bp.get("")
@requires(APPOINTMENTS_SETTINGS)
def show() -> Response:
    """The rules, and every kind of message."""
    how = settings.present()
    form = RulesForm(formdata=None, data=asdict(how.terms) | {"summary_minutes": how.summary_minutes})
    return _page(form)


@bp.post("")
@requires(APPOINTMENTS_SETTINGS)
def save() -> Response:
    """Change the rules."""
    form = RulesForm()
    if form.validate():
        terms = Terms(**{name: getattr(form, name).data for name in Terms.__dataclass_fields__})
        try:
            configuring.set_terms(terms, form.summary_minutes.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The rules of appointments are saved.")
            return pages.redirect("/settings/appointments")
    return _page(form, 422)


def _page(form: RulesForm, status: int = 200) -> Response:
    how = settings.present()
    kinds = [
        {"label": kind.name, "hint": _hint(name, kind), "url": f"/settings/appointments/texts/{name}", "icon": "send",
         "meta": _ways(how.text(name))}
        for name, kind in texts.KINDS.items()
    ]  # fmt: skip
    return pages.render("appointments/settings.html", block="form" if status == 422 else None, status=status,
                        page_title="Appointments", form=form, kinds=kinds)  # fmt: skip


def _hint(name: str, kind: texts.Kind) -> str:
    if name != "reminder":
        return kind.hint
    hours = dispatch_settings.present().reminder_hours
    return f"{hours} hours before the visit" if hours else "Switched off in the settings of dispatch"


def _ways(text: texts.Text) -> str:
    ways = [word for word, on in (("mail", text.by_email), ("text message", text.by_sms)) if on]
    return " and ".join(ways).capitalize() or "Off"


@bp.get("/texts/<any(booked, reminder, changed, cancelled, on_the_way, summary):topic>")
@requires(APPOINTMENTS_SETTINGS)
def text(topic: str) -> Response:
    """The words of one topic, with a preview."""
    return _text_page(topic, TextForm(formdata=None, data=asdict(settings.present().text(topic))))


@bp.post("/texts/<any(booked, reminder, changed, cancelled, on_the_way, summary):topic>")
@requires(APPOINTMENTS_SETTINGS)
def save_text(topic: str) -> Response:
    """Change the words of one topic."""
    form = TextForm()
    if form.validate():
        try:
            configuring.set_text(topic, _read(form))
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{texts.KINDS[topic].name} is saved.")
            return pages.redirect("/settings/appointments")
    return _text_page(topic, form, 422)


@bp.post("/texts/<any(booked, reminder, changed, cancelled, on_the_way, summary):topic>/preview")
@requires(APPOINTMENTS_SETTINGS)
def preview(topic: str) -> Response:
    """How the words read, for an invented customer."""
    form = TextForm()
    return pages.render("appointments/text.html", block="preview", page_title=texts.KINDS[topic].name, kind=topic,
                        form=form, **_preview(topic, _read(form)), **_words(topic))  # fmt: skip


@bp.post("/texts/<any(booked, reminder, changed, cancelled, on_the_way, summary):topic>/reset")
@requires(APPOINTMENTS_SETTINGS)
def reset(topic: str) -> Response:
    """Back to the words that came with Truckroll."""
    configuring.set_text(topic, texts.KINDS[topic].text)
    pages.toast(f"{texts.KINDS[topic].name} has its first words again.")
    return pages.redirect(f"/settings/appointments/texts/{topic}")


def _read(form: TextForm) -> texts.Text:
    return texts.Text(
        subject=" ".join((form.subject.data or "").split()), body=_lines(form.body.data), sms=_lines(form.sms.data),
        by_email=bool(form.by_email.data), by_sms=bool(form.by_sms.data),
    )  # fmt: skip


def _lines(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()


def _text_page(kind: str, form: TextForm, status: int = 200) -> Response:
    return pages.render("appointments/text.html", block="form" if status == 422 else None, status=status,
                        page_title=texts.KINDS[kind].name, kind=kind, form=form, **_preview(kind, _read(form)),
                        **_words(kind))  # fmt: skip


def _words(kind: str) -> dict[str, Any]:
    known = texts.KINDS[kind]
    return {"name": known.name, "hint": known.hint, "variables": list(known.variables.items()),
            "changed": kind in settings.present().texts}  # fmt: skip


def _preview(kind: str, text: texts.Text) -> dict[str, Any]:
    company = accounts.organization()
    start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    values = telling.when_words((start, start + timedelta(hours=2)), company.time_zone) | {
        "first_name": "Evelyn", "customer": "Evelyn Harper", "company": company.display_name, "job": "AC tune-up",
        "phone": clean.phone_words(company.phone) or "(813) 555-0100", "address": "12 Maple St, Tampa FL 33606",
        "technician": "Maria", "eta": "about 20 minutes", "link": links.address(links.EXAMPLE),
        "done": "Coils cleaned, drain flushed, filter changed.",
    }  # fmt: skip
    body, sms = texts.fill(text.body, values), texts.for_sms(texts.fill(text.sms, values))
    mail = render_template("appointments/mail.html", paragraphs=telling.paragraphs(body), link=values["link"], company=company,
                           label=telling.BUTTONS.get(kind, ""))  # fmt: skip
    return {
        "subject": texts.fill(text.subject, values),
        "mail": mail,
        "plain": body,
        "sms": sms,
        "parts": texts.sms_parts(sms),
    }
