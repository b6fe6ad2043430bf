"""What happened to a sale, for the timeline of its page."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from webapp.kit import money, timeline, words
from webapp.sales.queries import lookups
from webapp.technicians import queries as technicians

DEEDS = {
    "sale.created": timeline.Deed("recorded this sale at {commission}", "plus", "success", body="reason"),
    "sale.corrected": timeline.Deed("corrected it", "pencil", "accent", body="reason", diff=True),
    "sale.approved": timeline.Deed("approved it", "check", "success"),
    "sale.approval-undone": timeline.Deed("took the approval back", "undo-2", "accent"),
    "sale.rejected": timeline.Deed("rejected it", "x", "danger", body="reason"),
    "sale.resubmitted": timeline.Deed("sent it in again", "rotate-ccw", "accent"),
    "sale.payment-changed": timeline.Deed("changed the payment", "banknote", "accent", diff=True),
    "sale.voided": timeline.Deed("voided it", "ban", "danger", body="reason"),
    "sale.unvoided": timeline.Deed("undid the void", "undo-2", "success"),
    "sale.customer-chosen": timeline.Deed("said who the customer is", "user-check", "accent", diff=True),
}
# whoever may not see what others earn
UNPAID = DEEDS | {"sale.created": timeline.Deed("recorded this sale", "plus", "success", body="reason")}
_DAYS = {"sold_on": "Sold on", "completed_on": "Completed on", "payment_date": "Paid on"}
_PLAIN = {"customer_name": "Customer", "notes": "Notes"}
_MONEY = {"sale_price_cents": "Price", "list_price_cents": "List price", "commission_cents": "Commission"}
_WORDS = {"payment_status": "Payment", "payment_type": "Paid by", "status": "Status"}


def entries(sale_id: int, before: int | None = None, *, pay: bool) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a sale, newest first, and where the next piece begins. `pay`: with rates and commissions."""
    found, following = timeline.read("sale", sale_id, before=before)
    diffs = [row.payload.get("diff") or {} for row in found if row.action != "sale.created"]
    fields = dict(_fields())
    fields["technician_id"] = _named("Technician", technicians.names, _numbers(diffs, "technician_id"))
    fields["item_id"] = _named("Item", lookups.item_names, _numbers(diffs, "item_id"))
    if not pay:
        del fields["commission_cents"]
    return [timeline.entry(row, DEEDS if pay else UNPAID, fields) for row in found], following


def _fields() -> Iterable[tuple[str, timeline.Shown]]:
    for name, label in _MONEY.items():
        yield name, timeline.Shown(label, lambda v: "" if v is None else money.dollars(v))
    for name, label in _WORDS.items():
        yield name, timeline.Shown(label, lambda v: str(v or "").replace("_", " ").capitalize())
    for name, label in _DAYS.items():
        yield name, timeline.Shown(label, _day)
    for name, label in _PLAIN.items():
        yield name, timeline.Shown(label)


def _day(value: Any) -> str:
    return words.date_words(date.fromisoformat(value)) if value else ""


def _named(label: str, names: Any, wanted: set[int]) -> timeline.Shown:
    known: Mapping[int, str] = names(wanted) if wanted else {}
    return timeline.Shown(label, lambda v: "" if v is None else known.get(v, f"{label} {v}"))


def _numbers(diffs: Iterable[Mapping[str, Any]], name: str) -> set[int]:
    return {v for diff in diffs for v in (diff.get(name) or {}).values() if isinstance(v, int)}
