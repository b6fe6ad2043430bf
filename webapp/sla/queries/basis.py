"""What clocks rest on: the company's calendar, its policies, and who is told."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import func, or_, select

from webapp.dispatch.queries import hours
from webapp.kit import clock, context
from webapp.kit.db import db
from webapp.models import Holiday, SlaClock, SlaPolicy, User
from webapp.sla import rules
from webapp.sla.rules.minutes import Calendar

TELL: tuple[tuple[str, ...], ...] = (("manager", "dispatcher"), ("owner", "admin"))


def zone() -> str:
    """The organization's IANA time zone."""
    return hours.zone()


def calendar() -> Calendar | None:
    """When the company works, holidays left out; None, around the clock, where it opens on no day."""
    statement = select(Holiday.on_date).where(Holiday.tenant_id == context.tenant_id())
    days = db.session.scalars(statement.order_by(Holiday.on_date)).all()
    return Calendar.of(hours.zone(), hours.business_hours(), days)


def policies(*, active: bool | None = True) -> Sequence[SlaPolicy]:
    """Policies in their order; ended ones only where they are asked for."""
    statement = select(SlaPolicy).where(SlaPolicy.tenant_id == context.tenant_id())
    if active is not None:
        statement = statement.where(SlaPolicy.active.is_(active))
    return db.session.scalars(statement.order_by(SlaPolicy.position, SlaPolicy.id)).all()


def last_position() -> int:
    statement = select(func.max(SlaPolicy.position)).where(SlaPolicy.tenant_id == context.tenant_id())
    return db.session.scalar(statement) or 0


def policy_named(name: str, besides: int | None = None) -> SlaPolicy | None:
    """The policy in force of this name, in any case."""
    return db.session.scalar(
        select(SlaPolicy)
        .where(
            SlaPolicy.tenant_id == context.tenant_id(),
            func.lower(SlaPolicy.name) == name.lower(),
            SlaPolicy.active,
            SlaPolicy.id != (besides or 0),
        )
        .limit(1)
    )


def was_used(policy_id: int) -> bool:
    """Whether a job ever had a policy."""
    statement = select(SlaClock.job_id).where(
        SlaClock.tenant_id == context.tenant_id(), SlaClock.policy_id == policy_id
    )
    return db.session.scalar(statement.limit(1)) is not None


def jobs_under() -> dict[int, int]:
    """How many jobs are under each policy now: those with a promise that is neither kept nor over."""
    c = SlaClock
    statement = (
        select(c.policy_id, func.count())
        .where(c.tenant_id == context.tenant_id(), c.ended_at.is_(None))
        .where(
            or_(
                (c.resolution_due_at.is_not(None)) & (c.resolution_met_at.is_(None)),
                (c.response_due_at.is_not(None)) & (c.response_met_at.is_(None)),
            )
        )
        .group_by(c.policy_id)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def policies_numbered(active: bool | None, updated_since: Any = None) -> Any:
    """Policies in their order, for the API."""
    statement = select(SlaPolicy).where(SlaPolicy.tenant_id == context.tenant_id())
    if active is not None:
        statement = statement.where(SlaPolicy.active.is_(active))
    if updated_since is not None:
        statement = statement.where(SlaPolicy.updated_at >= updated_since)
    return statement.order_by(SlaPolicy.position, SlaPolicy.id)


def holidays(first: date | None = None, last: date | None = None) -> Sequence[Holiday]:
    """Days without business hours, in order, between two days inclusive."""
    statement = select(Holiday).where(Holiday.tenant_id == context.tenant_id())
    if first is not None:
        statement = statement.where(Holiday.on_date >= first)
    if last is not None:
        statement = statement.where(Holiday.on_date <= last)
    return db.session.scalars(statement.order_by(Holiday.on_date)).all()


def holiday_on(day: date) -> Holiday | None:
    return db.session.scalar(
        select(Holiday).where(Holiday.tenant_id == context.tenant_id(), Holiday.on_date == day)
    )


@lru_cache(maxsize=8)
def federal(year: int) -> dict[date, str]:
    """The US federal holidays of a year and the days they are observed on, from the `holidays` library."""
    import holidays as library  # 0.3 s: only where somebody asks

    found = library.country_holidays("US", years=[year], observed=True)
    return {day: name for day, name in sorted(found.items()) if day.year == year}


def people() -> Sequence[User]:
    """Who is told of promises: active managers and dispatchers, else whoever administers the company."""
    everyone = select(User).where(User.tenant_id == context.tenant_id(), User.active).order_by(User.id)
    for roles in TELL:
        found = db.session.scalars(everyone.where(User.roles.overlap(list(roles)))).all()
        if found:
            return found
    return []


def today() -> date:
    return clock.today(zone())


def promise(policy: SlaPolicy, kind: str, company: Calendar | None) -> rules.clocks.Promise | None:
    """What a policy promises of one kind; None when it promises nothing of it."""
    minutes = policy.response_minutes if kind == "response" else policy.resolution_minutes
    if minutes is None:
        return None
    return rules.clocks.Promise(minutes, company if policy.business_hours else None, policy.warn_percent)


YEARS_AHEAD = timedelta(days=3 * 366)  # holidays that may be added
