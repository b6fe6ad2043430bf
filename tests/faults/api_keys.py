"""Scenes of API keys and their sandbox."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import func, select

from tests.factories import people
from tests.factories.world import Company
from tests.faults.scenes import END, PIECE, World, count, due, mails_to, scene
from webapp.accounts import queries as accounts
from webapp.accounts.service import key_usage, keys, sandboxes
from webapp.kit import clock, counts, jobs
from webapp.kit.db import add, db
from webapp.models import ApiUsage, Customer, DispatchJob, Notice, Sale
from webapp.sandbox import service as sandbox


def check_usage(company: Company, world: World, key_id: int) -> None:
    with company.acting():
        requests = db.session.scalar(select(func.sum(ApiUsage.requests)).where(ApiUsage.key_id == key_id))
    # what was counted was in Redis, which was emptied meanwhile: lost perhaps, never twice
    assert (requests or 0) in (0, 1)


@scene(key_usage.JOB, check_usage, END)
def usage(company: Company) -> int:
    with company.acting("admin"):
        number = keys.create("Website", "closebot")[0].id
        half = clock.unix() // key_usage.HALF_HOUR
        counts.add(key_usage.KIND, company.tenant_id, f"{number}|{half}|ok|GET /api/v1/sales")
        counts.send()
        jobs.add(key_usage.JOB)
    return number


def check_old_usage(company: Company, world: World, nothing: None) -> None:
    assert count(company, ApiUsage) == 1


@scene("accounts.forget_key_usage", check_old_usage, END)
def old_usage(company: Company) -> None:
    with company.acting("admin"):
        number = keys.create("Website", "closebot")[0].id
        for days in (0, 500):
            add(ApiUsage(tenant_id=company.tenant_id, key_id=number, day=clock.now().date() - timedelta(days=days),
                         route="GET /api/v1/sales", outcome="ok", requests=1))  # fmt: skip
    due(company, "accounts.forget_key_usage")


def check_reminded(company: Company, world: World, address: str) -> None:
    assert count(company, Notice, Notice.title.like("The API key%")) == 2
    assert len(mails_to(world, address)) == 1


@scene("accounts.key_reminders", check_reminded, END,
       audits={"api_key.reminded": 1, "message.queued": 2, "message.sent": 2}, events={"message.sent": 2})  # fmt: skip
def reminded(company: Company) -> str:
    with company.acting("admin"):
        row, _ = keys.create("Website", "closebot", expires_at=clock.now() + timedelta(days=20))
        row.expires_at = clock.now() + timedelta(days=10)
    due(company, "accounts.key_reminders")
    return f"owner@{company.code.lower()}.example.com"


def _is_a_sandbox(company: Company) -> None:
    with company.acting():
        accounts.organization().sandbox_of = uuid4()  # of an organization that has a newer one


def check_filled(company: Company, world: World, nothing: None) -> None:
    assert (count(company, Customer), count(company, DispatchJob), count(company, Sale)) == (10, 19, 6)


RECORDS = {"dispatch.created": 19, "dispatch.assigned": 16, "customer.created": 10, "item.created": 7,
           "technician.created": 4, "sale.created": 6, "sale.approved": 3, "sale.rejected": 1}  # fmt: skip


@scene(sandbox.FILL, check_filled, END,
       audits=RECORDS | {"customer.property_added": 10, "item_category.created": 3, "commission_rate.set": 1},
       events=RECORDS | {"customer.updated": 10, "item_category.created": 3, "commission.calculated": 6,
                         "commission.rates-changed": 1})  # fmt: skip
def filled(company: Company) -> None:
    _is_a_sandbox(company)
    with company.acting():
        jobs.add(sandbox.FILL)


def check_forgotten(company: Company, world: World, nothing: None) -> None:
    assert count(company, Customer) == 0


@scene(sandboxes.FORGET, check_forgotten, END, PIECE)
def forgotten(company: Company) -> None:
    _is_a_sandbox(company)
    with company.acting():
        people.customer(name="Sandy Box")
        jobs.add(sandboxes.FORGET)
