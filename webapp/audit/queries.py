"""Reading the audit log: lists, one entry, a record's history."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import ColumnElement, Select, select, text
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from webapp.audit import rules
from webapp.audit.permissions import AUDIT_READ
from webapp.kit import context, words
from webapp.kit.db import db
from webapp.kit.permissions import may
from webapp.kit.tables import AuditEntry, JournalHead
from webapp.models import (
    ApiKey,
    Customer,
    Item,
    ItemCategory,
    Organization,
    ServiceZone,
    Skill,
    Technician,
    User,
    Vehicle,
)

# fields that hold a record's number → the column that names it
NAMED: dict[str, ColumnElement[str]] = {}
for _column, _fields in (
    (Technician.name, ("technician_id", "supervisor_id")),
    (Customer.name, ("customer_id", "merged_into_id", "kept_id", "merged_id")),
    (Item.name, ("item_id",)),
    (ItemCategory.name, ("category_id",)),
    (Vehicle.name, ("vehicle_id",)),
    (Skill.name, ("skill_id",)),
    (ServiceZone.name, ("zone_id", "service_zone_id")),
    (User.name, ("user_id", "approved_by", "rejected_by", "voided_by", "closed_by", "decided_by", "requested_by",
                 "created_by")),
):  # fmt: skip
    NAMED |= dict.fromkeys(_fields, _column)  # type: ignore[arg-type]  # a mapped column is one

# a record's page, linked where the application has that address
PAGES = {"sale": "/sales/{}", "customer": "/customers/{}", "technician": "/technicians/{}", "item": "/items/{}",
         "pay_period": "/pay-periods/{}", "message": "/outbox/{}", "user": "/settings/people/{}",
         "import": "/imports/{}", "download": "/downloads/{}", "vehicle": "/vehicles/{}",
         "service_zone": "/service-zones/{}", "webhook": "/settings/webhooks/{}", "api_key": "/settings/keys/{}"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for; everything left empty is not asked."""

    action: str = ""
    source: str = ""
    sources: tuple[str, ...] = ()  # any of these
    actor: str = ""
    record_type: str = ""
    record_id: int | None = None
    correlation_id: str = ""
    start_at: datetime | None = None
    end_at: datetime | None = None  # inclusive

    @property
    def any(self) -> bool:
        return self != Filter()


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """The conditions of a filter, the organization's first."""
    found: list[ColumnElement[bool]] = [AuditEntry.tenant_id == context.tenant_id()]
    pairs: tuple[tuple[Any, Any], ...] = (
        (AuditEntry.action, wanted.action), (AuditEntry.source, wanted.source), (AuditEntry.actor, wanted.actor),
        (AuditEntry.record_type, wanted.record_type), (AuditEntry.record_id, wanted.record_id),
        (AuditEntry.correlation_id, wanted.correlation_id),
    )  # fmt: skip
    found += [column == value for column, value in pairs if value not in ("", None)]
    if wanted.sources:
        found.append(AuditEntry.source.in_(wanted.sources))
    if wanted.start_at is not None:
        found.append(AuditEntry.created_at >= wanted.start_at)
    if wanted.end_at is not None:
        found.append(AuditEntry.created_at <= wanted.end_at)
    return found


def entries(wanted: Filter) -> Select[Any]:
    """Entries as rows; `id` is the position in the chain, which the list's keyset and links go by."""
    columns: Any = (
        AuditEntry.seq.label("id"), AuditEntry.id.label("public_id"), AuditEntry.created_at, AuditEntry.action,
        AuditEntry.source, AuditEntry.actor, AuditEntry.actor_name, AuditEntry.address, AuditEntry.correlation_id,
        AuditEntry.record_type, AuditEntry.record_id, AuditEntry.payload, AuditEntry.hash,
    )  # fmt: skip
    return select(*columns).where(*conditions(wanted))


def one(seq: int) -> AuditEntry | None:
    """The entry at a position of the chain."""
    return db.session.scalar(
        select(AuditEntry).where(AuditEntry.tenant_id == context.tenant_id(), AuditEntry.seq == seq)
    )


def by_id(entry_id: UUID) -> AuditEntry | None:
    return db.session.scalar(
        select(AuditEntry).where(AuditEntry.tenant_id == context.tenant_id(), AuditEntry.id == entry_id)
    )


def together(correlation_id: str, but: int, limit: int = 9) -> Sequence[Any]:
    """What else the same request or job changed, near an entry."""
    statement = (
        entries(Filter(correlation_id=correlation_id))
        .where(AuditEntry.seq.between(but - 200, but + 200), AuditEntry.seq != but)
        .order_by(AuditEntry.seq)
        .limit(limit)
    )
    return db.session.execute(statement).all()


def head() -> JournalHead:
    found = db.session.get(JournalHead, context.tenant_id(), populate_existing=True)
    assert found is not None  # every organization has a journal
    return found


def dropped() -> AuditEntry | None:
    """The newest entry that says which older ones were let go of; it tells all that ever were."""
    statement = (
        select(AuditEntry)
        .where(AuditEntry.tenant_id == context.tenant_id(), AuditEntry.action == rules.DROPPED)
        .order_by(AuditEntry.created_at.desc(), AuditEntry.seq.desc())
        .limit(1)
    )
    return db.session.scalar(statement)


def gaps() -> list[rules.Gap]:
    """The positions of the chain that were let go of after seven years, or are about to be."""
    found = dropped()
    return gaps_in(found.payload) if found else []


def gaps_in(payload: Mapping[str, Any]) -> list[rules.Gap]:
    return [
        rules.Gap(int(first), int(last), bytes.fromhex(last_hash))
        for first, last, last_hash in payload["gaps"]
    ]


def kept(stand: JournalHead) -> int:
    """How many entries there are."""
    return int(stand.audit_seq) - sum(gap.entries for gap in gaps())


def runs(before: datetime) -> list[rules.Gap]:
    """The entries from before a moment as runs of positions without a gap: mostly one.

    Of transactions that ended around the turn of a month a later one may have the lower position.
    """
    statement = text(
        """
        with old as (
            select seq, seq - row_number() over (order by seq) as run from audit_entries
            where tenant_id = :t and created_at < :before
        ), runs as (select min(seq) as first, max(seq) as last from old group by run)
        select runs.first, runs.last, a.hash from runs
        join audit_entries a on a.tenant_id = :t and a.seq = runs.last
        order by runs.first
        """
    )
    found = db.session.execute(statement, {"t": context.tenant_id(), "before": before})
    return [rules.Gap(row.first, row.last, bytes(row.hash)) for row in found]


def actions() -> list[str]:
    """Every action that occurs, by skipping from one to the next in the index."""
    statement = text(
        """
        with recursive found(action) as (
            (select min(action) from audit_entries where tenant_id = :t)
            union all
            select (select min(a.action) from audit_entries a where a.tenant_id = :t and a.action > found.action)
            from found where found.action is not null
        ) select action from found where action is not null
        """
    )
    return [row.action for row in db.session.execute(statement, {"t": context.tenant_id()})]


def people() -> list[tuple[str, str]]:
    """Who may have done something: users and API keys, as (`user:12`, name)."""
    tenant = context.tenant_id()
    users = db.session.execute(
        select(User.id, User.name).where(User.tenant_id == tenant).order_by(User.name)
    ).all()
    keys = db.session.execute(
        select(ApiKey.id, ApiKey.name).where(ApiKey.tenant_id == tenant).order_by(ApiKey.name)
    ).all()
    return [(f"user:{u.id}", u.name) for u in users] + [(f"key:{k.id}", f"{k.name} (API key)") for k in keys]


# In words ---------------------------------------------------------------------------------------------------------


def zone() -> str:
    company = db.session.get(Organization, context.tenant_id())
    return company.time_zone if company else "UTC"


def names_in(payloads: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """The names of every record that some diffs refer to by number: one query for each kind of record."""
    wanted: dict[Any, set[int]] = defaultdict(set)
    for payload in payloads:
        for field, change in _diff(payload).items():
            if field in NAMED:
                wanted[NAMED[field]] |= {
                    v for v in (change.get("from"), change.get("to")) if isinstance(v, int)
                }
    found: dict[Any, dict[int, str]] = {}
    for column, numbers in wanted.items():
        model = column.class_
        if numbers:
            statement = select(model.id, column).where(
                model.tenant_id == context.tenant_id(), model.id.in_(numbers)
            )
            found[column] = {row[0]: row[1] for row in db.session.execute(statement)}
    return {(f, n): name for f, c in NAMED.items() for n, name in found.get(c, {}).items()}


def _diff(payload: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    diff = payload.get("diff")
    return {k: v for k, v in diff.items() if isinstance(v, dict)} if isinstance(diff, dict) else {}


def changes(
    payload: Mapping[str, Any], tz: str, names: Mapping[tuple[str, int], str]
) -> list[dict[str, str | None]]:
    """A diff for `ui.timeline`: `[{"field", "before", "after"}]` in words; fields empty on both sides are left out."""

    def when(value: datetime | date) -> str:
        return words.date_words(value, zone=tz)

    found = []
    for field, change in _diff(payload).items():
        before = rules.value_words(field, change.get("from"), when, names)
        after = rules.value_words(field, change.get("to"), when, names)
        if before is not None or after is not None:
            found.append({"field": rules.label(field), "before": before, "after": after})
    return found


def history(
    record_type: str, record_id: int, *, limit: int = 20, before_seq: int | None = None
) -> list[dict[str, Any]]:
    """What happened to a record, newest first, as entries for `ui.timeline`.

    Each has `who`, `text`, `when`, `icon`, `tone`, `diff`, `body` (a reason), `seq` (for `before_seq` of the next piece)
    and, for who may read the audit log, `url`. A new record's entry lists no diff: all of it is new.
    """
    statement = (
        entries(Filter(record_type=record_type, record_id=record_id))
        .order_by(AuditEntry.seq.desc())
        .limit(limit)
    )
    if before_seq is not None:
        statement = statement.where(AuditEntry.seq < before_seq)
    return timeline(db.session.execute(statement).all())


def timeline(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of :func:`entries` as entries for `ui.timeline`."""
    tz = zone() if rows else "UTC"
    names = names_in(row.payload for row in rows)
    readable = may(AUDIT_READ)
    found = []
    for row in rows:
        phrase = rules.in_words(row.action)
        diff = changes(row.payload, tz, names)
        if all(change["before"] is None for change in diff) and phrase.icon == "circle-plus":
            diff = []
        found.append(
            {"seq": row.id, "who": rules.actor_words(row.actor, row.actor_name), "text": phrase.text, "icon": phrase.icon,
             "tone": phrase.tone, "when": row.created_at, "diff": diff, "body": reason(row.payload),
             "url": f"/settings/audit-log/{row.id}" if readable else None}
        )  # fmt: skip
    return found


def reason(payload: Mapping[str, Any]) -> str:
    """The reason somebody gave, else empty."""
    found = payload.get("reason") or payload.get("why") or payload.get("note") or ""
    return found if isinstance(found, str) else ""


_NAMES: dict[str, Any] = {"technician": Technician.name, "customer": Customer.name, "item": Item.name, "user": User.name,
                          "item_category": ItemCategory.name, "item_categorie": ItemCategory.name,
                          "api_key": ApiKey.name}  # fmt: skip


def name_of(record_type: str, record_id: int | None) -> str:
    """What a record is called, its number where it has no name or is gone, empty for no record."""
    if record_id is None:
        return ""
    column = _NAMES.get(record_type)
    if column is not None:
        model = column.class_
        found = db.session.scalar(
            select(column).where(model.tenant_id == context.tenant_id(), model.id == record_id)
        )
        if found:
            return str(found)
    return f"Number {record_id}"


def page_of(record_type: str, record_id: int | None) -> str | None:
    """The page of a record, None where the application has none."""
    if record_type not in PAGES or record_id is None:
        return None
    path = PAGES[record_type].format(record_id)
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except (RequestRedirect, HTTPException):
        return None
    return path
