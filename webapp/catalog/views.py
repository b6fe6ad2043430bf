"""Pages of the price book."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from webapp.accounts.service import saved_views
from webapp.catalog import forms, queries, rules, service
from webapp.catalog.permissions import EDIT, LOOKUP, READ
from webapp.kit import csv, db, errors, json, listing, lists, money, pages, words
from webapp.kit import forms as kit_forms
from webapp.kit.permissions import requires
from webapp.models import Item, ItemCategory

bp = Blueprint("catalog", __name__, url_prefix="/items")

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Item", "kind": "link", "sort": "name", "always": True},
    {"key": "code", "label": "Code", "sort": "code"},
    {"key": "category", "label": "Category", "sort": "category"},
    {"key": "list_price_cents", "label": "List price", "kind": "money", "sort": "list_price"},
    {"key": "description", "label": "Description", "kind": "cell", "hidden": True},
    {"key": "archived", "label": "Archived", "kind": "bool", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at"},
]
TABS = (("", "On sale"), ("archived", "Archived"), ("all", "All"))
PREVIEWED = 12  # rows of the price preview


def read() -> listing.ListQuery:
    named = {str(number): name for number, name in queries.category_choices()}
    return listing.read(queries.SORTS, "name", labels={"category": "Category"},
                        words={"category": {**named, "none": "No category"}})  # fmt: skip


def filters(query: listing.ListQuery) -> queries.Filters:
    archived = {"archived": True, "all": None}.get(query.get("state"), False)
    return queries.Filters(
        query.get("q"), tuple(query.numbers("category")), "none" in query.getlist("category"), archived
    )


@bp.get("")
@requires(READ)
def index() -> Response:
    """The list of items."""
    query = read()
    statement = queries.rows(filters(query))
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(COLUMNS, query, queries.csv_columns()))
        return csv.response(lists.ordered(statement, query, queries.SORTS, Item.id), "price-book")
    tallies = queries.tallies()
    page = listing.rows(statement, query, queries.SORTS, Item.id, total=lists.total(statement))
    page.rows = [{**row._mapping, "row_class": "muted" if row.archived else ""} for row in page.rows]
    counts = {**tallies, "": tallies["current"]}
    views = lists.tabbed(query, TABS, counts, saved=saved_views.listed("/items"))
    return pages.render(
        "catalog/list.html",
        block={"results": "results"},
        page_title="Price book",
        query=query,
        page=page,
        columns=COLUMNS,
        views=views,
        categories=list(query.words["category"].items()),
        empty=not tallies["all"],
        archived_view=query.get("state") == "archived",
    )


@bp.get("/options")
@requires(LOOKUP)
def options() -> Response:
    """Items to choose from, for fields that find as one types."""
    found = queries.options(request.args.get("q", ""))
    return json.answer([{"id": r.id, "label": r.name, "hint": _hint(r)} for r in found])


def _hint(row: Any) -> str:
    price = money.dollars(row.list_price_cents) if row.list_price_cents is not None else ""
    return " · ".join(part for part in (row.code, price) if part)


@bp.get("/new")
@requires(EDIT)
def new() -> Response:
    return _form_page(forms.ItemForm(category_id=request.args.get("category", type=int)), None)


@bp.post("")
@requires(EDIT)
def create() -> Response:
    return _saved(forms.ItemForm(), None)


@bp.get("/<int:item_id>")
@requires(READ)
def show(item_id: int) -> Response:
    """The page of one item."""
    item = db.get(Item, item_id)
    entries, following = queries.history(item_id)
    category = queries.category_names({item.category_id}) if item.category_id else {}
    return pages.render(
        "catalog/show.html",
        page_title=item.name,
        item=item,
        category=category.get(item.category_id or 0),
        panels=[panel(item_id) for panel in queries.ITEM_PANELS],
        entries=entries,
        more_url=_more_url(item_id, following),
    )


@bp.get("/<int:item_id>/timeline")
@requires(READ)
def timeline(item_id: int) -> Response:
    """Earlier entries of an item's timeline."""
    item = db.get(Item, item_id)
    entries, following = queries.history(item_id, request.args.get("before", type=int))
    return pages.render(
        "catalog/timeline.html",
        block="entries",
        page_title=item.name,
        item=item,
        entries=entries,
        more_url=_more_url(item_id, following),
    )


def _more_url(item_id: int, following: int | None) -> str | None:
    return f"/items/{item_id}/timeline?before={following}" if following else None


@bp.get("/<int:item_id>/edit")
@requires(EDIT)
def edit(item_id: int) -> Response:
    item = db.get(Item, item_id)
    return _form_page(forms.ItemForm(obj=item), item)


@bp.post("/<int:item_id>")
@requires(EDIT)
def update(item_id: int) -> Response:
    return _saved(forms.ItemForm(), db.get(Item, item_id))


def _saved(form: forms.ItemForm, item: Item | None) -> Response:
    _fill(form, item)
    if form.validate():
        try:
            saved = service.update(item.id, form.values()) if item else service.create(form.values())
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{saved.name} was {'saved' if item else 'added'}.")
            return pages.redirect(f"/items/{saved.id}")
    return _form_page(form, item, status=422)


def _fill(form: forms.ItemForm, item: Item | None) -> None:
    found = queries.category_choices(item.category_id if item else None)
    form.category_id.choices = kit_forms.choices([("", "None"), *found])


def _form_page(form: forms.ItemForm, item: Item | None, status: int = 200) -> Response:
    _fill(form, item)
    title = f"Edit {item.name}" if item else "New item"
    return pages.render(
        "catalog/form.html", block="form", status=status, page_title=title, form=form, item=item
    )


@bp.post("/<int:item_id>/archive")
@requires(EDIT)
def archive(item_id: int) -> Response:
    return _set_archived(item_id, archived=True)


@bp.post("/<int:item_id>/unarchive")
@requires(EDIT)
def unarchive(item_id: int) -> Response:
    return _set_archived(item_id, archived=False)


def _set_archived(item_id: int, *, archived: bool) -> Response:
    item = service.update(item_id, {"archived": archived})
    back, deed = ("unarchive", "is off sale") if archived else ("archive", "is back on sale")
    pages.toast(f"{item.name} {deed}.", undo_url=f"/items/{item_id}/{back}")
    return pages.redirect(f"/items/{item_id}")


# Several at once ------------------------------------------------------------------------------------------------


def _chosen(query: listing.ListQuery) -> list[int]:
    return lists.selected(lambda most: queries.ids(filters(query), most))


def _bulk_done(query: listing.ListQuery, batch: str, changed: int, deed: str) -> Response:
    back = lists.back_to("/items", query)
    undo = f"/items/undo/{batch}?next={quote(back, safe='')}" if changed else ""
    pages.toast(f"{words.plural(changed, 'item')} {deed}.", undo_url=undo)
    return pages.redirect(back)


@bp.post("/bulk/archive")
@requires(EDIT)
def bulk_archive() -> Response:
    query = read()
    return _bulk_done(query, *service.set_for_all(_chosen(query), "archived", True), "archived")


@bp.post("/bulk/unarchive")
@requires(EDIT)
def bulk_unarchive() -> Response:
    query = read()
    return _bulk_done(query, *service.set_for_all(_chosen(query), "archived", False), "put back on sale")


@bp.post("/bulk/category")
@requires(EDIT)
def bulk_category() -> Response:
    """Set one category for the ticked items, asked for first."""
    query = read()
    ids = _chosen(query)
    given = "category_id" in request.form
    form = forms.SetCategoryForm() if given else forms.SetCategoryForm(formdata=None)
    form.category_id.choices = kit_forms.choices([("", "None"), *queries.category_choices()])
    if given and form.validate():
        done = service.set_for_all(ids, "category_id", form.category_id.data)
        return _bulk_done(query, *done, "moved to another category")
    return _bulk_dialog("catalog/bulk_category.html", "Set category", "category", form, ids, query)


@bp.post("/bulk/prices")
@requires(EDIT)
def bulk_prices() -> Response:
    """Change list prices by a percentage: asked for, shown, and only then done."""
    query = read()
    ids = _chosen(query)
    given = "percent" in request.form
    form = forms.PricesForm() if given else forms.PricesForm(formdata=None)
    if not given or not form.validate():
        return _bulk_dialog("catalog/bulk_prices.html", "Change prices", "prices", form, ids, query)
    try:
        bps, step = rules.check_change(form.percent.data), form.rounding.data
        seen = f"{bps}:{step}"
        if request.form.get("seen") == seen:  # what was shown is what is done
            return _bulk_done(query, *service.change_prices(ids, bps, step), "got a new list price")
    except ValueError as problem:
        form.percent.errors = [str(problem)]
        return _bulk_dialog("catalog/bulk_prices.html", "Change prices", "prices", form, ids, query)
    except errors.AppError as problem:
        db.db.session.rollback()  # all or none
        form.blame(problem)
        return _bulk_dialog("catalog/bulk_prices.html", "Change prices", "prices", form, ids, query)
    known = queries.prices(ids)
    preview = [
        {"name": r.name, "code": r.code, "before": r.list_price_cents,
         "after": rules.changed_price(r.list_price_cents, bps, step)}
        for r in known
    ]  # fmt: skip
    moving = [p for p in preview if p["before"] != p["after"]]
    return _bulk_dialog(
        "catalog/bulk_prices.html", "Change prices", "prices", form, ids, query,
        seen=seen, preview=moving[:PREVIEWED], moving=len(moving), still=len(ids) - len(moving),
    )  # fmt: skip


def _bulk_dialog(template: str, title: str, action: str, form: Any, ids: list[int], query: listing.ListQuery,
                 **values: Any) -> Response:  # fmt: skip
    refused = bool(form.errors or form.form_errors)
    again = refused or bool(values)
    return pages.render(
        template,
        block="form" if again else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=title,
        title=title,
        count=words.plural(len(ids), "item"),
        form=form,
        ids=ids,
        action=lists.back_to(f"/items/bulk/{action}", query),
        back=lists.back_to("/items", query),
        **values,
    )


@bp.post("/undo/<batch>")
@requires(EDIT)
def undo(batch: str) -> Response:
    """Take a bulk action back."""
    undone = service.undo(batch)
    if undone:
        pages.toast(f"Undone for {words.plural(undone, 'item')}.")
    else:
        pages.toast("There was nothing left to undo.", "warning")
    return pages.redirect(pages.back("/items"))


# Categories -----------------------------------------------------------------------------------------------------


@bp.get("/categories")
@requires(READ)
def categories() -> Response:
    """The categories, with how many items each has."""
    return pages.render("catalog/categories.html", block={"categories": "categories"}, page_title="Categories",
                        rows=queries.category_table())  # fmt: skip


@bp.route("/categories/new", methods=["GET", "POST"])
@requires(EDIT)
def new_category() -> Response:
    return _category_dialog(forms.CategoryForm(), None)


@bp.route("/categories/<int:category_id>/edit", methods=["GET", "POST"])
@requires(EDIT)
def edit_category(category_id: int) -> Response:
    category = db.get(ItemCategory, category_id, what="category")
    return _category_dialog(forms.CategoryForm(obj=category), category)


def _category_dialog(form: forms.CategoryForm, category: ItemCategory | None) -> Response:
    refused = request.method == "POST"
    if refused and form.validate():
        try:
            saved = (
                service.update_category(category.id, form.values())
                if category
                else service.create_category(form.values())
            )
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{saved.name} was {'saved' if category else 'added'}.")
            return (
                pages.done("categories-changed") if pages.is_htmx() else pages.redirect("/items/categories")
            )
    return pages.render(
        "catalog/category.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Rename {category.name}" if category else "New category",
        form=form,
        category=category,
    )


@bp.post("/categories/<int:category_id>/<any(archive, unarchive):verb>")
@requires(EDIT)
def archive_category(category_id: int, verb: str) -> Response:
    category = service.update_category(category_id, {"archived": verb == "archive"})
    other = "unarchive" if verb == "archive" else "archive"
    pages.toast(f"{category.name} was {verb}d.", undo_url=f"/items/categories/{category_id}/{other}")
    return pages.redirect("/items/categories")
