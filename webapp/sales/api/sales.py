"""The field API of sales."""

from typing import Any

from webapp.kit import errors, paging
from webapp.kit.api import Api
from webapp.kit.db import db
from webapp.kit.dialects import FIELD
from webapp.sales import rights, rules, schemas, service
from webapp.sales.permissions import (
    SALES_APPROVE,
    SALES_CORRECT,
    SALES_PAYMENT,
    SALES_READ,
    SALES_RECORD,
    SALES_VOID,
)
from webapp.sales.queries import sales as queries
from webapp.sales.service import people

api = Api("sales_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Sales")
REASON = "Voided over the API"


@api.post("/sales", permission=SALES_RECORD, body=schemas.SaleIn, returns=schemas.SaleDetail, status=201)
def record_sale(body: schemas.SaleIn) -> dict[str, Any]:
    """Record a sale; the commission is calculated with the rates of now and frozen."""
    made = service.record(
        service.NewSale(
            **body.model_dump(include=set(_TERMS)),
            splits=_shares(body.splits),
            buyer=_buyer(body),
            source="api",
        )
    )
    names = made.snapshot.technician_name, made.snapshot.item_name
    return schemas.detail(made.sale, made.snapshot, made.customer, names=names)


_TERMS = (
    "technician_id",
    "item_id",
    "sale_price_cents",
    "list_price_cents",
    "sold_on",
    "completed_on",
    "payment_type",
    "payment_status",
    "payment_date",
    "notes",
)


def _shares(given: list[schemas.ShareIn]) -> tuple[service.Share, ...]:
    return tuple(service.Share(share.technician_id, share.share_bps) for share in given)


def _buyer(body: schemas.BuyerIn) -> service.Buyer:
    return service.Buyer(
        customer_id=body.customer_id,
        name=body.customer_name,
        phone=body.customer_phone,
        email=body.customer_email,
        address=body.customer_address,
    )


@api.get("/sales", permission=SALES_READ, query=schemas.SaleQuery, returns=schemas.SaleOut, paged=True)
def list_sales(query: schemas.SaleQuery) -> Any:
    """List sales, the latest first; technicians get their own."""
    filters = filters_of(query)
    offset = (query.page - 1) * query.limit
    if query.updated_since is not None:
        found, total = queries.changed_since(filters, query.updated_since, offset, query.limit)
    else:
        found, total = queries.numbered(filters, offset, query.limit)
    return paging.Page(schemas.shape_all(found), total, query.page, query.limit)


def filters_of(query: schemas.SaleQuery) -> queries.Filters:
    """The filters of a list; a technician's are narrowed to their own sales. Raises NotFound for anybody else's."""
    technician_id = query.technician_id
    if not rights.sees_all():
        own = rights.own_technician()
        if technician_id is not None:
            rights.demand_technician(technician_id)
        technician_id = own
    return queries.Filters(
        statuses=tuple(dict.fromkeys(query.status)),
        date_from=query.date_from,
        date_to=query.date_to,
        technician_ids=(technician_id,) if technician_id is not None else (),
        payment_statuses=tuple(dict.fromkeys(query.payment_status)),
        customer_id=query.customer_id,
        item_ids=(query.item_id,) if query.item_id is not None else (),
        q=query.q,
    )


@api.get("/sales/<int:sale_id>", permission=SALES_READ, returns=schemas.SaleDetail)
def get_sale(sale_id: int) -> dict[str, Any]:
    """One sale with its commission, explained line by line."""
    return one(sale_id)


def one(sale_id: int) -> dict[str, Any]:
    """A sale as the API answers it. Raises NotFound for one that the caller may not see."""
    db.session.flush()
    row = queries.one(sale_id)
    if row is None or not (rights.sees_all() or rights.earns_on(row)):
        raise errors.NotFound(f"No sale has the number {sale_id}.")
    snapshot = rules.Snapshot.from_json(row.snapshot)
    return schemas.detail(row, snapshot, people.standing(row), replaced_by_id=row.replaced_by_id)


@api.patch(
    "/sales/<int:sale_id>", permission=SALES_CORRECT, body=schemas.SaleCorrection, returns=schemas.SaleDetail
)
def correct_sale(sale_id: int, body: schemas.SaleCorrection) -> dict[str, Any]:
    """Correct a sale, with a reason."""
    sent = body.model_fields_set
    changes: dict[str, Any] = {
        name: getattr(body, name)
        for name in ("technician_id", "item_id", "sale_price_cents", "list_price_cents", "sold_on", "completed_on",
                     "payment_type", "notes")
        if name in sent
    }  # fmt: skip
    if "splits" in sent:
        changes["splits"] = _shares(body.splits)
    if sent & set(schemas.BuyerIn.model_fields):
        changes["buyer"] = _buyer(body)
    result = service.correct(sale_id, changes, body.reason)
    answer = one(result.sale.id)
    if result.customer is not None:
        answer["customer_match"]["status"] = result.customer.status
    return answer


@api.patch("/sales/<int:sale_id>/approve", permission=SALES_APPROVE, returns=schemas.SaleDetail)
def approve_sale(sale_id: int) -> dict[str, Any]:
    """Approve a pending sale."""
    service.approve(sale_id)
    return one(sale_id)


@api.patch(
    "/sales/<int:sale_id>/reject", permission=SALES_APPROVE, body=schemas.RejectIn, returns=schemas.SaleDetail
)
def reject_sale(sale_id: int, body: schemas.RejectIn) -> dict[str, Any]:
    """Turn a pending sale down, with a reason."""
    service.reject(sale_id, body.reason)
    return one(sale_id)


@api.post(
    "/sales/approve", permission=SALES_APPROVE, body=schemas.ApproveManyIn, returns=schemas.ApproveManyOut
)
def approve_sales(body: schemas.ApproveManyIn) -> dict[str, Any]:
    """Approve up to 500 sales at once; those that cannot be are left as they are and listed with the reason."""
    result = service.approve_many(body.ids)
    refused = [{"id": sale_id, "reason": reason} for sale_id, reason in result.refused.items()]
    return {"approved": result.done, "refused": refused}


@api.patch("/sales/<int:sale_id>/payment-status", permission=SALES_PAYMENT, body=schemas.PaymentIn,
           returns=schemas.SaleDetail)  # fmt: skip
def set_payment_status(sale_id: int, body: schemas.PaymentIn) -> dict[str, Any]:
    """Say what the customer has paid."""
    service.set_payment(sale_id, body.status, body.payment_date)
    return one(sale_id)


@api.patch(
    "/sales/<int:sale_id>/void", permission=SALES_VOID, body=schemas.VoidIn, returns=schemas.SaleDetail
)
def void_sale(sale_id: int, body: schemas.VoidIn) -> dict[str, Any]:
    """Void a sale, also a paid one, or undo that."""
    if body.voided:
        service.void(sale_id, body.reason or REASON)
    else:
        service.unvoid(sale_id)
    return one(sale_id)
