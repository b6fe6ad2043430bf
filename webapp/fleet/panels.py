"""What the fleet tells on a technician's page: skills, the vehicle driven, zones; and how it reads in the timeline."""

from typing import Any

from webapp.fleet import rules
from webapp.fleet.permissions import SKILLS_READ, VEHICLES_READ, ZONES_READ
from webapp.fleet.queries import skilled, vehicles, zones
from webapp.kit import permissions, timeline
from webapp.technicians import queries as technicians

DEEDS = {
    "technician-skill.created": timeline.Deed("gave the skill {skill}: {words}", "badge-check", "success"),
    "technician-skill.updated": timeline.Deed("changed {skill}: {words}", "badge-check", "accent"),
    "technician-skill.removed": timeline.Deed(
        "took the skill {skill} away: {words}", "badge-check", "warning"
    ),
    "technician-skill.expiring": timeline.Deed("reminded that {skill} {words}", "bell", "warning"),
}


def install() -> None:
    """Register with technicians. Safe to call again."""
    technicians.DEEDS.update(DEEDS)
    for panel in (of_skills, of_place):
        if panel not in technicians.TECHNICIAN_PANELS:
            technicians.TECHNICIAN_PANELS.append(panel)


def of_skills(technician_id: int) -> dict[str, Any]:
    """A technician's skills, the best first."""
    if not permissions.may(SKILLS_READ):
        return {"title": "Skills", "empty": "You may not see skills."}
    day = skilled.today()
    rows = []
    for row in skilled.of_technician(technician_id):
        state = rules.skills.expiry_state(row.expires_on, day)
        words = rules.skills.expiry_words(row.expires_on, day) if row.expires_on else ""
        rows.append(
            {
                "skill": row.skill,
                "level": f"{row.level} {rules.skills.LEVELS[row.level]}",
                "expires_on": row.expires_on,
                "certificate": row.certificate,
                "row_class": "late" if state == "expired" else "",
                "expiry": words if state in ("expired", "expiring") else "",
            }
        )
    return {
        "title": "Skills",
        "columns": [
            {"key": "skill", "label": "Skill", "sub": "expiry"},
            {"key": "level", "label": "Level"},
            {"key": "expires_on", "label": "Expires on", "kind": "date"},
            {"key": "certificate", "label": "Certificate"},
        ],
        "rows": rows,
        "url": f"/technician-skills/certificates?state=all&technician={technician_id}",
        "url_label": "All skills",
        "empty": "No skills are set.",
    }


def of_place(technician_id: int) -> dict[str, Any]:
    """The vehicle a technician drives and the zones served."""
    facts = []
    if permissions.may(VEHICLES_READ):
        drives = vehicles.vehicle_of([technician_id]).get(technician_id)
        facts.append(
            {
                "label": "Vehicle",
                "value": drives.name if drives else None,
                "url": f"/vehicles/{drives.id}" if drives else None,
                "hint": drives.plate if drives else "",
            }
        )
    if permissions.may(ZONES_READ):
        served = zones.of_technician(technician_id)
        facts.append(
            {
                "label": "Zones",
                "value": ", ".join(row.name for row in served) or "All zones",
                "url": f"/service-zones?technician={technician_id}" if served else "/service-zones",
            }
        )
    return {"title": "Vehicle and zones", "facts": facts, "empty": "You may not see vehicles or zones."}
