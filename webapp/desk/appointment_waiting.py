"""The card of appointments: what customers asked for on their links."""

from webapp.accounts.queries import organization
from webapp.appointments.permissions import APPOINTMENTS_SEND
from webapp.appointments.queries import visits
from webapp.desk.cards import Card, card
from webapp.kit import words


@card(APPOINTMENTS_SEND, 3)
def asked_to_cancel() -> Card | None:
    found = visits.open_requests(limit=100)
    if not found:
        return None
    first, count = found[0], len(found)
    who = first.customer_name or "A customer"
    title = f"{who} asks to cancel" if count == 1 else f"{count} customers ask to cancel"
    asked = words.date_words(first.created_at, "ago", zone=organization().time_zone)
    return Card(
        title, "/appointments/requests", f"{first.title}, {asked}", "calendar-x", "warning", count=count
    )
