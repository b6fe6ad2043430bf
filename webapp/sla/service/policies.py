"""Policies: what is promised to which jobs, and in which order they are tried."""

from collections.abc import Mapping, Sequence
from typing import Any

from webapp.kit import errors, events, journal, locks
from webapp.kit.db import add, db, get
from webapp.kit.permissions import demand
from webapp.models import SlaPolicy
from webapp.sla import events as told
from webapp.sla import rules
from webapp.sla.permissions import SLA_EDIT
from webapp.sla.queries import basis
from webapp.sla.service import clocks

_ORDER = "sla-order"


def create(values: Mapping[str, Any]) -> SlaPolicy:
    """Add a policy behind the others, from the fields of :data:`rules.policies.FIELDS`.

    Open jobs that it fits are under it at once, as every policy. Raises Invalid, Conflict for a name that is taken.
    """
    demand(SLA_EDIT)
    found = rules.policies.cleaned({"name": "", **values})
    locks.hold(_ORDER)
    if len(basis.policies()) >= rules.policies.MOST:
        raise errors.Conflict(
            f"There are {rules.policies.MOST} policies already, which is as many as there may be."
        )
    _check_name(found["name"], None)
    kept = {k: v for k, v in found.items() if v is not None}
    policy = add(SlaPolicy(**kept, position=basis.last_position() + 1))
    journal.audit("sla-policy.created", policy)
    events.emit(told.POLICY_CREATED, policy.id, told.of_policy(policy))
    clocks.recalculate_soon()
    return policy


def update(policy_id: int, changes: Mapping[str, Any]) -> SlaPolicy:
    """Change a policy; what is not named stays. `active` ends it or puts it in force again. Raises as :func:`create`."""
    demand(SLA_EDIT)
    policy = get(SlaPolicy, policy_id, what="SLA policy", lock=True)
    before = journal.snapshot(policy)
    found = {k: v for k, v in rules.policies.cleaned(changes, before).items() if before[k] != v}
    if not found:
        return policy
    if "name" in found or found.get("active"):
        _check_name(found.get("name", policy.name), policy.id)
    if found.get("active"):
        locks.hold(_ORDER)
        policy.position = basis.last_position() + 1
    for name, value in found.items():
        setattr(policy, name, value)
    db.session.flush()
    journal.audit("sla-policy.updated", policy, before=before)
    events.emit(told.POLICY_UPDATED, policy.id, told.of_policy(policy) | {"changed": sorted(found)})
    if set(found) - {"name"}:
        clocks.recalculate_soon()
    return policy


def reorder(policy_ids: Sequence[int]) -> Sequence[SlaPolicy]:
    """Put the policies in force in another order. Raises Invalid unless each is named exactly once."""
    demand(SLA_EDIT)
    locks.hold(_ORDER)
    by = {p.id: p for p in basis.policies()}
    if sorted(policy_ids) != sorted(by):
        raise errors.Invalid.one("ids", "Name every policy in force exactly once.")
    old = {p.id: p.position for p in by.values()}
    for position, number in enumerate(policy_ids, 1):
        by[number].position = position
    moved = [n for n in policy_ids if by[n].position != old[n]]
    db.session.flush()
    if list(by) != list(policy_ids):
        order = [by[n].name for n in policy_ids]
        journal.audit("sla-policy.reordered", by[policy_ids[0]], diff={}, order=order)
        for number in moved:
            events.emit(told.POLICY_UPDATED, number, told.of_policy(by[number]) | {"changed": ["position"]})
        clocks.recalculate_soon()
    return [by[n] for n in policy_ids]


def move(policy_id: int, direction: str) -> SlaPolicy:
    """One place `up` or `down`; at its end it stays. Raises Conflict for one that has ended."""
    policy = get(SlaPolicy, policy_id, what="SLA policy")
    if not policy.active:
        raise errors.Conflict(f"{policy.name} has ended, so it has no place in the order.")
    order = [p.id for p in basis.policies()]
    at = order.index(policy_id)
    to = min(max(at + (-1 if direction == "up" else 1), 0), len(order) - 1)
    order.insert(to, order.pop(at))
    reorder(order)
    return policy


def remove(policy_id: int) -> bool:
    """End a policy, or remove it where no job ever had it: whether it is gone."""
    demand(SLA_EDIT)
    policy = get(SlaPolicy, policy_id, what="SLA policy", lock=True)
    if basis.was_used(policy.id):
        update(policy_id, {"active": False})
        return False
    journal.audit("sla-policy.deleted", policy, diff={}, name=policy.name)
    events.emit(told.POLICY_DELETED, policy.id, told.of_policy(policy))
    db.session.delete(policy)
    db.session.flush()
    clocks.recalculate_soon()
    return True


def _check_name(name: str, policy_id: int | None) -> None:
    if basis.policy_named(name, policy_id) is not None:
        sentence = f"There is a policy {name} already."
        raise errors.Conflict(sentence, details={"fields": {"name": sentence}})
