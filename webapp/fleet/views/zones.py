"""Pages of service zones: the list with its map, the form with the map one draws on, one zone."""

from typing import Any
from urllib.parse import quote

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.fleet import forms, rules
from webapp.fleet.permissions import ZONES_EDIT, ZONES_READ
from webapp.fleet.queries import zones as queries
from webapp.fleet.service import zones as service
from webapp.fleet.views import maps
from webapp.fleet.views import zones_bp as bp
from webapp.kit import csv, db, errors, geo, listing, lists, pages, words
from webapp.kit import forms as kit_forms
from webapp.kit.permissions import requires
from webapp.models import ServiceZone
from webapp.technicians import queries as technicians

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Zone", "kind": "cell", "sort": "name", "always": True},
    {"key": "area", "label": "Where", "kind": "cell", "sort": "kind"},
    {"key": "technicians", "label": "Served by", "kind": "cell"},
    {"key": "notes", "label": "Notes", "kind": "cell", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at", "hidden": True},
    {"key": "order", "label": "Order", "kind": "cell", "sort": "position", "align": "end"},
]
TABS = (("", "Served"), ("archived", "Archived"), ("all", "All"))
HOME = "/service-zones"
SHOWN_ZIPS = 300  # chips on a zone's page


def read() -> listing.ListQuery:
    return listing.read(queries.SORTS, "position", labels={"kind": "Where", "technician": "Served by"},
                        words={"kind": rules.zones.KINDS})  # fmt: skip


def filters(query: listing.ListQuery) -> queries.Filters:
    archived = {"archived": True, "all": None}.get(query.get("state"), False)
    kinds = tuple(k for k in query.getlist("kind") if k in rules.zones.KINDS)
    who = query.numbers("technician")
    return queries.Filters(query.get("q"), kinds, who[0] if who else None, archived)


@bp.get("")
@requires(ZONES_READ)
def index() -> Response:
    """The list of zones in the order that decides, with all of them on a map."""
    return _list()


def _list() -> Response:
    query = read()
    query.path = HOME
    statement = queries.rows(filters(query))
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(COLUMNS, query, queries.csv_columns()))
        return csv.response(lists.ordered(statement, query, queries.SORTS, ServiceZone.id), "service-zones")
    tallies = queries.tallies()
    page = listing.rows(statement, query, queries.SORTS, ServiceZone.id, total=lists.total(statement))
    page.rows = [{**row._mapping, "row_class": "muted" if row.archived else ""} for row in page.rows]
    people = technicians.choices()
    query.words["technician"] = {str(number): name for number, name in people}
    views = lists.tabbed(query, TABS, {**tallies, "": tallies["current"]}, saved=saved_views.listed(HOME))
    whole = queries.whole() if not pages.is_htmx() else []
    return pages.render(
        "fleet/zones.html",
        block={"results": "results"},
        page_title="Service zones",
        query=query,
        page=page,
        columns=COLUMNS,
        views=views,
        kinds=rules.zones.KINDS,
        people=people,
        empty=not tallies["all"],
        archived_view=query.get("state") == "archived",
        ordered=query.sort == "position",
        map={**maps.of_zones(whole), **maps.ground()} if whole else None,
        several=len(whole) > 1,
    )


@bp.get("/overlaps")
@requires(ZONES_READ)
def overlaps() -> Response:
    """Which zones share ground, and which of them gets it."""
    found = [
        {"first": names[pair.first], "first_id": pair.first, "second": names[pair.second], "second_id": pair.second,
         "zips": rules.zones.zip_words(pair.zips)}
        for pair, names in queries.overlapping()
    ]  # fmt: skip
    return pages.render("fleet/overlaps.html", block="overlaps", page_title="Overlapping zones", pairs=found)


@bp.get("/resolve")
@requires(ZONES_READ)
def resolve() -> Response:
    """Which zone a ZIP code is in: asked from the list."""
    text = request.args.get("zip", "").replace("\x00", "").strip()
    five = text[:5]
    zone, problem, people = None, "", []
    if text and not geo.is_zip(five):
        problem = "Write the five digits of a ZIP code."
    elif text:
        found = queries.zone_of(five)
        zone = db.get(ServiceZone, found, what="service zone") if found is not None else None
        if zone is not None:
            named = technicians.names(set(queries.who_serves(zone.id)))
            people = sorted(named.items(), key=lambda pair: pair[1].casefold())
    return pages.render("fleet/resolve.html", block="answer", page_title="Which zone?", zip=text, zone=zone, problem=problem,
                        people=people, known=geo.zip_centroid(five) is not None)  # fmt: skip


# Adding and changing ------------------------------------------------------------------------------------------------


@bp.get("/new")
@requires(ZONES_EDIT)
def new() -> Response:
    return _form_page(forms.ZoneForm(color=service.next_color()), None)


@bp.post("")
@requires(ZONES_EDIT)
def create() -> Response:
    return _saved(forms.ZoneForm(), None)


@bp.get("/<int:zone_id>/edit")
@requires(ZONES_EDIT)
def edit(zone_id: int) -> Response:
    zone = db.get(ServiceZone, zone_id, what="service zone")
    form = forms.ZoneForm(
        obj=zone,
        zips=" ".join(queries.zips_of([zone_id]).get(zone_id, ())),
        points=rules.zones.point_lines(zone.polygon if zone.kind == "polygon" else None),
        technician_ids=queries.technicians_of([zone_id]).get(zone_id, []),
    )
    return _form_page(form, zone)


@bp.post("/<int:zone_id>")
@requires(ZONES_EDIT)
def update(zone_id: int) -> Response:
    return _saved(forms.ZoneForm(), db.get(ServiceZone, zone_id, what="service zone"))


def _saved(form: forms.ZoneForm, zone: ServiceZone | None) -> Response:
    _fill(form, zone)
    asks = False
    if form.validate():
        try:
            values, keep = form.zone_values(), bool(form.keep_unknown.data)
            saved = (
                service.update(zone.id, values, keep_unknown=keep)
                if zone
                else service.create(values, keep_unknown=keep)
            )
        except ValueError as problem:
            form.points.errors = [str(problem)]
        except errors.AppError as problem:
            asks = "no ZIP code" in problem.message
            _blame(form, problem)
        else:
            pages.toast(f"{saved.name} was {'saved' if zone else 'added'}.")
            return pages.redirect(f"{HOME}/{saved.id}")
    return _form_page(form, zone, status=422, asks=asks)


def _blame(form: forms.ZoneForm, problem: errors.AppError) -> None:
    """Show a refusal; what is said of the area stands at its corners."""
    named = dict(problem.details.get("fields") or {})
    area = named.pop("polygon", None)
    if area is None:
        form.blame(problem)
        return
    form.points.errors = [*form.points.errors, area]
    for name, sentence in named.items():
        form[name].errors = [*form[name].errors, sentence]


def _fill(form: forms.ZoneForm, zone: ServiceZone | None) -> None:
    people = technicians.choices()
    if zone is not None:  # who serves it and left stays ticked until somebody takes the tick away
        present = queries.technicians_of([zone.id]).get(zone.id, [])
        people += sorted(technicians.names(set(present) - {number for number, _ in people}).items())
    form.technician_ids.choices = kit_forms.choices(people)


def _form_page(
    form: forms.ZoneForm, zone: ServiceZone | None, status: int = 200, *, asks: bool = False
) -> Response:
    _fill(form, zone)
    title = f"Edit {zone.name}" if zone else "New service zone"
    others = queries.whole(besides=zone.id if zone else None)
    ids = frozenset(row.id for row, _ in others)
    return pages.render(
        "fleet/zone_form.html",
        block="form",
        status=status,
        page_title=title,
        form=form,
        zone=zone,
        asks=asks or bool(form.keep_unknown.data),
        map={**maps.of_zones(others, quiet=ids), **maps.ground()},
    )


@bp.post("/zips")
@requires(ZONES_EDIT)
def preview_zips() -> Response:
    """What a list of ZIP codes means, as one types: how many, which nobody knows, and where they are."""
    found = rules.zones.read_zips(request.form.get("zips", "")[:60_000])
    return pages.render("fleet/zips.html", block="zips", page_title="ZIP codes", found=found,
                        unknown=rules.zones.unknown_words(found.unknown) if found.unknown else "",
                        dots=maps.dots(found.known[: maps.MOST_DOTS]))  # fmt: skip


# One zone -----------------------------------------------------------------------------------------------------------


@bp.get("/<int:zone_id>")
@requires(ZONES_READ)
def show(zone_id: int) -> Response:
    """The page of one zone."""
    zone = db.get(ServiceZone, zone_id, what="service zone")
    zips = queries.zips_of([zone_id]).get(zone_id, [])
    others = queries.whole(besides=zone_id)
    area = rules.zones.Area(zone.id, frozenset(zips), zone.polygon if zone.kind == "polygon" else None)
    drawn = maps.of_zones([(zone, area), *others], quiet=frozenset(row.id for row, _ in others))
    entries, following = queries.history(zone_id)
    return pages.render(
        "fleet/zone.html",
        page_title=zone.name,
        zone=zone,
        zips=zips,
        shown_zips=SHOWN_ZIPS,
        area=service.area_words(zone, len(zips)),
        people=queries.serving(zone_id),
        shares=_shares(zone, area, others) if not zone.archived else [],
        map={**drawn, **maps.ground(), "focus": zone_id},
        entries=entries,
        more_url=_more_url(zone_id, following),
    )


def _shares(
    zone: ServiceZone, area: rules.zones.Area, others: list[tuple[Any, rules.zones.Area]]
) -> list[dict[str, Any]]:
    """What a zone shares with others, and who gets it."""
    names = {row.id: row.name for row, _ in others}
    order = {z.id: rank for rank, z in enumerate(queries.in_order())}
    found = []
    for row, other in others:
        for pair in rules.zones.overlaps([area, other]):
            first = order.get(zone.id, 0) < order.get(row.id, 0)
            found.append(
                {"id": row.id, "name": names[row.id], "zips": rules.zones.zip_words(pair.zips), "wins": first}
            )
    return found


@bp.get("/<int:zone_id>/timeline")
@requires(ZONES_READ)
def timeline(zone_id: int) -> Response:
    """Earlier entries of a zone's timeline."""
    zone = db.get(ServiceZone, zone_id, what="service zone")
    entries, following = queries.history(zone_id, request.args.get("before", type=int))
    return pages.render("fleet/timeline.html", block="entries", page_title=zone.name, home=HOME, home_label="Service zones",
                        record=zone, entries=entries, more_url=_more_url(zone_id, following))  # fmt: skip


def _more_url(zone_id: int, following: int | None) -> str | None:
    return f"{HOME}/{zone_id}/timeline?before={following}" if following else None


@bp.post("/<int:zone_id>/<any(archive, unarchive):verb>")
@requires(ZONES_EDIT)
def archive(zone_id: int, verb: str) -> Response:
    freed = queries.serving_only([zone_id]) if verb == "archive" else 0
    zone = service.update(zone_id, {"archived": verb == "archive"})
    other = "unarchive" if verb == "archive" else "archive"
    said = f"{zone.name} is archived." if verb == "archive" else f"{zone.name} is served again."
    pages.toast(said + _freed_words(freed), undo_url=f"{HOME}/{zone_id}/{other}")
    return pages.redirect(f"{HOME}/{zone_id}")


def _freed_words(freed: int) -> str:
    if not freed:
        return ""
    return f" {words.plural(freed, 'technician')} served no other zone, and now {'serves' if freed == 1 else 'serve'} all."


@bp.post("/<int:zone_id>/<any(up, down):direction>")
@requires(ZONES_EDIT)
def move(zone_id: int, direction: str) -> Response:
    """One place up or down in the order."""
    service.move(zone_id, direction)
    if not pages.is_htmx():
        return pages.redirect(pages.back(HOME))
    return _list()


# Several at once ----------------------------------------------------------------------------------------------------


@bp.post("/bulk/<any(archive, unarchive):verb>")
@requires(ZONES_EDIT)
def bulk_archive(verb: str) -> Response:
    query = read()
    chosen = lists.selected(lambda most: queries.ids(filters(query), most))
    freed = queries.serving_only(chosen) if verb == "archive" else 0
    batch, changed = service.archive_all(chosen, archived=verb == "archive")
    back = lists.back_to(HOME, query)
    deed = "archived" if verb == "archive" else "served again"
    undo = f"{HOME}/undo/{batch}?next={quote(back, safe='')}" if changed else ""
    pages.toast(f"{words.plural(changed, 'zone')} {deed}.{_freed_words(freed)}", undo_url=undo)
    return pages.redirect(back)


@bp.post("/undo/<batch>")
@requires(ZONES_EDIT)
def undo(batch: str) -> Response:
    """Take a bulk action back."""
    undone = service.undo(batch)
    if undone:
        pages.toast(f"Undone for {words.plural(undone, 'zone')}.")
    else:
        pages.toast("There was nothing left to undo.", "warning")
    return pages.redirect(pages.back(HOME))
