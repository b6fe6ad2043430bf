"""Merging two customers that are one, and undoing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from webapp.customers import queries, rules
from webapp.customers.permissions import MERGE
from webapp.customers.service import records
from webapp.kit import clock, context, db, errors, events, journal, permissions, search, words
from webapp.models import Customer, CustomerContact, CustomerMerge, Property, Sale


@dataclass(frozen=True, slots=True)
class MergeTable:
    """A model whose rows belong to a customer, by which column, and what they are called (many, one)."""

    model: Any
    column: str = "customer_id"
    words: str = "rows"
    word: str = "row"

    @property
    def name(self) -> str:
        return str(self.model.__tablename__)


MERGE_TABLES: list[MergeTable] = [
    MergeTable(CustomerContact, words="contacts", word="contact"),
    MergeTable(Property, words="properties", word="property"),
    MergeTable(Sale, words="sales", word="sale"),
]


def belongings(customer_id: int) -> str:
    """What a merge would move of a customer, in words: `2 contacts, 1 property, 14 sales`."""
    found = []
    for table in MERGE_TABLES:
        own = table.model.__table__
        statement = select(func.count()).where(
            own.c.tenant_id == context.tenant_id(), own.c[table.column] == customer_id
        )
        count = int(db.db.session.scalar(statement) or 0)
        if count:
            found.append(words.plural(count, table.word, table.words))
    return ", ".join(found)


def merge(kept_id: int, other_id: int, choices: Mapping[str, str] | None = None) -> Customer:
    """Merge a customer into another one, which is kept: contacts, properties, sales and what else belongs to it move.

    `choices` says for each field that differs whose value stays: `kept`, `other` or (tags, notes) `both`; fields left
    out are filled where the kept one's are empty. Raises NotFound, Conflict for the same or a merged one.
    """
    permissions.demand(MERGE)
    if kept_id == other_id:
        raise errors.Conflict("A customer cannot be merged with itself.")
    pair = {
        customer_id: records.living(customer_id) for customer_id in sorted((kept_id, other_id))
    }  # one order: no deadlock
    kept, other = pair[kept_id], pair[other_id]
    before = journal.snapshot(kept)
    values = rules.chosen_values(before, journal.snapshot(other), choices or {})
    second = _second_primary(kept_id, other_id)
    moved = {table.name: _move(table, other_id, kept_id) for table in MERGE_TABLES}
    for name, value in values.items():
        setattr(kept, name, value)
    kept.name_key = rules.name_key(kept.name)
    if second is not None:
        second.primary = False
    other.merged_into_id = kept.id
    fields = {name: {"from": before[name], "to": value} for name, value in values.items()}
    record = {"tables": moved, "fields": fields, "primary": [second.id] if second is not None else []}
    who = context.principal()
    db.add(CustomerMerge(kept_id=kept.id, merged_id=other.id, moved=record, created_at=clock.now(),
                         created_by=who.id if who.kind == "user" else None))  # fmt: skip
    _tell_of_merge(kept, other, before, moved)
    return kept


def _tell_of_merge(
    kept: Customer, other: Customer, before: Mapping[str, Any], moved: Mapping[str, list[int]]
) -> None:
    for kind in ("customer", "customer_tag", "customer_flag"):
        search.remove(kind, other.id)
    records.index(kept)
    counts = {name: len(found) for name, found in moved.items() if found}
    journal.audit("customer.merged", kept, diff=records.difference(before, kept), other_id=other.id,
                  other_name=other.name, moved=counts)  # fmt: skip
    journal.audit("customer.merged_away", other, diff={"merged_into_id": {"from": None, "to": kept.id}},
                  other_id=kept.id, other_name=kept.name)  # fmt: skip
    events.emit(records.MERGED, kept.id, {**records.payload(kept), "merged_id": other.id, "moved": counts})


def unmerge(merged_id: int) -> Customer:
    """Undo the merge that took a customer away: what moved goes back, and filled fields are emptied again.

    Raises NotFound, Conflict when it was not merged, when the kept one was itself merged since, or when something
    that moved belongs to somebody else by now. A field of the kept one that was changed since stays as it is.
    """
    permissions.demand(MERGE)
    db.get(Customer, merged_id)
    done = queries.last_merge_of(merged_id)
    if done is None:
        raise errors.Conflict("This customer was not merged into another one.")
    pair = {i: db.get(Customer, i, lock=True) for i in sorted((done.kept_id, merged_id))}
    kept, other = pair[done.kept_id], pair[merged_id]
    if other.merged_into_id != kept.id:
        raise errors.Conflict("This customer was not merged into another one.")
    if kept.merged_into_id is not None:
        raise errors.Conflict(
            f"{kept.name} was itself merged into another customer since. Undo that merge first."
        )
    for table in MERGE_TABLES:
        _refuse_strays(table, done.moved["tables"].get(table.name, []), kept)
    before = journal.snapshot(kept)
    _give_back(done, kept)
    other.merged_into_id = None
    done.undone_at = clock.now()
    db.db.session.flush()
    records.index(kept)
    records.index(other)
    journal.audit(
        "customer.unmerged",
        kept,
        diff=records.difference(before, kept),
        other_id=other.id,
        other_name=other.name,
    )
    journal.audit("customer.unmerged", other, diff={"merged_into_id": {"from": kept.id, "to": None}},
                  other_id=kept.id, other_name=kept.name)  # fmt: skip
    events.emit(records.UNMERGED, other.id, {**records.payload(other), "kept_id": kept.id})
    return other


def _give_back(done: CustomerMerge, kept: Customer) -> None:
    for table in MERGE_TABLES:
        _move_rows(table, done.moved["tables"].get(table.name, []), done.merged_id)
    for name, change in done.moved["fields"].items():
        if getattr(kept, name) == change["to"]:
            setattr(kept, name, change["from"])
    kept.name_key = rules.name_key(kept.name)
    for property_id in done.moved["primary"]:
        place = db.find(Property, property_id)
        if place is not None and not place.archived:
            place.primary = True
    db.db.session.flush()


def _second_primary(kept_id: int, other_id: int) -> Property | None:
    """The other one's primary property, when the kept one has one too."""
    mine = any(p.primary for p in queries.properties(kept_id, archived=False))
    theirs = [p for p in queries.properties(other_id, archived=False) if p.primary]
    return theirs[0] if mine and theirs else None


def _move(table: MergeTable, from_id: int, to_id: int) -> list[int]:
    """Give every row of one customer to another; the ids moved."""
    column = table.model.__table__.c[table.column]
    statement = select(table.model.id).where(table.model.tenant_id == context.tenant_id(), column == from_id)
    found = list(db.db.session.scalars(statement.order_by(table.model.id)))
    _move_rows(table, found, to_id)
    return found


def _move_rows(table: MergeTable, row_ids: list[int], to_id: int) -> None:
    if not row_ids:
        return
    own = table.model.__table__
    db.db.session.flush()
    db.db.session.execute(
        update(table.model)
        .where(own.c.tenant_id == context.tenant_id(), own.c.id.in_(row_ids))
        .values({table.column: to_id})
        .execution_options(synchronize_session="fetch")
    )


def _refuse_strays(table: MergeTable, row_ids: list[int], kept: Customer) -> None:
    if not row_ids:
        return
    own = table.model.__table__
    astray = select(own.c.id).where(
        own.c.tenant_id == context.tenant_id(), own.c.id.in_(row_ids), own.c[table.column] != kept.id
    )
    count = len(db.rows(astray))
    if count:
        raise errors.Conflict(f"{count} of the {table.words} that moved to {kept.name} belong to another customer by now. "
                              "Move them back first.")  # fmt: skip
