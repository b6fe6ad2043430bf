"""Merging two customers that are one, and undoing it.

A merge moves every row of the other customer and notes which, and what it did to the kept one's fields; the other keeps its
own row, which points at the kept one. Merges may be merged on: A into B, B into C. Each can be undone at any time: what was
A's goes back to A from whoever holds it by then, and the merges above are written anew as if A had never been in them, so
that B gets back what was B's later. What was added in between stays where it is.

All of a chain is locked, in the order of the ids, before anything is looked at: two merges at once wait for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, select, union_all, update

from webapp.customers import queries, rules
from webapp.customers.permissions import MERGE
from webapp.customers.queries import merges as chains
from webapp.customers.service import people, records
from webapp.kit import clock, context, db, errors, events, journal, permissions, search, words
from webapp.models import (
    ContactChoice,
    Customer,
    CustomerContact,
    CustomerMerge,
    DispatchJob,
    Equipment,
    Property,
    RecurringJob,
    Sale,
)


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
    MergeTable(DispatchJob, words="jobs", word="job"),
    MergeTable(RecurringJob, words="recurring jobs", word="recurring job"),
    MergeTable(Equipment, words="pieces of equipment", word="piece of equipment"),
    MergeTable(ContactChoice, words="choices of how to be told", word="choice of how to be told"),
]


def belongings(customer_id: int) -> str:
    """What a merge would move of a customer, in words: `2 contacts, 1 property, 14 sales`."""
    counts = [
        select(literal(position).label("position"), func.count().label("amount")).where(
            table.model.tenant_id == context.tenant_id(),
            table.model.__table__.c[table.column] == customer_id,
        )
        for position, table in enumerate(MERGE_TABLES)
    ]
    found = {row.position: row.amount for row in db.rows(union_all(*counts))}
    return ", ".join(
        words.plural(found[position], table.word, table.words)
        for position, table in enumerate(MERGE_TABLES)
        if found[position]
    )


# Merging ----------------------------------------------------------------------------------------------------------


def merge(kept_id: int, other_id: int, choices: Mapping[str, str] | None = None) -> Customer:
    """Merge a customer into another one, which is kept: contacts, properties, sales and what else belongs to it move.

    `choices` says for each field that differs whose value stays: `kept`, `other` or (tags, notes) `both`; fields left
    out are filled where the kept one's are empty. Raises NotFound, Conflict for the same or a merged one.
    """
    permissions.demand(MERGE)
    kept, other = mergeable(kept_id, other_id, lock=True)
    before, theirs = journal.snapshot(kept), journal.snapshot(other)
    made = rules.made_choices(before, theirs, choices or {})
    values = rules.chosen_values(before, theirs, made)
    primaries = {"kept": _primary(kept_id), "other": _primary(other_id)}
    moved = {table.name: _move(table, other_id, kept_id) for table in MERGE_TABLES}
    if kept.archived and not other.archived:
        values["archived"], made["archived"] = False, "other"  # nobody who is in use goes out of sight
    for name, value in values.items():
        setattr(kept, name, value)
    kept.name_key = rules.name_key(kept.name)
    people.settle_primary(kept_id, primaries["kept"], primaries["other"])
    other.merged_into_id = kept.id
    fields = {
        name: {"from": before[name], "to": value, "choice": made[name]} for name, value in values.items()
    }
    who = context.principal()
    db.add(CustomerMerge(kept_id=kept.id, merged_id=other.id, created_at=clock.now(),
                         moved={"tables": moved, "fields": fields, "primaries": primaries},
                         created_by=who.id if who.kind == "user" else None))  # fmt: skip
    _tell_of_merge(kept, other, before, moved)
    return kept


def mergeable(kept_id: int, other_id: int, *, lock: bool = False) -> tuple[Customer, Customer]:
    """Two customers that can be merged. Raises NotFound, and Conflict saying why they cannot."""
    if kept_id == other_id:
        raise errors.Conflict("A customer cannot be merged with itself.")
    # in one order: no deadlock
    pair = {number: db.get(Customer, number, lock=lock) for number in sorted((kept_id, other_id))}
    kept, other = pair[kept_id], pair[other_id]
    gone = [one for one in (other, kept) if one.merged_into_id is not None]
    if not gone:
        return kept, other
    became = {one.id: queries.root(one) for one in (kept, other)}
    if became[kept.id].id == became[other.id].id:
        names = " and ".join(one.name for one in gone)
        both = " were both merged" if len(gone) > 1 else " was merged"
        raise errors.Conflict(f"{names}{both} into {became[kept.id].name} already.")
    one, into = gone[0], became[gone[0].id]
    raise errors.Conflict(
        f"{one.name} was merged into customer {into.id}, {into.name}, already. Merge that one instead."
    )


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


# Undoing ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Chain:
    """A merged customer, those it went into one after the other, and every merge into any of those, in their order."""

    line: list[Customer]
    merges: Sequence[CustomerMerge]
    parts: dict[int, Customer]  # whoever was merged, by number

    @property
    def survivor(self) -> Customer:
        return self.line[-1]

    def link(self, position: int) -> CustomerMerge:
        """The merge that took the customer at a position of the line into the next one."""
        child, kept = self.line[position], self.line[position + 1]
        return next(m for m in reversed(self.merges) if (m.merged_id, m.kept_id) == (child.id, kept.id))

    def after(self, merge: CustomerMerge) -> list[CustomerMerge]:
        """The later merges into the same customer."""
        return [m for m in self.merges if m.kept_id == merge.kept_id and m.id > merge.id]


def unmerge(merged_id: int) -> Customer:
    """Undo the merge that took a customer away: what moved goes back, and the fields it filled are as they would be.

    Works whatever was merged since, before or after it. Raises NotFound, Conflict when it was not merged, or when
    something that moved belongs to somebody else by now. What a person changed since stays as it is.
    """
    permissions.demand(MERGE)
    chain = _locked(merged_id)
    other, kept, survivor = chain.line[0], chain.line[1], chain.survivor
    done = chain.link(0)
    rows = {table.name: _theirs(table, done, chain) for table in MERGE_TABLES}
    for table in MERGE_TABLES:
        _refuse_strays(table, rows[table.name], survivor)
    above = {one.id: journal.snapshot(one) for one in chain.line[1:]}
    for table in MERGE_TABLES:
        _move_rows(table, rows[table.name], other.id)
    _strike(rows, chain)
    _restore_fields(done, chain)
    other.merged_into_id = None
    done.undone_at = clock.now()
    db.db.session.flush()
    primaries = done.moved.get("primaries", {})
    people.settle_primary(
        other.id, *([primaries.get("other")] if primaries else done.moved.get("primary", []))
    )
    people.settle_primary(survivor.id, None, primaries.get("kept"))
    records.index(survivor)
    records.index(other)
    for one in chain.line[1:]:
        diff = records.difference(above[one.id], one)
        journal.audit("customer.unmerged", one, diff=diff, other_id=other.id, other_name=other.name)
    journal.audit("customer.unmerged", other, diff={"merged_into_id": {"from": kept.id, "to": None}},
                  other_id=survivor.id, other_name=survivor.name)  # fmt: skip
    events.emit(records.UNMERGED, other.id, {**records.payload(other), "kept_id": survivor.id})
    return other


def _locked(merged_id: int) -> _Chain:
    """A merged customer's chain with every customer of it locked. Raises NotFound, Conflict."""
    db.get(Customer, merged_id)
    path = chains.path(merged_id)
    held = {number: db.get(Customer, number, lock=True) for number in sorted(path)}
    line = [held[number] for number in path]
    if [one.merged_into_id for one in line] != [*path[1:], None]:
        raise errors.Conflict("Somebody merged or parted these customers at this very moment. Try again.")
    if len(path) == 1:
        raise errors.Conflict("This customer was not merged into another one.")
    merges = chains.standing_merges(path[1:])
    return _Chain(line, merges, chains.customers(m.merged_id for m in merges))


def _theirs(table: MergeTable, done: CustomerMerge, chain: _Chain) -> list[int]:
    """What a merge moved, without what was somebody else's in between and came in with them."""
    links = {chain.link(n).id for n in range(len(chain.line) - 1)}
    others: set[int] = set()
    for merge in chain.merges:
        if merge.id > done.id and merge.id not in links:
            others.update(merge.moved["tables"].get(table.name, []))
    return [number for number in done.moved["tables"].get(table.name, []) if number not in others]


def _strike(rows: Mapping[str, Sequence[int]], chain: _Chain) -> None:
    """Take rows out of what the merges above moved: they are no longer theirs to give back."""
    for position in range(1, len(chain.line) - 1):
        link = chain.link(position)
        tables = {
            name: [number for number in moved if number not in set(rows.get(name, ()))]
            for name, moved in link.moved["tables"].items()
        }
        link.moved = {**link.moved, "tables": tables}


def _restore_fields(done: CustomerMerge, chain: _Chain) -> None:
    """Give the fields of the kept one, and of those it was merged into, the values they would have without the merge."""
    changed: dict[str, Any] = {}
    for position, kept in enumerate(chain.line[1:]):
        link = chain.link(position)
        names = [n for n in link.moved["fields"] if link is done or n in changed]
        values = {}
        for name in names:
            first, later = _step(link, name, chain), chain.after(link)
            steps = [_step(merge, name, chain) for merge in later]
            now = getattr(kept, name)
            if link is done:
                value = rules.taken_out(now, first, steps)
            else:
                first.theirs = changed[name]  # what the merge took was the value of before
                value = rules.replaced(now, first, steps, getattr(chain.line[position], name))
                _note(link, name, first)
            for merge, step in zip(later, steps, strict=True):
                _note(merge, name, step)
            if value != now:
                values[name] = value
        changed = {name: getattr(kept, name) for name in values}
        for name, value in values.items():
            setattr(kept, name, value)
        kept.name_key = rules.name_key(kept.name)
        if not changed:
            return


def _step(merge: CustomerMerge, name: str, chain: _Chain) -> rules.Step:
    theirs = getattr(chain.parts[merge.merged_id], name)
    return rules.step_of(name, merge.moved["fields"].get(name), theirs)


def _note(merge: CustomerMerge, name: str, step: rules.Step) -> None:
    """Write down what a merge did to a field as it is seen now."""
    if step.recorded:
        change = {"from": step.start, "to": step.end, "choice": step.choice}
        merge.moved = {**merge.moved, "fields": {**merge.moved["fields"], name: change}}


# Rows -------------------------------------------------------------------------------------------------------------


def _primary(customer_id: int) -> int | None:
    return next((p.id for p in queries.properties(customer_id, archived=False) if p.primary), None)


def _move(table: MergeTable, from_id: int, to_id: int) -> list[int]:
    """Give every row of one customer to another; the ids moved."""
    column = table.model.__table__.c[table.column]
    statement = select(table.model.id).where(table.model.tenant_id == context.tenant_id(), column == from_id)
    found = list(db.db.session.scalars(statement.order_by(table.model.id)))
    _move_rows(table, found, to_id)
    return found


def _move_rows(table: MergeTable, row_ids: Sequence[int], to_id: int) -> None:
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


def _refuse_strays(table: MergeTable, row_ids: Sequence[int], kept: Customer) -> None:
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
