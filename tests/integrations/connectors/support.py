"""Short ways to connectors, rules, calls; and a receiver's own check of the signature, written from the document."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import select

from tests.factories.world import Company
from tests.integrations.receivers import Got, Receiver
from webapp.integrations import courier
from webapp.integrations.connectors.calling import Caller
from webapp.integrations.connectors.mapping import Condition, Source
from webapp.integrations.connectors.service import acting, calls, keys, registry
from webapp.integrations.connectors.service.registry import Wanted
from webapp.integrations.connectors.service.work import CONNECTORS
from webapp.kit.db import db
from webapp.models import Connector, ConnectorAttempt, ConnectorCall, ConnectorRule

JOB = {
    "type": "object",
    "properties": {"job_id": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["job_id"],
}
ANSWER = {
    "type": "object",
    "properties": {"ticket": {"type": "string"}},
    "required": ["ticket"],
}


def describe(company: Company, url: str, **more: Any) -> Connector:
    given = {"name": "Book the job", "description": "Books it", "url": url, "method": "POST", "inputs": JOB,
             "outputs": {"type": "object"}}  # fmt: skip
    with company.acting("admin"):
        return registry.create(Wanted(**(given | more))).connector


def when(company: Company, connector: Connector, *events: str, conditions: tuple[Condition, ...] = (),
         **mapping: Source) -> ConnectorRule:  # fmt: skip
    given = mapping or {"job_id": Source("path", "data.sale_id")}
    wanted = acting.Wanted("A rule", events or ("sale.created",), conditions, given)
    with company.acting("admin"):
        return acting.create(connector, wanted)


def console(company: Company, connector: Connector, *, once: bool = True, **inputs: Any) -> ConnectorCall:
    with company.acting("admin"):
        return calls.make(connector, inputs, once=once)


def key_of(company: Company) -> str:
    with company.acting("admin"):
        return keys.shown()[-1].text


def call_off(company: Company, timeout: float = 3.0, chance: float = 0.5) -> int:
    """Everything that is due now, as a courier does it. A chance of a half is no jitter at all."""
    caller = Caller(company.app, timeout=timeout, chance=lambda: chance)
    return courier.work_off(company.app, company.tenant_id, caller, CONNECTORS)


def made(company: Company) -> list[ConnectorCall]:
    with company.acting("admin"):
        mine = select(ConnectorCall).where(ConnectorCall.tenant_id == company.tenant_id)
        return list(db.session.scalars(mine.order_by(ConnectorCall.id)))


def attempts(company: Company) -> list[ConnectorAttempt]:
    with company.acting("admin"):
        mine = select(ConnectorAttempt).where(ConnectorAttempt.tenant_id == company.tenant_id)
        return list(db.session.scalars(mine.order_by(ConnectorAttempt.id)))


def reload(company: Company, connector: Connector) -> Connector:
    with company.acting():
        return db.session.get_one(Connector, (company.tenant_id, connector.id), populate_existing=True)


def verifies(receiver: Receiver, got: Got, key: str, header: str = "x-signature") -> bool:
    """As a receiver checks it, from the contract's words alone."""
    path, _, query = got.path.partition("?")
    content = got.body.decode()
    if not content:
        content = json.dumps(dict(parse_qsl(query, keep_blank_values=True)), sort_keys=True)
    signed = f"{receiver.url(path)}:{got.headers['x-idempotency-key']}:{got.headers['x-timestamp']}:{content}"
    expected = hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, got.headers.get(header, ""))
