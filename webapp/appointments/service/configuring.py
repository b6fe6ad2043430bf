"""Changing what customers are told and may do by themselves."""

from dataclasses import asdict, replace
from typing import Any

from webapp.accounts import queries as accounts
from webapp.appointments.permissions import APPOINTMENTS_SETTINGS
from webapp.appointments.rules import texts
from webapp.appointments.rules.moving import Terms
from webapp.appointments.settings import KEY, AppointmentSettings
from webapp.kit import errors, journal, permissions
from webapp.kit.db import db

PARTS = {"subject": texts.MOST_SUBJECT, "body": texts.MOST_BODY, "sms": texts.MOST_SMS}


def set_terms(terms: Terms, summary_minutes: int) -> AppointmentSettings:
    """Change what customers may do on their links, and when summaries go out. Raises Invalid."""
    permissions.demand(APPOINTMENTS_SETTINGS)
    bounds = {"notice_hours": (0, 336), "most_moves": (1, 20), "days_ahead": (1, 31)}
    problems = [
        errors.FieldProblem(name, f"must be from {low} to {high}.")
        for name, (low, high) in bounds.items()
        if not low <= getattr(terms, name) <= high
    ]
    if not 0 <= summary_minutes <= 1440:
        problems.append(errors.FieldProblem("summary_minutes", "must be from 0 to 1440."))
    if problems:
        raise errors.Invalid(" ".join(f"{p.field} {p.message}" for p in problems), problems=problems)
    return change(lambda now: replace(now, terms=terms, summary_minutes=summary_minutes))


def set_text(kind: str, new: texts.Text) -> AppointmentSettings:
    """Change the words of a kind. Raises NotFound for a kind that does not exist, Invalid naming what cannot be in it."""
    permissions.demand(APPOINTMENTS_SETTINGS)
    if kind not in texts.KINDS:
        raise errors.NotFound(f"There is no message of the kind “{kind}”.")
    problems = []
    for part, most in PARTS.items():
        written = getattr(new, part).strip()
        if not 1 <= len(written) <= most:
            problems.append(errors.FieldProblem(part, f"Write 1 to {most:,} characters."))
        problems += [errors.FieldProblem(part, sentence) for sentence in texts.problems(kind, written)]
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems=problems)
    differs = {k: v for k, v in asdict(new).items() if v != getattr(texts.KINDS[kind].text, k)}
    return change(lambda now: replace(now, texts={**{k: v for k, v in now.texts.items() if k != kind},
                                                  **({kind: differs} if differs else {})}))  # fmt: skip


def change(make: Any) -> AppointmentSettings:
    """Write changed settings, under a lock, so that two people's changes both stay."""
    company = accounts.organization()
    db.session.refresh(company, with_for_update=True)
    present = AppointmentSettings.of(company.settings)
    wanted: AppointmentSettings = make(present)
    if wanted != present:
        before = journal.snapshot(company)
        company.settings = {**company.settings, KEY: wanted.as_json()}
        db.session.flush()
        journal.audit("appointments.settings-changed", company, before=before, record_type="organization")
    return wanted
