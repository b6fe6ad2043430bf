"""Scenes of promises by the clock, recurring jobs and places."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from tests.factories import dispatch as dispatching
from tests.factories import sla as promising
from tests.factories.world import Company
from tests.faults.scenes import END, PIECE, ROWS, World, count, due, scene
from webapp.kit import clock
from webapp.kit.db import db
from webapp.kit.tables import Job
from webapp.models import Notice, SlaClock, SlaPolicy, SlaViolation

# Promises by the clock --------------------------------------------------------------------------------------------


def check_broken(company: Company, world: World, nothing: None) -> None:
    assert count(company, SlaViolation) == ROWS
    with company.acting():
        for role in ("dispatcher", "manager"):
            mine = select(Notice.text).where(
                Notice.tenant_id == company.tenant_id, Notice.user_id == company.users[role]
            )
            said = "; ".join(db.session.scalars(mine))
            assert [said.count(f"Job {n}:") for n in range(ROWS)] == [1] * ROWS, "each is told of once"


@scene("sla.watch", check_broken, END, PIECE, audits={"sla.breached": ROWS}, events={"sla.breached": ROWS})
def broken_promises(company: Company) -> None:
    with company.acting("manager"), clock.at(clock.now() - timedelta(hours=2)):
        promising.policy(response_minutes=60, business_hours=False)
        for n in range(ROWS):
            dispatching.job(f"Job {n}")
    due(company, "sla.watch")


def check_moved(company: Company, world: World, nothing: None) -> None:
    moved = SlaClock.response_due_at == SlaClock.started_at + timedelta(minutes=90)
    assert count(company, SlaClock, moved) == ROWS


@scene("sla.recalculate", check_moved, END, PIECE)
def moved_promises(company: Company) -> None:
    with company.acting("manager"):
        policy = promising.policy(response_minutes=60, business_hours=False)
        for n in range(ROWS):
            dispatching.job(f"Job {n}")
        # behind the service's back: it would have the clocks told anew by a job of its own
        changed = update(SlaPolicy).where(SlaPolicy.tenant_id == company.tenant_id, SlaPolicy.id == policy.id)
        db.session.execute(changed.values(response_minutes=90))
        db.session.execute(delete(Job).where(Job.tenant_id == company.tenant_id, Job.kind == "sla.recalculate",
                                             Job.dedupe_key == "changed"))  # fmt: skip
    due(company, "sla.recalculate")
