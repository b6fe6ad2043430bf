"""The cards: sales, pay, imports, messages, keys."""

from datetime import timedelta

from webapp.accounts.permissions import KEYS_MANAGE, OFFICE_USE
from webapp.accounts.queries import organization
from webapp.desk import queries
from webapp.desk.cards import Card, card
from webapp.kit import clock, money, words
from webapp.messaging.permissions import MESSAGING_READ
from webapp.models import PayPeriod
from webapp.sales.pay.permissions import PAYROLL_APPROVE, PAYROLL_CLOSE
from webapp.sales.permissions import SALES_APPROVE, SALES_READ_ALL

LATELY = timedelta(days=14)


def _day(day: object) -> str:
    said = words.date_words(day, "date", zone=organization().time_zone)  # type: ignore[arg-type]  # a date or datetime
    return said.lower() if said in ("Today", "Yesterday", "Tomorrow") else said  # it stands within a sentence


@card(SALES_APPROVE, 10)
def sales_to_approve() -> Card | None:
    count, cents, oldest = queries.pending_sales()
    if not count:
        return None
    said = "waits for approval" if count == 1 else "wait for approval"
    return Card(f"{words.plural(count, 'sale')} {said}", "/sales?status=pending&view=pending", f"The oldest is from {_day(oldest)}",
                "badge-dollar-sign", "warning", money.dollars(cents), count)  # fmt: skip


@card(PAYROLL_CLOSE, 20)
def period_to_close() -> Card | None:
    over = queries.periods_over(clock.today(organization().time_zone))
    if not over:
        return None
    first, more = over[0], len(over) - 1
    text = f"Ended {_day(first.end_date)}, to be paid {_day(first.pay_date)}"
    late = first.pay_date <= clock.today(organization().time_zone)
    return Card(f"Pay period {words_of_span(first)} is ready to close", f"/pay-periods/{first.id}",
                text + (f"; {more} more open" if more else ""), "calendar-check", "danger" if late else "warning")  # fmt: skip


def words_of_span(period: PayPeriod) -> str:
    """`Nov 1–15`, `Nov 16 – Dec 1`."""
    first, last = period.start_date, period.end_date
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%b} {first.day}–{last.day}"
    return f"{first:%b} {first.day} – {last:%b} {last.day}"


@card(PAYROLL_APPROVE, 30)
def amounts_by_hand() -> Card | None:
    count, cents = queries.lines_waiting()
    if not count:
        return None
    said = "added by hand waits for approval" if count == 1 else "added by hand wait for approval"
    return Card(f"{words.plural(count, 'amount')} {said}", "/pay-periods?waiting=1", "Bonuses, draws, guarantees, deductions",
                "hand-coins", "warning", money.dollars(cents), count)  # fmt: skip


@card(PAYROLL_APPROVE, 31)
def disputed_pay() -> Card | None:
    count, first = queries.disputes()
    if first is None:
        return None
    title = (
        f"{first.technician} says something is wrong with their pay"
        if count == 1
        else f"{count} technicians dispute their pay"
    )
    url = f"/pay-periods/{first.pay_period_id}/technicians/{first.technician_id}"
    return Card(title, url, first.note[:140], "message-square-text", "danger", count=count)


@card(SALES_READ_ALL, 40)
def sales_without_customer() -> Card | None:
    count = queries.unmatched_sales()
    if not count:
        return None
    many = f"{count} or more" if count >= 100 else str(count)
    said = "sale is under a name that is" if count == 1 else "sales are under names that are"
    return Card(f"{many} {said} no customer yet", "/sales?who=open", "Say who it is, or add the customer", "user-round", "info",
                count=count)  # fmt: skip


@card(OFFICE_USE, 50)
def imports() -> Card | None:
    found = queries.imports_waiting(clock.now() - LATELY)
    if not found:
        return None
    newest, failed = found[0], [i for i in found if i.status == "failed"]
    if failed:
        return Card(f"The import of {failed[0].filename} failed", f"/imports/{failed[0].id}", failed[0].error, "upload", "danger",
                    count=len(found))  # fmt: skip
    rows = words.plural(newest.rows_unsure, "row")
    return Card(f"{rows} of {newest.filename} may be one of several records", f"/imports/{newest.id}",
                "Choose which, then import", "upload", "warning", count=len(found))  # fmt: skip


@card(OFFICE_USE, 60)
def exports() -> Card | None:
    count = queries.failed_downloads(clock.now() - LATELY)
    if not count:
        return None
    return Card(f"{words.plural(count, 'export')} of yours failed", "/downloads", "Try again from the Downloads page", "download",
                "danger", count=count)  # fmt: skip


@card(MESSAGING_READ, 70)
def messages() -> Card | None:
    count = queries.failed_messages(clock.now() - timedelta(days=7))
    if not count:
        return None
    return Card(f"{words.plural(count, 'message')} could not be delivered", "/outbox?status=failed", "In the last 7 days", "send",
                "danger", count=count)  # fmt: skip


@card(KEYS_MANAGE, 80)
def keys() -> Card | None:
    now = clock.now()
    found = queries.expiring_keys(now, LATELY)
    if not found:
        return None
    first = found[0]
    assert first.expires_at is not None  # it was searched by it
    said = "has expired" if first.expires_at <= now else f"expires {_day(first.expires_at)}"
    more = f"; {len(found) - 1} more soon" if len(found) > 1 else ""
    return Card(f"The API key “{first.name}” {said}", "/settings/keys", f"Make a new one and give it to whoever uses it{more}",
                "key-round", "danger" if first.expires_at <= now else "warning", count=len(found))  # fmt: skip
