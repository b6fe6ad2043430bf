"""Reading connectors: for the courier and the pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from webapp.integrations.connectors import rules
from webapp.integrations.queries import targets
from webapp.kit import clock, context, crypto, errors
from webapp.kit.db import db, find
from webapp.kit.tables import Event
from webapp.models import Connector, ConnectorAttempt, ConnectorCall, ConnectorKey, ConnectorRule

# Keys -------------------------------------------------------------------------------------------------------------


def key_rows() -> list[ConnectorKey]:
    """The organization's signing keys, the newest first."""
    statement = (
        select(ConnectorKey)
        .where(ConnectorKey.tenant_id == context.tenant_id())
        .order_by(ConnectorKey.starts_at.desc(), ConnectorKey.id.desc())
        .limit(50)
    )
    return list(db.session.scalars(statement))


def keys() -> list[rules.Key]:
    """The same, opened: the one that signs now and those to come."""
    now = clock.now()
    found = []
    for row in key_rows():
        found.append(rules.Key(crypto.decrypt(row.sealed).decode(), row.starts_at))
        if row.starts_at <= now:
            break
    return found


# Connectors -------------------------------------------------------------------------------------------------------


def _mine() -> tuple[Any, ...]:
    return Connector.tenant_id == context.tenant_id(), Connector.deleted_at.is_(None)


def count() -> int:
    return int(db.session.scalar(select(func.count()).select_from(Connector).where(*_mine())) or 0)


def live(connector_id: int, *, lock: bool = False) -> Connector | None:
    """A connector that was not taken away; `lock` takes it for update and reads it afresh."""
    found = find(Connector, connector_id, lock=lock)
    return found if found is not None and found.deleted_at is None else None


def one(connector_id: int) -> Connector:
    """Raises NotFound."""
    found = live(connector_id)
    if found is None:
        raise errors.NotFound(f"No connector has the number {connector_id}.")
    return found


def by_name(name: str) -> Connector | None:
    """The connector of a name, in any case."""
    return db.session.scalar(select(Connector).where(*_mine(), func.lower(Connector.name) == name.lower()))


def names() -> list[tuple[int, str]]:
    """Connectors by name, for the filter."""
    rows = db.session.execute(
        select(Connector.id, Connector.name).where(*_mine()).order_by(Connector.name).limit(500)
    )
    return [(row.id, row.name) for row in rows]


def named(connector_ids: Sequence[int]) -> dict[int, str]:
    """The names of connectors, also of those that were taken away."""
    rows = db.session.execute(
        select(Connector.id, Connector.name).where(Connector.tenant_id == context.tenant_id(), Connector.id.in_(connector_ids))
    )  # fmt: skip
    return {row.id: row.name for row in rows}


def listed(words: str, state: str) -> Any:
    """Connectors for the list: by words of their name, description or address, by state."""
    return targets.listed(Connector, words, state, Connector.name, Connector.description, Connector.url)


# Rules ------------------------------------------------------------------------------------------------------------


def rules_of(connector_ids: Sequence[int]) -> dict[int, list[ConnectorRule]]:
    """The rules that call some connectors, by connector."""
    found: dict[int, list[ConnectorRule]] = {number: [] for number in connector_ids}
    statement = (
        select(ConnectorRule)
        .where(ConnectorRule.tenant_id == context.tenant_id(), ConnectorRule.connector_id.in_(connector_ids),
               ConnectorRule.deleted_at.is_(None))
        .order_by(ConnectorRule.id)
    )  # fmt: skip
    for row in db.session.scalars(statement):
        found[row.connector_id].append(row)
    return found


def rule(connector_id: int, rule_id: int, *, lock: bool = False) -> ConnectorRule:
    """One rule of a connector. Raises NotFound."""
    found = find(ConnectorRule, rule_id, lock=lock)
    if found is None or found.deleted_at is not None or found.connector_id != connector_id:
        raise errors.NotFound(f"No rule of this connector has the number {rule_id}.")
    return found


def rule_name(rule_id: int | None) -> str:
    """The name of a rule, also of one that was taken away."""
    found = find(ConnectorRule, rule_id) if rule_id is not None else None
    return found.name if found is not None else ""


def following(head: int, connector_ids: Sequence[int] | None = None) -> list[ConnectorRule]:
    """The rules that lag behind the journal's head and whose connector is on, of some connectors or of all, read afresh."""
    statement = (
        select(ConnectorRule)
        .join(Connector, (Connector.tenant_id == ConnectorRule.tenant_id) & (Connector.id == ConnectorRule.connector_id))
        .where(ConnectorRule.tenant_id == context.tenant_id(), ConnectorRule.enabled, ConnectorRule.deleted_at.is_(None),
               ConnectorRule.cursor_seq < head, Connector.enabled, Connector.deleted_at.is_(None))
        .order_by(ConnectorRule.id)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if connector_ids is not None:
        statement = statement.where(ConnectorRule.connector_id.in_(connector_ids)).with_for_update(
            of=ConnectorRule
        )
    return list(db.session.scalars(statement))


def happened(after: int, up_to: int) -> Sequence[Any]:
    """The events of a piece of the journal."""
    statement = (
        select(Event.seq, Event.id, Event.name, Event.created_at, Event.payload, Event.record_type, Event.record_id)
        .where(Event.tenant_id == context.tenant_id(), Event.seq > after, Event.seq <= up_to)
        .order_by(Event.seq)
    )  # fmt: skip
    return db.session.execute(statement).all()


def locked(connector_ids: Sequence[int]) -> dict[int, Connector]:
    """Connectors, locked: whoever adds calls holds them, as the courier lets go of one under the same lock."""
    statement = (
        select(Connector)
        .where(Connector.tenant_id == context.tenant_id(), Connector.id.in_(connector_ids))
        .order_by(Connector.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in db.session.scalars(statement)}


# Calls ------------------------------------------------------------------------------------------------------------


def calls(
    connector_id: int | None = None, statuses: Sequence[str] = (), *, origins: Sequence[str] = (), event: str = "",
    since: datetime | None = None, before: datetime | None = None, misfits: bool = False,
) -> Select[ConnectorCall]:  # fmt: skip
    """Calls of a connector or of all, by state, by what made them, by event and by day."""
    statement = select(ConnectorCall).where(ConnectorCall.tenant_id == context.tenant_id())
    if connector_id is not None:
        statement = statement.where(ConnectorCall.connector_id == connector_id)
    if statuses:
        statement = statement.where(ConnectorCall.status.in_(statuses))
    if origins:
        statement = statement.where(ConnectorCall.origin.in_(origins))
    if event:
        statement = statement.where(ConnectorCall.event == event)
    if since is not None:
        statement = statement.where(ConnectorCall.created_at >= since)
    if before is not None:
        statement = statement.where(ConnectorCall.created_at < before)
    if misfits:
        statement = statement.where(ConnectorCall.misfit != "")
    return statement


def searched(statement: Select[ConnectorCall], words: str) -> Select[ConnectorCall]:
    """Those whose id, key, record's number or status of HTTP somebody looks for, or whose event begins so."""
    wanted = words.strip().lower()
    if not wanted:
        return statement
    numbered = targets.by_number(wanted, ConnectorCall)
    if numbered is not None:
        return statement.where(numbered)
    if wanted.startswith("cnc_"):
        return statement.where(ConnectorCall.public_id == wanted)
    if wanted.startswith("idem_"):
        return statement.where(ConnectorCall.idempotency_key == wanted)
    return statement.where(ConnectorCall.event.startswith(wanted, autoescape=True))


def call(public_id: str) -> ConnectorCall:
    """One call. Raises NotFound."""
    found = db.session.scalar(calls().where(ConnectorCall.public_id == public_id))
    if found is None:
        raise errors.NotFound("No call has this id.")
    return found


def attempts(call_id: int) -> list[ConnectorAttempt]:
    """Every attempt of a call, the first one first."""
    statement = (
        select(ConnectorAttempt)
        .where(ConnectorAttempt.tenant_id == context.tenant_id(), ConnectorAttempt.call_id == call_id)
        .order_by(ConnectorAttempt.number, ConnectorAttempt.id)
    )
    return list(db.session.scalars(statement))


def called_for() -> Sequence[str]:
    """Which events the newest calls were made for, for the filter."""
    return targets.event_names(calls(), ConnectorCall)


def counts(connector_id: int) -> dict[str, int]:
    """How many calls wait and how many were given up, counted up to a thousand each."""
    return targets.backlog(calls(connector_id), ConnectorCall)
