"""What happened to a pay period, for the timeline of its page."""

from typing import Any

from webapp.kit import timeline

DEEDS = {
    "pay_period.created": timeline.Deed("made this pay period", "calendar-plus"),
    "pay_period.approved": timeline.Deed("approved it for closing", "badge-check", "success"),
    "pay_period.approval_withdrawn": timeline.Deed("took the approval back", "undo-2", "warning"),
    "pay_period.closed": timeline.Deed(
        "closed it; what was still pending moved to {moved_to}", "lock", "accent"
    ),
    "pay_period.signed_off": timeline.Deed("approved their pay, {total}", "badge-check", "success"),
    "pay_period.disputed": timeline.Deed(
        "says something is wrong with their pay", "circle-help", "warning", body="note"
    ),
    "pay_period.dispute_answered": timeline.Deed(
        "answered {technician}", "message-square-text", body="reply"
    ),
    "pay_period.reopened": timeline.Deed("opened it again", "rotate-ccw", "warning", body="reason"),
}


def entries(period_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a pay period, newest first, and where the next piece begins."""
    found, following = timeline.read("pay_period", period_id, before=before)
    return [timeline.entry(row, _deeds(row), {}) for row in found], following


def _deeds(row: Any) -> dict[str, timeline.Deed]:
    payload = row.payload
    if row.action != "pay_period.closed" or payload.get("moved_sales") or payload.get("moved_manual_lines"):
        return DEEDS
    return DEEDS | {"pay_period.closed": timeline.Deed("closed it", "lock", "accent")}
