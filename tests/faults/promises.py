"""Scenes of promises by the clock, recurring jobs and places."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from tests.factories import dispatch as dispatching
from tests.factories import sla as promising
from tests.factories.world import Company
from tests.faults.scenes import END, PIECE, ROWS, World, count, due, scene
from webapp.dispatch import places
from webapp.dispatch.service import recurring
from webapp.kit import clock, jobs
from webapp.kit.db import db, get
from webapp.kit.tables import Job
from webapp.models import DispatchJob, Geocode, Notice, RecurringJob, SlaClock, SlaPolicy, SlaViolation

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


# Recurring jobs ---------------------------------------------------------------------------------------------------


def check_made(company: Company, world: World, number: int) -> None:
    with company.acting():
        mine = select(DispatchJob.occurrence_at).where(
            DispatchJob.tenant_id == company.tenant_id, DispatchJob.recurring_id == number
        )
        made = list(db.session.scalars(mine))
        assert len(made) == len(set(made)) == ROWS + 2
        record = get(RecurringJob, number)
        assert record.made_until is not None
        assert recurring.make(number) == (0, False)


@scene(
    "dispatch.recur",
    check_made,
    END,
    PIECE,
    audits={"dispatch.created": ROWS},
    events={"dispatch.created": ROWS},
)
def recurring_job(company: Company) -> int:
    with company.acting("manager"):
        start = clock.now().replace(microsecond=0) + timedelta(hours=1)
        values = {"title": "Filter change", "job_type": "maintenance"}
        record = recurring.create(
            recurring.NewRecurring(values=values, rule="FREQ=DAILY;COUNT=7", starts_at=start, weeks_ahead=1)
        )
        number = record.id
        # as if five days had gone by since: the first two are there, the others are to be made
        late = select(DispatchJob.id).where(
            DispatchJob.tenant_id == company.tenant_id,
            DispatchJob.occurrence_at > start + timedelta(days=1, hours=2),
        )
        for job_id in list(db.session.scalars(late)):
            get(DispatchJob, job_id).occurrence_at = None
            get(DispatchJob, job_id).recurring_id = None
        record.made_until = start + timedelta(days=1)
    due(company, "dispatch.recur")
    return number


# Places -----------------------------------------------------------------------------------------------------------


def check_located(company: Company, world: World, number: int) -> None:
    with company.acting():
        job = get(DispatchJob, number)
        assert (float(job.latitude), job.place_source) == (27.951, "geocoder")


@scene("dispatch.geocode", check_located, END, audits={"dispatch.located": 1}, events={"dispatch.updated": 1})
def located(company: Company) -> int:
    with company.acting("manager"):
        job = dispatching.job(
            "No heat", service_address="9 Elm St", service_city="Tampa", service_zip="33602"
        )
        # what the geocoder said of this address before: nobody is asked again
        db.session.add(Geocode(tenant_id=company.tenant_id, address_hash=places.address_hash(job), latitude=27.951,
                               longitude=-82.458, source="geocoder", found_at=clock.now()))  # fmt: skip
        jobs.add("dispatch.geocode", {"job_id": job.id})
        return job.id
