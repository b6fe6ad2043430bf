"""The field API of customers, their contacts and their properties."""

from typing import Any

from webapp.customers import queries, schemas, service
from webapp.customers.permissions import CREATE, EDIT, MERGE, READ
from webapp.customers.schemas import ContactOut, CustomerDetail, CustomerOut, PropertyOut, shape
from webapp.customers.service import people
from webapp.kit import db, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.models import Customer

api = Api("customers_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Customers")
ONE = "/admin/customers/<int:customer_id>"


def _detail(customer: Customer) -> dict[str, Any]:
    """A customer with its contacts and properties. One that was merged has none left: they are those of whom it became."""
    kept = queries.root(customer)
    return {
        **shape(customer, CustomerOut),
        "merged_into_id": kept.id if kept is not customer else None,
        "contacts": [shape(c, ContactOut) for c in queries.contacts(kept.id)],
        "properties": [shape(p, PropertyOut) for p in queries.properties(kept.id)],
    }


def _living(customer_id: int) -> int:
    """The number under which a customer's contacts and properties are. Raises NotFound."""
    return queries.root(db.get(Customer, customer_id)).id


@api.get("/admin/customers", permission=READ, query=schemas.CustomerQuery, returns=CustomerOut, paged=True)
def list_customers(query: schemas.CustomerQuery) -> Any:
    """List customers, in the order they were added."""
    filters = queries.Filters(query.q, query.kind or "", query.tag, query.archived, query.merged)
    statement = queries.numbered(filters, query.updated_since)
    page = paging.numbered(statement, query, lambda customer: shape(customer, CustomerOut), scalars=True)
    if query.merged:
        became = queries.survivors(item["id"] for item in page.items)
        page.items = [{**item, "merged_into_id": became[item["id"]]} for item in page.items]
    return page


@api.post("/admin/customers", permission=CREATE, body=schemas.CustomerIn, returns=CustomerDetail, status=201)
def create_customer(body: schemas.CustomerIn) -> dict[str, Any]:
    """Add a customer."""
    values = body.model_dump(exclude_unset=True)
    contacts, properties = values.pop("contacts", []), values.pop("properties", [])
    return _detail(service.create(values, contacts=contacts, properties=properties))


@api.get(ONE, permission=READ, returns=CustomerDetail)
def get_customer(customer_id: int) -> dict[str, Any]:
    """One customer with its contacts and properties. One that was merged names whom it became, and shows that one's."""
    return _detail(db.get(Customer, customer_id))


@api.patch(ONE, permission=EDIT, body=schemas.CustomerChange, returns=CustomerDetail)
def update_customer(customer_id: int, body: schemas.CustomerChange) -> dict[str, Any]:
    """Change a customer. `archived` archives it, or takes it out again."""
    return _detail(service.update(customer_id, body.model_dump(exclude_unset=True)))


@api.post(f"{ONE}/merge", permission=MERGE, body=schemas.MergeIn, returns=CustomerDetail)
def merge_customer(customer_id: int, body: schemas.MergeIn) -> dict[str, Any]:
    """Merge another customer into this one: contacts, properties and sales move."""
    return _detail(service.merge(customer_id, body.other_id))


@api.post(f"{ONE}/unmerge", permission=MERGE, returns=CustomerDetail)
def unmerge_customer(customer_id: int) -> dict[str, Any]:
    """Undo the merge that took this customer away."""
    return _detail(service.unmerge(customer_id))


@api.get(f"{ONE}/contacts", permission=READ, query=paging.PageQuery, returns=ContactOut, paged=True)
def list_contacts(customer_id: int, query: paging.PageQuery) -> Any:
    """List a customer's contacts."""
    statement = queries.contacts_of(_living(customer_id), query.updated_since)
    return paging.numbered(statement, query, lambda contact: shape(contact, ContactOut), scalars=True)


@api.post(f"{ONE}/contacts", permission=EDIT, body=schemas.ContactIn, returns=ContactOut, status=201)
def create_contact(customer_id: int, body: schemas.ContactIn) -> dict[str, Any]:
    """Add a contact."""
    return shape(service.add_contact(customer_id, body.model_dump()), ContactOut)


@api.get(f"{ONE}/contacts/<int:contact_id>", permission=READ, returns=ContactOut)
def get_contact(customer_id: int, contact_id: int) -> dict[str, Any]:
    """One contact."""
    return shape(people.contact_of(_living(customer_id), contact_id), ContactOut)


@api.patch(
    f"{ONE}/contacts/<int:contact_id>", permission=EDIT, body=schemas.ContactChange, returns=ContactOut
)
def update_contact(customer_id: int, contact_id: int, body: schemas.ContactChange) -> dict[str, Any]:
    """Change a contact."""
    return shape(
        service.update_contact(customer_id, contact_id, body.model_dump(exclude_unset=True)), ContactOut
    )


@api.delete(f"{ONE}/contacts/<int:contact_id>", permission=EDIT, returns=schemas.Removed)
def delete_contact(customer_id: int, contact_id: int) -> dict[str, Any]:
    """Delete a contact."""
    service.remove_contact(customer_id, contact_id)
    return {"id": contact_id, "deleted": True, "archived": False}


@api.get(f"{ONE}/properties", permission=READ, query=schemas.PropertyQuery, returns=PropertyOut, paged=True)
def list_properties(customer_id: int, query: schemas.PropertyQuery) -> Any:
    """List a customer's properties."""
    statement = queries.properties_of(
        _living(customer_id), archived=query.archived, updated_since=query.updated_since
    )
    return paging.numbered(statement, query, lambda place: shape(place, PropertyOut), scalars=True)


@api.post(f"{ONE}/properties", permission=EDIT, body=schemas.PropertyIn, returns=PropertyOut, status=201)
def create_property(customer_id: int, body: schemas.PropertyIn) -> dict[str, Any]:
    """Add a property."""
    return shape(service.add_property(customer_id, body.model_dump()), PropertyOut)


@api.get(f"{ONE}/properties/<int:property_id>", permission=READ, returns=PropertyOut)
def get_property(customer_id: int, property_id: int) -> dict[str, Any]:
    """One property."""
    return shape(people.property_of(_living(customer_id), property_id), PropertyOut)


@api.patch(
    f"{ONE}/properties/<int:property_id>", permission=EDIT, body=schemas.PropertyChange, returns=PropertyOut
)
def update_property(customer_id: int, property_id: int, body: schemas.PropertyChange) -> dict[str, Any]:
    """Change a property. `"primary": true` takes that from the others."""
    return shape(
        service.update_property(customer_id, property_id, body.model_dump(exclude_unset=True)), PropertyOut
    )


@api.delete(f"{ONE}/properties/<int:property_id>", permission=EDIT, returns=schemas.Removed)
def delete_property(customer_id: int, property_id: int) -> dict[str, Any]:
    """Archive a property: what was sold there keeps it."""
    service.set_property_archived(customer_id, property_id, archived=True)
    return {"id": property_id, "deleted": False, "archived": True}
