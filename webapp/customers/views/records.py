"""The list of customers, the page of one, adding, changing, archiving."""

from typing import Any
from urllib.parse import quote

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.customers import forms, queries, rules, service
from webapp.customers.permissions import CREATE, EDIT, LOOKUP, MERGE, READ
from webapp.customers.views.base import bp, leads_on
from webapp.kit import clean, csv, db, errors, json, listing, lists, pages, words
from webapp.kit.permissions import requires
from webapp.models import Customer

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Customer", "kind": "cell", "sort": "name", "always": True},
    {"key": "phone", "label": "Phone", "kind": "phone"},
    {"key": "email", "label": "Email", "kind": "email", "hidden": True},
    {"key": "place", "label": "Address", "kind": "cell"},
    {"key": "kind", "label": "Kind", "kind": "cell"},
    {"key": "tags", "label": "Tags", "kind": "cell"},
    {"key": "reference", "label": "Reference", "hidden": True},
    {"key": "added", "label": "Added", "kind": "date", "sort": "added", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at"},
]
TABS = (("", "Customers"), ("archived", "Archived"), ("all", "All"))


def read() -> listing.ListQuery:
    return listing.read(
        queries.SORTS, "name", labels={"kind": "Kind", "tag": "Tag"}, words={"kind": rules.KINDS}
    )


def filters(query: listing.ListQuery) -> queries.Filters:
    archived = {"archived": True, "all": None}.get(query.get("state"), False)
    kind = query.get("kind") if query.get("kind") in rules.KINDS else ""
    return queries.Filters(query.get("q"), kind, query.get("tag"), archived)


@bp.get("")
@requires(READ)
def index() -> Response:
    """The list of customers."""
    query = read()
    wanted = filters(query)
    if query.get("format") == "csv":
        statement = queries.csv_rows(wanted, lists.shown(COLUMNS, query))
        return csv.response(lists.ordered(statement, query, queries.SORTS, Customer.id), "customers")
    statement = queries.rows(wanted)
    page = listing.rows(statement, query, queries.SORTS, Customer.id, total=lists.total(queries.bare(wanted)))
    page.rows = [_row(row) for row in page.rows]
    return pages.render(
        "customers/list.html",
        block={"results": "results"},
        page_title="Customers",
        query=query,
        page=page,
        columns=COLUMNS,
        views=lists.tabbed(query, TABS, saved=saved_views.listed("/customers")),
        kinds=rules.KINDS,
        empty=not page.rows and not queries.any_customer(),
        archived_view=query.get("state") == "archived",
    )


def _row(row: Any) -> dict[str, Any]:
    found = dict(row._mapping)
    street = rules.one_line({"address": row.address, "unit": row.unit or ""})
    region = rules.one_line({"city": row.city, "state": row.state, "zip": row.zip})
    return {
        **found,
        "street": street,
        "region": region,
        "phone": clean.phone_words(row.phone),
        "added": row.created_at,
        "row_class": "muted" if row.archived else "",
    }


@bp.get("/options")
@requires(LOOKUP)
def options() -> Response:
    """Customers to choose from, for fields that find as one types."""
    return json.answer(queries.options(request.args.get("q", "")))


@bp.get("/new")
@requires(CREATE)
def new() -> Response:
    form = forms.NewCustomerForm(
        name=request.args.get("name", "")[:160], phone=request.args.get("phone", "")[:60]
    )
    return _form_page(form, None)


@bp.post("")
@requires(CREATE)
def create() -> Response:
    """Add a customer, unless it may be one who is known and nobody has said otherwise."""
    form = forms.NewCustomerForm()
    if not form.validate():
        return _form_page(form, None, status=422)
    values = _values(form)
    place = {name: values.pop(name) for name in ("address", "unit", "city", "state", "zip")}
    try:
        alike = [] if request.form.get("anyway") else _alike(values, place)
        if alike:
            return _form_page(form, None, status=422, alike=alike)
        given = any(place.values())
        customer = service.create(values, properties=[rules.in_parts(place)] if given else [])
    except errors.AppError as problem:
        db.db.session.rollback()
        form.blame(problem)
        return _form_page(form, None, status=422)
    pages.toast(f"{customer.name} was added.")
    return pages.redirect(f"/customers/{customer.id}")


def _alike(values: dict[str, Any], place: dict[str, Any]) -> list[dict[str, Any]]:
    verdict = service.match(
        name=values["name"],
        phone=values["phone"],
        email=values["email"],
        address=place["address"],
        unit=place["unit"],
        city=place["city"],
        state=place["state"],
        zip_code=place["zip"],
    )
    likely = [c for c in verdict.candidates if c.score >= rules.UNSURE][:5]
    brief = queries.brief([c.id for c in likely])
    return [
        {
            "id": c.id,
            "name": c.customer.name,
            "why": ", ".join(c.reasons).lower(),
            "hint": " · ".join(part for part in _told_apart(brief[c.id]) if part),
        }
        for c in likely
    ]


def _told_apart(row: Any) -> tuple[str, ...]:
    return row.company, clean.phone_words(row.phone), row.email, rules.one_line(dict(row._mapping))


@bp.get("/<int:customer_id>")
@requires(READ)
@leads_on
def show(customer_id: int) -> Response:
    """The page of one customer."""
    customer = db.get(Customer, customer_id)
    entries, following = queries.history(customer_id)
    places = queries.properties(customer_id)
    return pages.render(
        "customers/show.html",
        block={"record": "record"},
        page_title=customer.name,
        customer=customer,
        kinds=rules.KINDS,
        phone=clean.phone_words(customer.phone),
        contacts=[_contact(contact) for contact in queries.contacts(customer_id)],
        places=[_place(place) for place in places if not place.archived],
        put_away=[_place(place) for place in places if place.archived],
        merges=queries.merges_into(customer_id),
        panels=[panel(customer_id) for panel in queries.CUSTOMER_PANELS],
        entries=entries,
        more_url=_more_url(customer_id, following),
    )


def _contact(contact: Any) -> dict[str, Any]:
    return {"id": contact.id, "name": contact.name, "role": contact.role, "email": contact.email,
            "phone": clean.phone_words(contact.phone)}  # fmt: skip


def _place(place: Any) -> dict[str, Any]:
    street = rules.one_line({"address": place.address, "unit": place.unit})
    return {"id": place.id, "label": place.label, "street": street, "primary": place.primary,
            "region": rules.one_line({"city": place.city, "state": place.state, "zip": place.zip}),
            "access_notes": place.access_notes}  # fmt: skip


@bp.get("/<int:customer_id>/timeline")
@requires(READ)
@leads_on
def timeline(customer_id: int) -> Response:
    """Earlier entries of a customer's timeline."""
    customer = db.get(Customer, customer_id)
    entries, following = queries.history(customer_id, request.args.get("before", type=int))
    return pages.render(
        "customers/timeline.html",
        block="entries",
        page_title=customer.name,
        customer=customer,
        entries=entries,
        more_url=_more_url(customer_id, following),
    )


def _more_url(customer_id: int, following: int | None) -> str | None:
    return f"/customers/{customer_id}/timeline?before={following}" if following else None


@bp.get("/<int:customer_id>/edit")
@requires(EDIT)
@leads_on
def edit(customer_id: int) -> Response:
    customer = db.get(Customer, customer_id)
    now = {name: getattr(customer, name) for name in rules.FIELDS}
    written = {"tags": ", ".join(customer.tags), "phone": clean.phone_words(customer.phone)}
    form = forms.CustomerForm(data={**now, **written})
    return _form_page(form, customer)


@bp.post("/<int:customer_id>")
@requires(EDIT)
def update(customer_id: int) -> Response:
    customer = db.get(Customer, customer_id)
    form = forms.CustomerForm()
    if form.validate():
        try:
            service.update(customer_id, _values(form))
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{customer.name} was saved.")
            return pages.redirect(f"/customers/{customer_id}")
    return _form_page(form, customer, status=422)


def _values(form: forms.CustomerForm) -> dict[str, Any]:
    return {**form.values(), "tags": forms.tag_list(form.tags.data)}


def _form_page(form: Any, customer: Customer | None, status: int = 200, alike: Any = ()) -> Response:
    title = f"Edit {customer.name}" if customer else "New customer"
    return pages.render("customers/form.html", block="form", status=status, page_title=title, form=form,
                        customer=customer, alike=alike)  # fmt: skip


@bp.post("/<int:customer_id>/<any(archive, unarchive):verb>")
@requires(EDIT)
def archive(customer_id: int, verb: str) -> Response:
    """Put a customer away, or take it out again."""
    customer = service.update(customer_id, {"archived": verb == "archive"})
    other, deed = ("unarchive", "was archived") if customer.archived else ("archive", "is out of the archive")
    pages.toast(f"{customer.name} {deed}.", undo_url=f"/customers/{customer_id}/{other}")
    return pages.redirect(f"/customers/{customer_id}")


# Several at once ------------------------------------------------------------------------------------------------


def _chosen(query: listing.ListQuery) -> list[int]:
    return lists.selected(lambda most: queries.ids(filters(query), most))


def _bulk_done(query: listing.ListQuery, batch: str, count: int, deed: str) -> Response:
    back = lists.back_to("/customers", query)
    undo = f"/customers/undo/{batch}?next={quote(back, safe='')}" if count else ""
    pages.toast(f"{words.plural(count, 'customer')} {deed}.", undo_url=undo)
    return pages.redirect(back)


@bp.post("/bulk/<any(archive, unarchive):verb>")
@requires(EDIT)
def bulk_archive(verb: str) -> Response:
    query = read()
    done = service.set_archived_for_all(_chosen(query), archived=verb == "archive")
    return _bulk_done(query, *done, "archived" if verb == "archive" else "taken out of the archive")


@bp.post("/bulk/tag")
@requires(EDIT)
def bulk_tag() -> Response:
    """Give the ticked customers a tag, asked for first."""
    query = read()
    ids = _chosen(query)
    given = "tag" in request.form
    form = forms.TagForm() if given else forms.TagForm(formdata=None)
    if given and form.validate():
        try:
            return _bulk_done(query, *service.tag_all(ids, form.tag.data), f"tagged “{form.tag.data}”")
        except errors.AppError as problem:
            db.db.session.rollback()  # all or none
            form.blame(problem)
    return pages.render(
        "customers/bulk_tag.html",
        block="form" if given else {"dialog": "dialog"},
        status=422 if given else 200,
        page_title="Add a tag",
        count=words.plural(len(ids), "customer"),
        form=form,
        ids=ids,
        action=lists.back_to("/customers/bulk/tag", query),
        back=lists.back_to("/customers", query),
    )


@bp.post("/bulk/merge")
@requires(MERGE)
def bulk_merge() -> Response:
    """Merge the two ticked customers: on to the page that shows them side by side."""
    ids = _chosen(read())
    if len(ids) != 2:
        raise errors.Conflict("Tick exactly two customers to merge.")
    return pages.redirect(f"/customers/{min(ids)}/merge-with/{max(ids)}")


@bp.post("/undo/<batch>")
@requires(EDIT)
def undo(batch: str) -> Response:
    """Take a bulk action back."""
    undone = service.undo(batch)
    if undone:
        pages.toast(f"Undone for {words.plural(undone, 'customer')}.")
    else:
        pages.toast("There was nothing left to undo.", "warning")
    return pages.redirect(pages.back("/customers"))
