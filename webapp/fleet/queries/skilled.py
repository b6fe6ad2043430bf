"""Reading skills: the catalogue, who has what, what expires."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select

from webapp.accounts import queries as accounts
from webapp.fleet import rules
from webapp.fleet.rules.skills import SkillHeld
from webapp.kit import context, csv, listing, search
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import Skill, Technician, TechnicianSkill, User
from webapp.technicians import queries as technicians
from webapp.technicians.queries import today

__all__ = ["SkillHeld", "skills", "skills_of", "today"]


# What other domains ask ---------------------------------------------------------------------------------------------


def skills() -> list[tuple[int, str]]:
    """Every skill of the catalogue that is not archived, by name."""
    statement = select(Skill.id, Skill.name).where(
        Skill.tenant_id == context.tenant_id(), Skill.archived.is_(False)
    )
    return [(row.id, row.name) for row in read_rows(statement.order_by(func.lower(Skill.name), Skill.id))]


def skills_of(technician_ids: Iterable[int]) -> dict[int, dict[int, SkillHeld]]:
    """What technicians are skilled at, by technician and skill. Expired ones are there too: look at `expires_on`."""
    wanted = list(technician_ids)
    found: dict[int, dict[int, SkillHeld]] = {technician_id: {} for technician_id in wanted}
    if wanted:
        statement = select(
            TechnicianSkill.technician_id,
            TechnicianSkill.skill_id,
            TechnicianSkill.level,
            TechnicianSkill.expires_on,
        ).where(TechnicianSkill.tenant_id == context.tenant_id(), TechnicianSkill.technician_id.in_(wanted))
        for row in read_rows(statement):
            found[row.technician_id][row.skill_id] = SkillHeld(row.level, row.expires_on)
    return found


# The catalogue ------------------------------------------------------------------------------------------------------


def catalogue() -> Sequence[Row[Any]]:
    """Every skill with how many active technicians have it and how many certificates are expired or soon will be."""
    day = today()
    held = and_(
        TechnicianSkill.tenant_id == Skill.tenant_id,
        TechnicianSkill.skill_id == Skill.id,
        TechnicianSkill.technician_id.in_(_active_ids(day)),
    )
    soon = TechnicianSkill.expires_on <= day + timedelta(days=rules.skills.SOON_DAYS)
    statement = (
        select(
            Skill.id,
            Skill.name,
            Skill.description,
            Skill.certified,
            Skill.archived,
            Skill.updated_at,
            func.count(TechnicianSkill.id).label("holders"),
            func.count(TechnicianSkill.id).filter(soon).label("expiring"),
        )
        .outerjoin(TechnicianSkill, held)
        .where(Skill.tenant_id == context.tenant_id())
        .group_by(Skill.tenant_id, Skill.id)
        .order_by(Skill.archived, func.lower(Skill.name), Skill.id)
    )
    return read_rows(statement)


def catalogue_numbered(*, archived: bool | None = None, updated_since: Any = None) -> Any:
    """Skills in the order they were added, for the API."""
    statement = select(Skill).where(Skill.tenant_id == context.tenant_id())
    if archived is not None:
        statement = statement.where(Skill.archived.is_(archived))
    if updated_since is not None:
        statement = statement.where(Skill.updated_at >= updated_since)
    return statement.order_by(Skill.id)


def named(name: str, besides: int | None = None) -> Skill | None:
    """The skill of this name, in any case, archived ones too."""
    return db.session.scalar(
        select(Skill).where(
            Skill.tenant_id == context.tenant_id(),
            func.lower(Skill.name) == func.lower(name),
            Skill.id != (besides or 0),
        )
    )


# Who has what -------------------------------------------------------------------------------------------------------


def _active_ids(day: date) -> Any:
    return select(Technician.id).where(
        Technician.tenant_id == context.tenant_id(), technicians.in_state("active", day)
    )


@dataclass(frozen=True, slots=True)
class Matrix:
    """One page of technicians against all skills in use. `held` is by (technician, skill)."""

    skills: list[tuple[int, str, bool]]  # id, name, whether it comes with a certificate
    technicians: list[Row[Any]]
    held: dict[tuple[int, int], Row[Any]]
    total: int
    page: int


def matrix(q: str, skill_ids: Sequence[int], page: int, per_page: int) -> Matrix:
    """Active technicians whose names have these words, by name, with every skill they have. Four queries."""
    tenant = context.tenant_id()
    columns = select(Skill.id, Skill.name, Skill.certified).where(
        Skill.tenant_id == tenant, Skill.archived.is_(False)
    )
    if skill_ids:
        columns = columns.where(Skill.id.in_(skill_ids))
    across = [
        (r.id, r.name, r.certified) for r in read_rows(columns.order_by(func.lower(Skill.name), Skill.id))
    ]
    statement = technicians.matching(
        select(Technician.id, Technician.name, Technician.color, Technician.employee_number),
        technicians.Filters(q=q, state="active"),
    )
    total = db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    down = list(
        read_rows(
            statement.order_by(Technician.name, Technician.id).limit(per_page).offset((page - 1) * per_page)
        )
    )
    held = {}
    if down and across:
        cells = select(
            TechnicianSkill.id, TechnicianSkill.technician_id, TechnicianSkill.skill_id, TechnicianSkill.level,
            TechnicianSkill.expires_on, TechnicianSkill.certificate,
        ).where(
            TechnicianSkill.tenant_id == tenant,
            TechnicianSkill.technician_id.in_([r.id for r in down]),
            TechnicianSkill.skill_id.in_([s[0] for s in across]),
        )  # fmt: skip
        held = {(r.technician_id, r.skill_id): r for r in read_rows(cells)}
    return Matrix(across, down, held, total, page)


def held(technician_id: int, skill_id: int) -> TechnicianSkill | None:
    """What one technician has of one skill."""
    return db.session.scalar(
        select(TechnicianSkill).where(
            TechnicianSkill.tenant_id == context.tenant_id(),
            TechnicianSkill.technician_id == technician_id,
            TechnicianSkill.skill_id == skill_id,
        )
    )


def of_technician(technician_id: int) -> Sequence[Row[Any]]:
    """The skills of one technician, the best first."""
    statement = rows(Filters(technician_ids=(technician_id,), everybody=True))
    return read_rows(
        statement.order_by(TechnicianSkill.level.desc(), func.lower(Skill.name), TechnicianSkill.id).limit(
            100
        )
    )


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of skills held is narrowed to. `expiring_days`: with an expiry at most so many days ahead."""

    q: str = ""
    technician_ids: tuple[int, ...] = ()
    skill_ids: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    expiring_days: int | None = None
    expired: bool | None = None
    certified: bool = False  # only what carries an expiry or a certificate number
    everybody: bool = field(default=False)  # also who works here no longer


SORTS = {
    "expires_on": listing.Sort(TechnicianSkill.expires_on),
    "technician": listing.Sort(Technician.name),
    "skill": listing.Sort(Skill.name),
    "level": listing.Sort(TechnicianSkill.level, descending=True),
    "updated_at": listing.Sort(TechnicianSkill.updated_at, descending=True),
}


def matching(statement: Any, filters: Filters) -> Any:
    """Narrow a statement over skills held. Words are sought in the technician, the skill and the certificate's number."""
    day = today()
    statement = statement.where(TechnicianSkill.tenant_id == context.tenant_id())
    if not filters.everybody:
        statement = statement.where(TechnicianSkill.technician_id.in_(_active_ids(day)))
    if filters.technician_ids:
        statement = statement.where(TechnicianSkill.technician_id.in_(filters.technician_ids))
    if filters.skill_ids:
        statement = statement.where(TechnicianSkill.skill_id.in_(filters.skill_ids))
    if filters.levels:
        statement = statement.where(TechnicianSkill.level.in_(filters.levels))
    if filters.expiring_days is not None:
        last = day + timedelta(days=filters.expiring_days)
        statement = statement.where(TechnicianSkill.expires_on <= last)
    if filters.expired is not None:
        over = TechnicianSkill.expires_on < day
        statement = statement.where(over if filters.expired else TechnicianSkill.expires_on >= day)
    if filters.certified:
        statement = statement.where(
            or_(TechnicianSkill.expires_on.is_not(None), TechnicianSkill.certificate != "")
        )
    for word in search.words(filters.q)[:6]:
        statement = statement.where(
            or_(
                *search.conditions("technician", word, TechnicianSkill.technician_id),
                *search.conditions("skill", word, TechnicianSkill.skill_id),
                *search.conditions("technician_skill", word, TechnicianSkill.id),
            )
        )
    return statement


def rows(filters: Filters) -> Any:
    """The rows of the list page."""
    statement = (
        select(
            TechnicianSkill.id, TechnicianSkill.technician_id, TechnicianSkill.skill_id, TechnicianSkill.level,
            TechnicianSkill.expires_on, TechnicianSkill.certificate, TechnicianSkill.notes, TechnicianSkill.updated_at,
            Technician.name.label("technician"), Technician.employee_number, Skill.name.label("skill"),
        )
        .join(Technician, and_(Technician.tenant_id == TechnicianSkill.tenant_id,
                               Technician.id == TechnicianSkill.technician_id))
        .join(Skill, and_(Skill.tenant_id == TechnicianSkill.tenant_id, Skill.id == TechnicianSkill.skill_id))
    )  # fmt: skip
    return matching(statement, filters)


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all that match, for “all that match” of a bulk action."""
    statement = matching(select(TechnicianSkill.id), filters)
    return list(db.session.scalars(statement.order_by(TechnicianSkill.id).limit(limit)))


def csv_columns() -> dict[str, list[ColumnElement[Any]]]:
    """The list's columns as a file has them; the import understands them again."""
    zone = accounts.organization().time_zone
    return {
        "technician": [
            csv.safe(Technician.name).label("Technician"),
            csv.safe(Technician.employee_number).label("Employee number"),
        ],
        "skill": [csv.safe(Skill.name).label("Skill")],
        "level": [TechnicianSkill.level.label("Level")],
        "expires_on": [TechnicianSkill.expires_on.label("Expires on")],
        "state": [case(*_states(), else_="").label("State")],
        "certificate": [csv.safe(TechnicianSkill.certificate).label("Certificate")],
        "notes": [csv.safe(TechnicianSkill.notes).label("Notes")],
        "updated_at": [csv.moment(TechnicianSkill.updated_at, zone).label("Changed")],
    }


def _states() -> tuple[tuple[ColumnElement[bool], str], ...]:
    day = today()
    return (
        (TechnicianSkill.expires_on < day, "Expired"),
        (TechnicianSkill.expires_on <= day + timedelta(days=rules.skills.SOON_DAYS), "Expiring"),
        (TechnicianSkill.expires_on.is_not(None), "Valid"),
    )


def tallies() -> dict[str, int]:
    """How many skills held by active technicians are expired, expiring within 30 and 60 days, certified, and in all."""
    day = today()
    on = TechnicianSkill.expires_on
    row = db.session.execute(
        select(
            func.count().label("all"),
            func.count().filter(on < day).label("expired"),
            func.count().filter(and_(on >= day, on <= day + timedelta(days=30))).label("within_30"),
            func.count()
            .filter(and_(on >= day, on <= day + timedelta(days=rules.skills.SOON_DAYS)))
            .label("soon"),
            func.count().filter(or_(on.is_not(None), TechnicianSkill.certificate != "")).label("certified"),
        ).where(
            TechnicianSkill.tenant_id == context.tenant_id(),
            TechnicianSkill.technician_id.in_(_active_ids(day)),
        )
    ).one()
    return dict(row._mapping)


def numbered(filters: Filters, updated_since: Any = None, *, by_expiry: bool = False) -> Any:
    """Skills held in the order they were added, or by expiry, for the API."""
    statement = matching(select(TechnicianSkill), filters)
    if updated_since is not None:
        statement = statement.where(TechnicianSkill.updated_at >= updated_since)
    return (
        statement.order_by(TechnicianSkill.expires_on, TechnicianSkill.id)
        if by_expiry
        else statement.order_by(TechnicianSkill.id)
    )


# Reminders ----------------------------------------------------------------------------------------------------------


def to_remind(day: date, after: int, limit: int) -> list[tuple[TechnicianSkill, Any, str]]:
    """Skills of active technicians that expire within the reminders' days or lately did: with the technician's row
    (`name`, `email`) and the skill's name. Locked, so that nobody renews one meanwhile; ids from `after` on."""
    first = day - timedelta(days=rules.skills.LATE_DAYS)
    last = day + timedelta(days=rules.skills.SOON_DAYS)
    statement = (
        select(TechnicianSkill, Technician, Skill.name)
        .join(Technician, and_(Technician.tenant_id == TechnicianSkill.tenant_id,
                               Technician.id == TechnicianSkill.technician_id))
        .join(Skill, and_(Skill.tenant_id == TechnicianSkill.tenant_id, Skill.id == TechnicianSkill.skill_id))
        .where(TechnicianSkill.tenant_id == context.tenant_id(), TechnicianSkill.expires_on.between(first, last),
               TechnicianSkill.id > after, Skill.archived.is_(False), technicians.in_state("active", day))
        .order_by(TechnicianSkill.id)
        .limit(limit)
        .with_for_update(of=TechnicianSkill)
    )  # fmt: skip
    return [tuple(row) for row in db.session.execute(statement)]  # type: ignore[misc]  # three columns each


def users_of(technician_ids: Iterable[int]) -> dict[int, User]:
    """Who signs in as technicians, active users only, by technician."""
    statement = select(User).where(
        User.tenant_id == context.tenant_id(), User.technician_id.in_(list(technician_ids)), User.active
    )
    return {u.technician_id: u for u in db.session.scalars(statement) if u.technician_id is not None}


def managers() -> Sequence[User]:
    """Who is told of what the company must see to: active managers, else whoever administers it."""
    everyone = select(User).where(User.tenant_id == context.tenant_id(), User.active).order_by(User.id)
    for roles in (["manager"], ["owner", "admin"]):
        found = db.session.scalars(everyone.where(User.roles.overlap(roles))).all()
        if found:
            return found
    return []
