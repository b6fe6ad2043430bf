"""The card of equipment: warranties that end soon, while a visit may still be covered."""

from webapp.desk.cards import Card, card
from webapp.equipment import queries, rules
from webapp.equipment.permissions import EDIT
from webapp.kit import words


@card(EDIT, 95)
def warranties() -> Card | None:
    ending = queries.tallies()["ending"]
    if not ending:
        return None
    said = words.plural(ending, "warranty", "warranties")
    title = f"{said} of equipment {'ends' if ending == 1 else 'end'} within {rules.SOON} days"
    return Card(title, "/equipment?state=ending&view=ending", "A visit before then may still be covered", "shield-alert", "info",
                count=ending)  # fmt: skip
