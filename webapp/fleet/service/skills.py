"""Commands on skills and on who has them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from webapp.fleet.permissions import SKILLS_EDIT
from webapp.fleet.queries import skilled as queries
from webapp.fleet.rules import skills as rules
from webapp.kit import db, errors, events, journal, permissions, search
from webapp.models import Skill, Technician, TechnicianSkill

_EXAMPLE = {"id": 9, "technician_id": 4, "technician": "Mike Johnson", "skill_id": 2, "skill": "EPA 608", "level": 4,
            "expires_on": "2027-03-01", "certificate": "608-11873"}  # fmt: skip
CREATED = events.declare("technician-skill.created", "A technician was given a skill", _EXAMPLE)
UPDATED = events.declare(
    "technician-skill.updated", "A technician’s level or certificate was changed", _EXAMPLE
)
REMOVED = events.declare("technician-skill.removed", "A skill was taken from a technician", _EXAMPLE)
EXPIRING = events.declare(
    "technician-skill.expiring",
    "A technician’s certificate expires in 60, 30 or 7 days, or today",
    {**_EXAMPLE, "days_left": 30},
)
_SKILL = {
    "id": 2,
    "name": "EPA 608",
    "description": "Handling refrigerants",
    "certified": True,
    "archived": False,
}
SKILL_CREATED = events.declare("skill.created", "A skill was added to the catalog", _SKILL)
SKILL_UPDATED = events.declare("skill.updated", "A skill of the catalog was changed or archived", _SKILL)


# The catalogue ------------------------------------------------------------------------------------------------------


def create_skill(values: Mapping[str, Any]) -> Skill:
    """Add a skill from the fields of :data:`rules.SKILL_FIELDS`; `name` is needed. Raises Invalid, Conflict for a name
    that is taken."""
    permissions.demand(SKILLS_EDIT)
    found = rules.cleaned_skill({"name": "", **values})
    _check_name(found["name"], None)
    skill = db.add(Skill(**found))
    _index(skill)
    journal.audit("skill.created", skill)
    events.emit(SKILL_CREATED, skill.id, skill_payload(skill))
    return skill


def update_skill(skill_id: int, changes: Mapping[str, Any]) -> Skill:
    """Change a skill, or archive it: who has it keeps it, but nobody new can be given it. Raises as :func:`create_skill`."""
    permissions.demand(SKILLS_EDIT)
    skill = db.get(Skill, skill_id, lock=True)
    before = journal.snapshot(skill)
    found = {k: v for k, v in rules.cleaned_skill(changes).items() if before[k] != v}
    if not found:
        return skill
    if "name" in found:
        _check_name(found["name"], skill.id)
    for name, value in found.items():
        setattr(skill, name, value)
    db.db.session.flush()
    _index(skill)
    journal.audit("skill.updated", skill, before=before)
    events.emit(SKILL_UPDATED, skill.id, {**skill_payload(skill), "changed": sorted(found)})
    return skill


def skill_payload(skill: Skill) -> dict[str, Any]:
    """What events tell of a skill."""
    return {name: getattr(skill, name) for name in ("id", *rules.SKILL_FIELDS)}


def _check_name(name: str, skill_id: int | None) -> None:
    other = queries.named(name, skill_id)
    if other is not None:
        also = " It is archived; bring it back instead." if other.archived else ""
        sentence = f"There is a skill {other.name} already.{also}"
        raise errors.Conflict(sentence, details={"fields": {"name": sentence}})


def _index(skill: Skill) -> None:
    search.index("skill", skill.id, skill.name, skill.description)


# Who has them -------------------------------------------------------------------------------------------------------


def create(technician_id: int, skill_id: int, values: Mapping[str, Any]) -> TechnicianSkill:
    """Give a technician a skill: `level` 1 to 5, `expires_on` (the last day, may be past), `certificate`, `notes`.

    Raises Invalid, NotFound for an unknown technician or skill, Conflict when they have it already.
    """
    permissions.demand(SKILLS_EDIT)
    technician, skill = db.get(Technician, technician_id), db.get(Skill, skill_id)
    if queries.held(technician_id, skill_id) is not None:
        sentence = f"{technician.name} has the skill {skill.name} already; change that."
        raise errors.Conflict(sentence, details={"fields": {"skill_id": sentence}})
    if skill.archived:
        raise errors.Invalid.one("skill_id", f"The skill {skill.name} is archived.")
    found = rules.cleaned({"level": None, **values})
    held = db.add(TechnicianSkill(technician_id=technician_id, skill_id=skill_id, **found))
    search.index("technician_skill", held.id, held.certificate)
    _tell(CREATED, held, technician, skill, None)
    return held


def update(held_id: int, changes: Mapping[str, Any]) -> TechnicianSkill:
    """Change level, expiry, certificate or notes of a skill held. Another expiry is reminded of afresh. Raises Invalid."""
    permissions.demand(SKILLS_EDIT)
    held = db.get(TechnicianSkill, held_id, what="technician skill", lock=True)
    before = journal.snapshot(held)
    found = {k: v for k, v in rules.cleaned(changes).items() if before[k] != v}
    if not found:
        return held
    for name, value in found.items():
        setattr(held, name, value)
    if "expires_on" in found:
        held.reminded_for = None
    db.db.session.flush()
    search.index("technician_skill", held.id, held.certificate)
    _tell(UPDATED, held, db.get(Technician, held.technician_id), db.get(Skill, held.skill_id), before)
    return held


def put(technician_id: int, skill_id: int, values: Mapping[str, Any]) -> TechnicianSkill:
    """Give a technician a skill, or change what they have of it."""
    held = queries.held(technician_id, skill_id)
    return (
        create(technician_id, skill_id, values)
        if held is None
        else update(held.id, {k: v for k, v in values.items() if not (k == "level" and v is None)})
    )


def remove(held_id: int) -> dict[str, Any]:
    """Take a skill from a technician; what it was, for an undo by :func:`put`."""
    permissions.demand(SKILLS_EDIT)
    held = db.get(TechnicianSkill, held_id, what="technician skill", lock=True)
    technician, skill = db.get(Technician, held.technician_id), db.get(Skill, held.skill_id)
    was = {name: getattr(held, name) for name in rules.FIELDS}
    search.remove("technician_skill", held.id)
    db.db.session.delete(held)
    db.db.session.flush()
    gone = journal.plain(was)
    journal.audit(REMOVED.name, record_type="technician", record_id=technician.id, skill_id=skill.id, skill=skill.name,
                  words=rules.held_words(gone), diff={k: {"from": v, "to": None} for k, v in gone.items()})  # fmt: skip
    events.emit(REMOVED, held.id, payload(held, technician.name, skill.name))
    return {"technician_id": technician.id, "skill_id": skill.id, **gone}


def set_for_all(held_ids: Sequence[int], changes: Mapping[str, Any]) -> int:
    """Change the same of several skills held; how many really changed."""
    changed = 0
    for held_id in held_ids:
        before = db.get(TechnicianSkill, held_id, what="technician skill").updated_at
        changed += update(held_id, changes).updated_at != before
    return changed


def payload(held: TechnicianSkill, technician: str, skill: str) -> dict[str, Any]:
    """What events tell of a skill held."""
    return {
        "id": held.id,
        "technician_id": held.technician_id,
        "technician": technician,
        "skill_id": held.skill_id,
        "skill": skill,
        "level": held.level,
        "expires_on": held.expires_on,
        "certificate": held.certificate,
    }


def _tell(
    kind: events.EventKind, held: TechnicianSkill, technician: Technician, skill: Skill, before: Any
) -> None:
    """Audit on the technician's record, where people look for it, and emit."""
    now = journal.plain({name: getattr(held, name) for name in rules.FIELDS})
    words = rules.held_words(now)
    if before is not None and before["level"] != held.level:
        words = f"level {before['level']} → {words.removeprefix('level ')}"
    journal.audit(kind.name, held, before=before, record_type="technician", record_id=technician.id,
                  technician_skill_id=held.id, skill_id=skill.id, skill=skill.name, words=words)  # fmt: skip
    events.emit(kind, held.id, payload(held, technician.name, skill.name))


def day_of(text: str | None) -> date | None:
    """A day as :func:`remove` gave it."""
    return date.fromisoformat(text) if text else None
