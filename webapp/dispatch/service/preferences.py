"""The organization's settings of dispatch."""

from collections.abc import Mapping
from typing import Any

from webapp.accounts import queries as accounts
from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_SETTINGS
from webapp.dispatch.settings import KEY, DispatchSettings
from webapp.kit import clean, events, journal
from webapp.kit.db import db
from webapp.kit.permissions import demand

BOUNDS = {
    "window_minutes": (15, 720, "An arrival window is from 15 minutes to 12 hours long."),
    "emergency_minutes": (0, 6_000, "From 0 to 6000 minutes a day."),
    "drive_mph": (5, 80, "From 5 to 80 miles an hour."),
    "reminder_hours": (0, 168, "From 0 (none) to 168 hours before."),
}


def change(changes: Mapping[str, Any]) -> DispatchSettings:
    """Change how the organization dispatches; what is not named stays. Raises Invalid."""
    demand(DISPATCH_SETTINGS)
    company = accounts.organization()
    db.session.refresh(company, with_for_update=True)
    present = DispatchSettings.of(company.settings).as_json()
    wanted = {**present, **{k: v for k, v in changes.items() if k in present}}
    _check(wanted)
    if wanted != present:
        before = journal.snapshot(company)
        company.settings = {**company.settings, KEY: {**(company.settings.get(KEY) or {}), **wanted}}
        db.session.flush()
        journal.audit("dispatch.settings-changed", company, before=before, record_type="organization")
        changed = sorted(k for k in wanted if wanted[k] != present[k])
        events.emit(told.SETTINGS, None, {"changed": changed})
    return DispatchSettings.of(company.settings)


def _check(wanted: Mapping[str, Any]) -> None:
    problems = clean.Problems()
    for name, (low, most, sentence) in BOUNDS.items():
        if not isinstance(wanted[name], int) or not low <= wanted[name] <= most:
            problems.add(name, sentence)
    for day, (opens, closes) in wanted["business_hours"].items():
        if not 0 <= opens < closes <= 1440:
            problems.add(f"closes_{day}", "It closes before it opens.")
    if not 0 <= wanted["board_from"] < wanted["board_until"] <= 1440:
        problems.add("board_until", "The board ends before it begins.")
    elif wanted["board_until"] - wanted["board_from"] < 240:
        problems.add("board_until", "Show at least four hours.")
    problems.done()
