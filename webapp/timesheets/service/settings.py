"""The organization's settings of time."""

from webapp.accounts import queries as accounts
from webapp.kit import errors, journal, permissions
from webapp.kit.db import db
from webapp.timesheets import queries, rules
from webapp.timesheets.permissions import SETTINGS

HOURS = (4, 24)  # bounds of when a clock-out counts as forgotten


def change(*, weekday: int, missing_after_hours: int, overtime: str) -> rules.TimeSettings:
    """Change when weeks begin (0 Monday … 6 Sunday), when a clock-out counts as forgotten, how overtime is counted.

    Another beginning holds from the next such day on; the week before it is shorter. Raises Invalid.
    """
    permissions.demand(SETTINGS)
    problems = []
    if weekday not in range(7):
        problems.append(errors.FieldProblem("weekday", "Choose a weekday."))
    if not HOURS[0] <= missing_after_hours <= HOURS[1]:
        problems.append(errors.FieldProblem("missing_after_hours", f"Give {HOURS[0]} to {HOURS[1]} hours."))
    if overtime not in rules.OVERTIME_WORDS:
        problems.append(errors.FieldProblem("overtime", "Choose how overtime is counted."))
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems=problems)
    company = accounts.organization()
    db.session.refresh(company, with_for_update=True)
    present = rules.TimeSettings.of(company.settings)
    wanted = present.beginning_on(weekday, queries.today())
    wanted = rules.TimeSettings(wanted.first_weekday, wanted.changes, missing_after_hours, overtime)
    if wanted != present:
        before = journal.snapshot(company)
        company.settings = {**company.settings, "time": wanted.as_json()}
        db.session.flush()
        journal.audit("time.settings-changed", company, before=before, record_type="organization")
    return wanted
