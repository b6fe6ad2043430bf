"""The cards of the fleet: certificates to renew, maintenance that is overdue."""

from webapp.desk.cards import Card, card
from webapp.fleet.permissions import SKILLS_EDIT, VEHICLES_READ
from webapp.fleet.queries import maintenance, skilled
from webapp.kit import words


@card(SKILLS_EDIT, 90)
def certificates() -> Card | None:
    tallies = skilled.tallies()
    expired, soon = tallies["expired"], tallies["within_30"]
    if not expired and not soon:
        return None
    if expired:
        title = f"{words.plural(expired, 'certificate')} of technicians {'has' if expired == 1 else 'have'} expired"
        text = f"{soon} more within 30 days" if soon else "Renew, or take the skill away"
        return Card(
            title,
            "/technician-skills/certificates?state=expired",
            text,
            "badge-check",
            "danger",
            count=expired,
        )
    title = f"{words.plural(soon, 'certificate')} of technicians {'expires' if soon == 1 else 'expire'} within 30 days"
    return Card(title, "/technician-skills/certificates?state=expiring", "They and you are reminded by mail", "badge-check",
                "warning", count=soon)  # fmt: skip


@card(VEHICLES_READ, 91)
def maintenance_overdue() -> Card | None:
    tallies = maintenance.tallies()
    overdue, soon = tallies["overdue"], tallies["soon"]
    if not overdue:
        return None
    title = f"{words.plural(overdue, 'vehicle service')} {'is' if overdue == 1 else 'are'} overdue"
    text = f"{soon} more due soon" if soon else "By miles or by date"
    return Card(title, "/vehicles/maintenance?state=overdue", text, "wrench", "danger", count=overdue)
