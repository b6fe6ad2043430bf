"""Short ways to endpoints, events and their delivery."""

from typing import Any

from sqlalchemy import select

from tests.factories.world import Company
from webapp.integrations import courier
from webapp.integrations.sending import Sender
from webapp.integrations.service import endpoints
from webapp.integrations.service.endpoints import Made, Wanted
from webapp.kit import events, jobs
from webapp.kit.db import db
from webapp.models import WebhookAttempt, WebhookDelivery


def register(company: Company, url: str, *names: str, api: str = "growth", **more: Any) -> Made:
    with company.acting("admin"):
        return endpoints.register(Wanted(url, names or ("*",), **more), api)


def happen(company: Company, record: int = 1, name: str = "sale.created", **payload: Any) -> None:
    """An event, in a transaction of its own."""
    with company.acting("manager"):
        events.emit(events.CATALOGUE[name], record, payload or {"sale_id": record})


def deliver(company: Company, timeout: float = 3.0, chance: float = 0.5) -> int:
    """Everything that is due now, as a courier does it. A chance of a half is no jitter at all."""
    sender = Sender(company.app, timeout=timeout, chance=lambda: chance)
    return courier.work_off(company.app, company.tenant_id, sender)


def drain(company: Company) -> int:
    """The waiting job, as any worker does it."""
    with company.app.app_context():
        return jobs.drain(jobs.HOOKS, company.tenant_id)


def deliveries(company: Company) -> list[WebhookDelivery]:
    with company.acting("admin"):
        mine = select(WebhookDelivery).where(WebhookDelivery.tenant_id == company.tenant_id)
        return list(db.session.scalars(mine.order_by(WebhookDelivery.id)))


def attempts(company: Company) -> list[WebhookAttempt]:
    with company.acting("admin"):
        mine = select(WebhookAttempt).where(WebhookAttempt.tenant_id == company.tenant_id)
        return list(db.session.scalars(mine.order_by(WebhookAttempt.id)))
