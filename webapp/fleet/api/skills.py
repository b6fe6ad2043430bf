"""The field API of skills and of technicians' skills."""

from collections.abc import Callable
from typing import Any

from webapp.fleet.permissions import SKILLS_EDIT, SKILLS_READ
from webapp.fleet.queries import skilled as queries
from webapp.fleet.rules import skills as rules
from webapp.fleet.schemas import Removed, shape
from webapp.fleet.schemas import skills as schemas
from webapp.fleet.schemas.skills import HeldOut, SkillOut
from webapp.fleet.service import skills as service
from webapp.kit import db, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.models import Skill, TechnicianSkill

api = Api("technician_skills_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Technician skills")
LIST, ONE = "/admin/technician-skills", "/admin/technician-skills/<int:technician_skill_id>"


def _held(record: TechnicianSkill) -> dict[str, Any]:
    return _shaper()(record)


def _shaper() -> Callable[[TechnicianSkill], dict[str, Any]]:
    """Makes answers of skills held; asks for the day once."""
    today = queries.today()

    def answer(record: TechnicianSkill) -> dict[str, Any]:
        expired = rules.expiry_state(record.expires_on, today) == "expired"
        return shape(record, HeldOut, expired=expired)

    return answer


@api.get(LIST, permission=SKILLS_READ, query=schemas.HeldQuery, returns=HeldOut, paged=True)
def list_technician_skills(query: schemas.HeldQuery) -> Any:
    """List what technicians are skilled at, in the order it was added."""
    filters = queries.Filters(
        q=query.q,
        technician_ids=(query.technician_id,) if query.technician_id else (),
        skill_ids=(query.skill_id,) if query.skill_id else (),
        levels=(query.level,) if query.level else (),
        everybody=True,
    )
    return paging.numbered(queries.numbered(filters, query.updated_since), query, _shaper(), scalars=True)


@api.post(LIST, permission=SKILLS_EDIT, body=schemas.HeldIn, returns=HeldOut, status=201)
def create_technician_skill(body: schemas.HeldIn) -> dict[str, Any]:
    """Give a technician a skill."""
    values = body.model_dump(exclude_unset=True, exclude={"technician_id", "skill_id"})
    return _held(service.create(body.technician_id, body.skill_id, values))


@api.get(f"{LIST}/expiring", permission=SKILLS_READ, query=schemas.ExpiringQuery, returns=HeldOut, paged=True)
def expiring_technician_skills(query: schemas.ExpiringQuery) -> Any:
    """Certificates of active technicians that expire within `days` or have expired, the earliest first."""
    filters = queries.Filters(
        expiring_days=query.days,
        technician_ids=(query.technician_id,) if query.technician_id else (),
        skill_ids=(query.skill_id,) if query.skill_id else (),
    )
    statement = queries.numbered(filters, query.updated_since, by_expiry=True)
    return paging.numbered(statement, query, _shaper(), scalars=True)


@api.get(ONE, permission=SKILLS_READ, returns=HeldOut)
def get_technician_skill(technician_skill_id: int) -> dict[str, Any]:
    """One skill of one technician."""
    return _held(db.get(TechnicianSkill, technician_skill_id, what="technician skill"))


@api.patch(ONE, permission=SKILLS_EDIT, body=schemas.HeldChange, returns=HeldOut)
def update_technician_skill(technician_skill_id: int, body: schemas.HeldChange) -> dict[str, Any]:
    """Change level, expiry or certificate of a technician's skill."""
    return _held(service.update(technician_skill_id, body.model_dump(exclude_unset=True)))


@api.delete(ONE, permission=SKILLS_EDIT, returns=Removed)
def delete_technician_skill(technician_skill_id: int) -> dict[str, Any]:
    """Take a skill from a technician."""
    service.remove(technician_skill_id)
    return {"id": technician_skill_id, "deleted": True, "archived": False}


# The catalogue ------------------------------------------------------------------------------------------------------


@api.get("/admin/skills", permission=SKILLS_READ, query=schemas.SkillQuery, returns=SkillOut, paged=True)
def list_skills(query: schemas.SkillQuery) -> Any:
    """List the catalog of skills, in the order they were added."""
    statement = queries.catalogue_numbered(archived=query.archived, updated_since=query.updated_since)
    return paging.numbered(statement, query, lambda skill: shape(skill, SkillOut), scalars=True)


@api.post("/admin/skills", permission=SKILLS_EDIT, body=schemas.SkillIn, returns=SkillOut, status=201)
def create_skill(body: schemas.SkillIn) -> dict[str, Any]:
    """Add a skill to the catalog."""
    return shape(service.create_skill(body.model_dump()), SkillOut)


@api.get("/admin/skills/<int:skill_id>", permission=SKILLS_READ, returns=SkillOut)
def get_skill(skill_id: int) -> dict[str, Any]:
    """One skill."""
    return shape(db.get(Skill, skill_id), SkillOut)


@api.patch("/admin/skills/<int:skill_id>", permission=SKILLS_EDIT, body=schemas.SkillChange, returns=SkillOut)
def update_skill(skill_id: int, body: schemas.SkillChange) -> dict[str, Any]:
    """Change or archive a skill."""
    return shape(service.update_skill(skill_id, body.model_dump(exclude_unset=True)), SkillOut)


@api.delete("/admin/skills/<int:skill_id>", permission=SKILLS_EDIT, returns=Removed)
def delete_skill(skill_id: int) -> dict[str, Any]:
    """Archive a skill: who has it keeps it."""
    service.update_skill(skill_id, {"archived": True})
    return {"id": skill_id, "deleted": False, "archived": True}
