"""The card of promises by the clock: what is broken now, and what soon will be."""

from webapp.desk.cards import Card, card
from webapp.kit import words
from webapp.sla.permissions import SLA_READ
from webapp.sla.queries import clocks


@card(SLA_READ, 4)
def promises() -> Card | None:
    counts = clocks.tallies()
    broken, soon = counts["breached"], counts["warned"]
    if broken:
        title = f"{words.plural(broken, 'promise')} {'is' if broken == 1 else 'are'} broken"
        text = (
            f"{soon} more about to be" if soon else "Not answered or not done in the time that was promised"
        )
        return Card(title, "/sla/violations?state=open&view=open", text, "timer", "danger", count=broken)
    if soon:
        title = f"{words.plural(soon, 'promise')} {'is' if soon == 1 else 'are'} about to be broken"
        return Card(
            title, "/sla", "Answer or finish the job before its time is up", "timer", "warning", count=soon
        )
    return None
