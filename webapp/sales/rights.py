"""Whose sales a caller may see and touch: the office everybody's, a technician their own and those they share in."""

from typing import Any

from sqlalchemy import exists, select

from webapp.kit import context, errors, permissions
from webapp.kit.db import db, find
from webapp.models import PayLine, Sale
from webapp.sales.permissions import COMMISSION_READ, SALES_READ_ALL


def sees_all() -> bool:
    """Whether the caller sees everybody's sales."""
    return permissions.may(SALES_READ_ALL)


def own_technician() -> int:
    """The caller as a technician. Raises Forbidden for someone who is none and may not see others' sales either."""
    found = context.principal().technician_id
    if found is None:
        raise errors.Forbidden(
            "Your account is not connected to a technician, so there are no sales of yours."
        )
    return found


def demand_technician(technician_id: int) -> None:
    """Refuse work for another technician; who may not see them learns no more than that there is none."""
    if not sees_all() and technician_id != own_technician():
        raise errors.NotFound(f"No technician has the number {technician_id}.")


def sees_commission(technician_id: int) -> bool:
    """Whether the caller may know what a technician's sale earns."""
    return permissions.may(COMMISSION_READ) or technician_id == context.principal().technician_id


def get(sale_id: int, *, lock: bool = False) -> Sale:
    """A sale that the caller may see. Raises NotFound for any other, whether it exists or not."""
    found = find(Sale, sale_id, lock=lock)
    if found is None or not (sees_all() or earns_on(found)):
        raise errors.NotFound(f"No sale has the number {sale_id}.")
    return found


def get_own(sale_id: int) -> Sale:
    """A sale that the caller may change, locked: the office any, a technician only what they sold themselves."""
    found = get(sale_id, lock=True)
    if not sees_all() and found.technician_id != own_technician():
        raise errors.NotFound(f"No sale has the number {sale_id}.")
    return found


def earns_on(sale: Any) -> bool:
    """Whether the caller, a technician, sold this or has a share or override on it."""
    me = own_technician()
    if sale.technician_id == me:
        return True
    line = exists().where(
        PayLine.tenant_id == context.tenant_id(), PayLine.sale_id == sale.id, PayLine.technician_id == me
    )
    return bool(db.session.scalar(select(line)))
