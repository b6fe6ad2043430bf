"""The list of equipment."""

from typing import Any
from urllib.parse import quote

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.customers import queries as customers
from webapp.customers import rules as addresses
from webapp.equipment import queries, rules, service
from webapp.equipment.permissions import EDIT, READ
from webapp.equipment.views import bp
from webapp.kit import crypto, csv, errors, listing, lists, pages, words
from webapp.kit.permissions import requires
from webapp.models import Equipment

HOME = "/equipment"
UNDO_SECONDS, UNDOABLE = 24 * 3600, 200
COLUMNS: list[dict[str, Any]] = [
    {"key": "kind", "label": "Unit", "kind": "cell", "sort": "kind", "always": True},
    {"key": "make", "label": "Make and model", "kind": "cell", "sort": "make"},
    {"key": "serial", "label": "Serial"},
    {"key": "customer", "label": "Customer", "kind": "cell", "sort": "customer"},
    {"key": "address", "label": "Address", "kind": "cell"},
    {"key": "installed_on", "label": "Installed", "kind": "cell", "sort": "installed"},
    {"key": "warranty", "label": "Warranty", "kind": "cell", "sort": "warranty"},
    {"key": "location", "label": "Location", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at", "hidden": True},
]
TABS = (("", "In use"), ("ending", "Warranty ends soon"), ("retired", "Retired"), ("all", "All"))
AGES = (
    ("5", "5 years or more"),
    ("10", "10 years or more"),
    ("15", "15 years or more"),
    ("20", "20 years or more"),
)
LABELS = {
    "kind": "Unit",
    "make": "Make",
    "warranty": "Warranty",
    "age": "Age",
    "customer": "Customer",
    "property": "Property",
    "job": "Job",
}


def read() -> listing.ListQuery:
    """The list's address, understood."""
    return listing.read(
        queries.SORTS, "customer", labels=LABELS, words={"warranty": queries.WARRANTY, "age": dict(AGES)}
    )


def filters(query: listing.ListQuery) -> queries.Filters:
    """What the address narrows the list to."""
    state = query.get("state")

    def one(name: str) -> int | None:
        found = query.numbers(name)
        return found[0] if found else None

    warranty = tuple(w for w in query.getlist("warranty") if w in queries.WARRANTY)
    return queries.Filters(
        q=query.get("q"),
        kinds=tuple(query.getlist("kind")),
        makes=tuple(query.getlist("make")),
        warranty=("ending",) if state == "ending" else warranty,
        customer_id=one("customer"),
        property_id=one("property"),
        job_id=one("job"),
        older_than=one("age") if query.get("age") in dict(AGES) else None,
        retired={"retired": True, "all": None}.get(state, False),
    )


@bp.get("")
@requires(READ)
def index() -> Response:
    """The list of equipment."""
    query = read()
    statement = queries.listed(filters(query))
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(COLUMNS, query, queries.csv_columns()))
        return csv.response(lists.ordered(statement, query, queries.SORTS, Equipment.id), "equipment")
    page = listing.rows(statement, query, queries.SORTS, Equipment.id, total=lists.total(statement))
    tallies, day = queries.tallies(), queries.today()
    page.rows = [_row(row, day) for row in page.rows]
    if query.numbers("customer"):
        named = customers.brief(query.numbers("customer"))
        query.words["customer"] = {str(number): row.name for number, row in named.items()}
    return pages.render(
        "equipment/list.html",
        block={"results": "results"},
        page_title="Equipment",
        query=query,
        page=page,
        columns=COLUMNS,
        views=lists.tabbed(query, TABS, {**tallies, "": tallies["used"]}, saved=saved_views.listed(HOME)),
        kinds=[(k, k) for k in queries.choices_of(Equipment.kind)],
        makes=[(m, m) for m in queries.choices_of(Equipment.make)],
        warranties=list(queries.WARRANTY.items()),
        ages=AGES,
        empty=not tallies["all"],
        retired_view=query.get("state") == "retired",
    )


def _row(row: Any, day: Any) -> dict[str, Any]:
    state = rules.warranty_state(row.warranty_until, day)
    return {
        **row._mapping,
        "street": addresses.one_line({"address": row.address, "unit": row.unit or ""}),
        "region": addresses.one_line({"city": row.city, "state": row.state, "zip": row.zip}),
        "warranty": state,
        "warranty_words": rules.warranty_words(row.warranty_until, day),
        "age": rules.age_words(row.installed_on, day),
        "row_class": "muted" if row.retired_on else "",
    }


@bp.post("/bulk/retire")
@requires(EDIT)
def bulk_retire() -> Response:
    """Take the ticked units out of use."""
    query = read()
    chosen = lists.selected(lambda most: queries.ids(filters(query), most))
    done = service.retire_all(chosen)
    back = lists.back_to(HOME, query)
    undo = ""
    if 0 < len(done) <= UNDOABLE:
        undo = f"{HOME}/undo/{crypto.sign('equipment.retired', done)}?next={quote(back, safe='')}"
    pages.toast(f"{words.plural(len(done), 'unit')} retired.", undo_url=undo)
    return pages.redirect(back)


@bp.post("/undo/<token>")
@requires(EDIT)
def undo(token: str) -> Response:
    """Put units that were retired together into use again."""
    numbers = crypto.unsign("equipment.retired", token, max_age_seconds=UNDO_SECONDS)
    if numbers is None:
        raise errors.Conflict("This is too long ago to be undone. Put each unit into use again.")
    for number in numbers:
        service.restore(number)
    pages.toast("They are in use again.")
    return pages.redirect(pages.back(HOME) if request.args.get("next") else HOME)
