"""The cards of working time: clock-outs that are missing, corrections and time sheets to decide on."""

from webapp.accounts.queries import organization
from webapp.desk.cards import Card, card
from webapp.kit import words
from webapp.timesheets import queries
from webapp.timesheets.permissions import APPROVE, READ
from webapp.timesheets.queries import corrections, entries, sheets


@card(READ, 25)
def missing_clock_outs() -> Card | None:
    missing = [person for person in entries.people_in() if person.missing]
    if not missing:
        return None
    first, more = missing[0], len(missing) - 1
    since = words.date_words(first.entry.clock_in, zone=organization().time_zone)
    title = f"{first.name} did not clock out" if not more else f"{len(missing)} technicians did not clock out"
    said = f"Clocked in since {since}" if not more else f"{first.name} since {since}, and {more} more"
    return Card(title, "/time-sheets/now", said, "alarm-clock", "warning", count=len(missing))


@card(APPROVE, 26)
def corrections_to_decide() -> Card | None:
    count = corrections.pending_count()
    oldest = corrections.oldest_pending() if count else None
    if oldest is None:
        return None
    asked = words.date_words(oldest.created_at, "ago", zone=organization().time_zone)
    said = "waits to be decided" if count == 1 else "wait to be decided"
    return Card(f"{words.plural(count, 'correction')} of time {said}", "/time-sheets/corrections",
                f"The oldest is of {oldest.name}, {asked}", "pencil", "warning", count=count)  # fmt: skip


@card(APPROVE, 27)
def sheets_to_approve() -> Card | None:
    count, oldest = sheets.waiting()
    if not count or oldest is None:
        return None
    said = "waits for approval" if count == 1 else "wait for approval"
    return Card(f"{words.plural(count, 'time sheet')} {said}", f"/time-sheets?week={oldest}&status=submitted",
                f"The oldest is of the week {queries.week_of(oldest).label}", "clock", "warning", count=count)  # fmt: skip
