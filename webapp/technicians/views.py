"""Pages of technicians."""

from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from webapp.accounts import queries as accounts
from webapp.accounts.permissions import USERS_MANAGE
from webapp.accounts.service import saved_views, users
from webapp.kit import clean, crypto, csv, db, errors, json, listing, lists, pages, permissions, words
from webapp.kit import forms as kit_forms
from webapp.kit.permissions import requires
from webapp.models import Technician
from webapp.technicians import forms, queries, rules, service
from webapp.technicians.permissions import EDIT, LOOKUP, PAY, READ

bp = Blueprint("technicians", __name__, url_prefix="/technicians")

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Name", "kind": "cell", "sort": "name", "always": True},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "employee_number", "label": "Number", "sort": "number"},
    {"key": "pay_type", "label": "Pay", "kind": "cell", "sort": "pay_type"},
    {"key": "base_pay_cents", "label": "Base pay", "kind": "cell", "align": "end", "sort": "base_pay"},
    {"key": "phone", "label": "Phone", "kind": "phone"},
    {"key": "email", "label": "Email", "kind": "email", "hidden": True},
    {"key": "supervisor", "label": "Supervisor", "kind": "cell"},
    {"key": "starts_on", "label": "First day", "kind": "date", "sort": "starts_on"},
    {"key": "ends_on", "label": "Last day", "kind": "date", "hidden": True},
    {"key": "username", "label": "Signs in as", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at", "hidden": True},
]
TABS = (("", "Active"), ("upcoming", "Starting later"), ("former", "Former"), ("all", "All"))
STATES = {"active": "Active", "former": "Former", "upcoming": "Starts later"}
UNDOABLE = 200  # rows whose former value still fits into an address


def columns() -> list[dict[str, Any]]:
    return [c for c in COLUMNS if c["key"] != "base_pay_cents" or permissions.may(PAY)]


def read() -> listing.ListQuery:
    sorts = {k: v for k, v in queries.SORTS.items() if k != "base_pay" or permissions.may(PAY)}
    return listing.read(sorts, "name", labels={"pay_type": "Pay type", "supervisor": "Supervisor"},
                        words={"pay_type": rules.PAY_TYPES})  # fmt: skip


def filters(query: listing.ListQuery) -> queries.Filters:
    state = query.get("state")
    state = "" if state == "all" else state if state in STATES else "active"
    kinds = tuple(k for k in query.getlist("pay_type") if k in rules.PAY_TYPES)
    supervisor = query.numbers("supervisor")
    return queries.Filters(query.get("q"), state, kinds, supervisor[0] if supervisor else None)


@bp.get("")
@requires(READ)
def index() -> Response:
    """The list of technicians."""
    query = read()
    wanted = filters(query)
    statement = queries.rows(wanted)
    if query.get("format") == "csv":
        chosen = lists.chosen(columns(), query, queries.csv_columns())
        statement = statement.with_only_columns(*chosen)
        return csv.response(lists.ordered(statement, query, queries.SORTS, Technician.id), "technicians")
    tallies = queries.tallies()
    total = lists.total(statement)
    page = listing.rows(statement, query, queries.SORTS, Technician.id, total=total)
    today = queries.today()
    page.rows = [_row(row, today) for row in page.rows]
    if query.numbers("supervisor"):
        named = queries.names(set(query.numbers("supervisor")))
        query.words["supervisor"] = {str(number): name for number, name in named.items()}
    views = lists.tabbed(
        query, TABS, {**tallies, "": tallies["active"]}, saved=saved_views.listed("/technicians")
    )
    return pages.render("technicians/list.html", block={"results": "results"}, page_title="Technicians",
                        query=query, page=page, columns=columns(), views=views, pay_types=rules.PAY_TYPES,
                        states=STATES, empty=not tallies["all"])  # fmt: skip


def _row(row: Any, today: Any) -> dict[str, Any]:
    state = rules.state(row.starts_on, row.ends_on, today)
    return {**row._mapping, "state": state, "phone": clean.phone_words(row.phone),
            "row_class": "muted" if state == "former" else ""}  # fmt: skip


@bp.get("/options")
@requires(LOOKUP)
def options() -> Response:
    """Technicians to choose from, for fields that find as one types."""
    found = queries.options(request.args.get("q", ""), everybody=request.args.get("everybody") == "1")
    return json.answer([{"id": r.id, "label": r.name, "hint": r.employee_number or ""} for r in found])


@bp.get("/new")
@requires(EDIT)
def new() -> Response:
    form = forms.TechnicianForm(color=service.next_color())
    return _form_page(form, None)


@bp.post("")
@requires(EDIT)
def create() -> Response:
    form = _filled(forms.TechnicianForm(), None)
    if form.validate():
        try:
            technician = service.create(_values(form))
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{technician.name} was added.")
            return pages.redirect(f"/technicians/{technician.id}")
    return _form_page(form, None, status=422)


@bp.get("/<int:technician_id>")
@requires(READ)
def show(technician_id: int) -> Response:
    """The page of one technician."""
    technician = db.get(Technician, technician_id)
    today = queries.today()
    entries, following = queries.history(technician_id)
    supervisor = queries.names({technician.supervisor_id}) if technician.supervisor_id else {}
    return pages.render(
        "technicians/show.html",
        block={"record": "record"},
        page_title=technician.name,
        technician=technician,
        state=rules.state(technician.starts_on, technician.ends_on, today),
        states=STATES,
        pay_words=rules.PAY_TYPES[technician.pay_type],
        pay_per=rules.PAY_PER[technician.pay_type],
        phone=clean.phone_words(technician.phone),
        supervisor=supervisor.get(technician.supervisor_id or 0),
        team=queries.team(technician_id),
        sign_in=queries.sign_in_of(technician_id),
        panels=[panel(technician_id) for panel in queries.TECHNICIAN_PANELS],
        entries=entries,
        more_url=_more_url(technician_id, following),
    )


@bp.get("/<int:technician_id>/timeline")
@requires(READ)
def timeline(technician_id: int) -> Response:
    """Earlier entries of a technician's timeline."""
    technician = db.get(Technician, technician_id)
    entries, following = queries.history(technician_id, request.args.get("before", type=int))
    return pages.render(
        "technicians/timeline.html",
        block="entries",
        page_title=technician.name,
        technician=technician,
        entries=entries,
        more_url=_more_url(technician_id, following),
    )


def _more_url(technician_id: int, following: int | None) -> str | None:
    return f"/technicians/{technician_id}/timeline?before={following}" if following else None


@bp.get("/<int:technician_id>/edit")
@requires(EDIT)
def edit(technician_id: int) -> Response:
    technician = db.get(Technician, technician_id)
    form = forms.TechnicianForm(obj=technician)
    form.phone.data = clean.phone_words(technician.phone)
    return _form_page(_filled(form, technician), technician)


@bp.post("/<int:technician_id>")
@requires(EDIT)
def update(technician_id: int) -> Response:
    technician = db.get(Technician, technician_id)
    form = _filled(forms.TechnicianForm(), technician)
    if form.validate():
        try:
            service.update(technician_id, _values(form))
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{technician.name} was saved.")
            return pages.redirect(f"/technicians/{technician_id}")
    return _form_page(form, technician, status=422)


def _filled(form: forms.TechnicianForm, technician: Technician | None) -> forms.TechnicianForm:
    """The form with its choices, and without what this person may not see."""
    own = technician.id if technician else None
    present = technician.supervisor_id if technician else None
    form.supervisor_id.choices = _people(queries.choices(besides=own, with_id=present))
    if not permissions.may(PAY):
        del form.base_pay_cents
    return form


def _people(found: list[tuple[int, str]]) -> Any:
    return kit_forms.choices([("", "Nobody"), *found])


def _values(form: forms.TechnicianForm) -> dict[str, Any]:
    values = form.values()
    if "base_pay_cents" in values:
        values["base_pay_cents"] = values["base_pay_cents"] or 0
    return values


def _form_page(form: forms.TechnicianForm, technician: Technician | None, status: int = 200) -> Response:
    if technician is None and form.supervisor_id.choices is None:
        form = _filled(form, None)
    title = f"Edit {technician.name}" if technician else "New technician"
    return pages.render("technicians/form.html", block="form", status=status, page_title=title, form=form,
                        technician=technician)  # fmt: skip


@bp.route("/<int:technician_id>/deactivate", methods=["GET", "POST"])
@requires(EDIT)
def deactivate(technician_id: int) -> Response:
    """Ask for the last day, and set it."""
    technician = db.get(Technician, technician_id)
    sign_in = queries.sign_in_of(technician_id)
    ends = sign_in is not None and sign_in.active and permissions.may(USERS_MANAGE)
    form = (forms.LeavingForm if ends else forms.LastDayForm)(last_day=technician.ends_on or queries.today())
    if request.method == "POST" and form.validate():
        old = technician.ends_on
        try:
            service.update(technician_id, {"ends_on": form.last_day.data})
            if sign_in is not None and ends and form["end_sign_in"].data:
                users.deactivate(sign_in.id)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            url = f"/technicians/{technician_id}"
            undo = _undo_url("ends_on", [(technician_id, old)], technician.ends_on, url)
            pages.toast(f"{technician.name}'s last day: {_day_words(technician.ends_on)}.", undo_url=undo)
            return pages.done("technician-changed") if pages.is_htmx() else pages.redirect(url)
    refused = request.method == "POST"
    return pages.render(
        "technicians/deactivate.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Deactivate {technician.name}",
        form=form,
        technician=technician,
        team=queries.team(technician_id),
        sign_in=sign_in,
    )


@bp.route("/<int:technician_id>/invite", methods=["GET", "POST"])
@requires(USERS_MANAGE)
def invite(technician_id: int) -> Response:
    """Create a sign-in for a technician."""
    technician = db.get(Technician, technician_id)
    suggestion = rules.suggested_username(technician.name)
    form = forms.InviteForm(email=technician.email, username=suggestion)
    if request.method == "POST" and form.validate():
        try:
            user = service.invite(technician_id, username=form.username.data, email=form.email.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"An invitation is on its way to {user.email}.")
            url = f"/technicians/{technician_id}"
            return pages.done("technician-changed") if pages.is_htmx() else pages.redirect(url)
    refused = request.method == "POST"
    return pages.render(
        "technicians/invite.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"A sign-in for {technician.name}",
        form=form,
        technician=technician,
    )


@bp.post("/<int:technician_id>/reactivate")
@requires(EDIT)
def reactivate(technician_id: int) -> Response:
    technician = db.get(Technician, technician_id)
    old = technician.ends_on
    service.reactivate(technician_id)
    undo = _undo_url("ends_on", [(technician_id, old)], None, f"/technicians/{technician_id}") if old else ""
    pages.toast(f"{technician.name} works here again.", undo_url=undo)
    return pages.redirect(f"/technicians/{technician_id}")


def _day_words(day: date | None) -> str:
    return words.date_words(day, zone=accounts.organization().time_zone)


@bp.post("/bulk/deactivate")
@requires(EDIT)
def bulk_deactivate() -> Response:
    """Set one last day for the ticked technicians, asked for first."""
    query = read()
    ids = lists.selected(lambda most: queries.ids(filters(query), most))
    given = "last_day" in request.form
    form = forms.LastDayForm() if given else forms.LastDayForm(formdata=None, last_day=queries.today())
    if given and form.validate():
        day = form.last_day.data
        answer = _set_for_all(form, ids, "ends_on", day, query, f"got {_day_words(day)} as their last day")
        if answer is not None:
            return answer
    return _bulk_dialog("Deactivate", "deactivate", form, ids, query, danger=True)


@bp.post("/bulk/supervisor")
@requires(EDIT)
def bulk_supervisor() -> Response:
    """Set one supervisor for the ticked technicians, asked for first."""
    query = read()
    ids = lists.selected(lambda most: queries.ids(filters(query), most))
    form = forms.SupervisorForm()
    form.supervisor_id.choices = _people(queries.choices())
    if "supervisor_id" in request.form and form.validate():
        leader = form.supervisor_id.data
        answer = _set_for_all(form, ids, "supervisor_id", leader, query, "got another supervisor")
        if answer is not None:
            return answer
    return _bulk_dialog("Set supervisor", "supervisor", form, ids, query)


def _set_for_all(
    form: Any, ids: list[int], field: str, value: Any, query: listing.ListQuery, deed: str
) -> Response | None:
    """Change a field of several technicians; None when refused, with the reason on the form."""
    try:
        changed = service.set_for_all(ids, field, value)
    except errors.AppError as problem:
        db.db.session.rollback()  # all or none
        form.blame(problem)
        return None
    back = lists.back_to("/technicians", query)
    count = words.plural(len(changed), "technician")
    pages.toast(f"{count} {deed}.", undo_url=_undo_url(field, changed, value, back))
    return pages.redirect(back)


def _bulk_dialog(title: str, action: str, form: Any, ids: list[int], query: listing.ListQuery, *,
                 danger: bool = False) -> Response:  # fmt: skip
    refused = bool(form.errors or form.form_errors)
    return pages.render(
        "technicians/bulk.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=title,
        title=title,
        count=words.plural(len(ids), "technician"),
        form=form,
        ids=ids,
        danger=danger,
        action=lists.back_to(f"/technicians/bulk/{action}", query),
        back=lists.back_to("/technicians", query),
    )


def _undo_url(field: str, changed: list[tuple[int, Any]], new: Any, back: str) -> str:
    if not changed or len(changed) > UNDOABLE:
        return ""

    def plain(value: Any) -> Any:
        return str(value) if hasattr(value, "isoformat") else value

    token = crypto.sign("technicians.undo", [field, [[i, plain(old)] for i, old in changed], plain(new)])
    return f"/technicians/undo/{token}?next={quote(back, safe='')}"


@bp.post("/undo/<token>")
@requires(EDIT)
def undo(token: str) -> Response:
    """Give technicians back what a change took, unless somebody changed it again since."""
    payload = crypto.unsign("technicians.undo", token, max_age_seconds=24 * 3600)
    if payload is None:
        raise errors.Conflict("This can no longer be undone.")
    restored = service.restore(*payload)
    pages.toast("Undone." if restored else "Somebody changed this again since; nothing was undone.",
                "success" if restored else "warning")  # fmt: skip
    return pages.redirect(pages.back("/technicians"))


@bp.get("/scorecard")
@requires(READ)
def scorecard() -> Response:
    """What each technician sold and earned in a span of days, ranked."""
    query = listing.read(queries.SORTS, "name", labels={"from": "From", "to": "To"})
    today = queries.today()
    date_to = query.date("to") or today
    date_from = min(query.date("from") or date_to.replace(day=1), date_to)
    board = queries.leaderboard(date_from, date_to)
    rows = [
        {"rank": rank, "id": s.technician_id, "name": s.name, "revenue_cents": s.revenue_cents,
         "sales_count": s.sales_count, "average_sale_cents": s.average_sale_cents,
         "commission_cents": s.commission_cents}
        for rank, s in board
    ]  # fmt: skip
    return pages.render("technicians/scorecard.html", block={"results": "results"}, page_title="Scorecard",
                        query=query, rows=rows, date_from=date_from, date_to=date_to,
                        earned=all(row["commission_cents"] is not None for row in rows))  # fmt: skip
