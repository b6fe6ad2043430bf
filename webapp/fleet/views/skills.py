"""Pages of skills: the matrix edited in place, the list of certificates, the catalogue."""

from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.fleet import forms, rules
from webapp.fleet.permissions import SKILLS_EDIT, SKILLS_READ
from webapp.fleet.queries import skilled as queries
from webapp.fleet.service import skills as service
from webapp.fleet.views import skills_bp as bp
from webapp.kit import crypto, csv, db, errors, listing, lists, pages, words
from webapp.kit import forms as kit_forms
from webapp.kit.permissions import requires
from webapp.models import Skill, Technician, TechnicianSkill
from webapp.technicians import queries as technicians

HOME = "/technician-skills"
PER_PAGE = 40  # technicians on one page of the matrix
UNDO_SECONDS = 24 * 3600
UNDOABLE = 60  # removed skills that still fit into an address


def _tabs(active: str, tallies: dict[str, int] | None = None) -> list[dict[str, Any]]:
    waiting = (tallies or {}).get("expired", 0) + (tallies or {}).get("soon", 0)
    found = [
        {"label": "Matrix", "url": HOME, "active": active == "matrix"},
        {"label": "Certificates", "url": f"{HOME}/certificates", "active": active == "certificates"},
        {"label": "Catalog", "url": f"{HOME}/skills", "active": active == "skills"},
    ]
    if waiting:
        found[1]["count"] = waiting
    return found


# The matrix ---------------------------------------------------------------------------------------------------------


@bp.get("")
@requires(SKILLS_READ)
def index() -> Response:
    """Technicians against skills, each cell a level that opens to be changed."""
    query = listing.read({"name": listing.Sort(Technician.name)}, "name", labels={"skill": "Skill"})
    every = queries.skills()
    query.words["skill"] = {str(number): name for number, name in every}
    page = max(1, min(10_000, request.args.get("page", 1, type=int)))
    matrix = queries.matrix(query.get("q"), query.numbers("skill"), page, PER_PAGE)
    tallies, day = queries.tallies(), queries.today()
    return pages.render(
        "fleet/skills.html",
        block={"matrix": "matrix"},
        page_title="Technician skills",
        query=query,
        matrix=matrix,
        cell=lambda who, what: _cell(matrix, who, what, day),
        cell_url=cell_url,
        choices=every,
        levels=rules.skills.LEVELS,
        pages_total=-(-matrix.total // PER_PAGE),
        tabs=_tabs("matrix", tallies),
        expired=tallies["expired"],
        soon=tallies["soon"],
    )


def _cell(matrix: queries.Matrix, technician_id: int, skill_id: int, day: date) -> dict[str, Any]:
    """What a cell shows, and says to who listens or points at it."""
    held = matrix.held.get((technician_id, skill_id))
    if held is None:
        return {"level": None, "state": "", "words": "not set"}
    state = rules.skills.expiry_state(held.expires_on, day)
    said = [f"level {held.level}, {rules.skills.LEVELS[held.level].lower()}"]
    if held.expires_on:
        said.append(rules.skills.expiry_words(held.expires_on, day))
    if held.certificate:
        said.append(f"certificate {held.certificate}")
    return {"level": held.level, "state": state, "words": "; ".join(said)}


def cell_url(technician_id: int, skill_id: int, verb: str = "edit") -> str:
    """The address of a cell's dialog."""
    return f"{HOME}/{verb}?{urlencode({'technician': technician_id, 'skill': skill_id})}"


def _place() -> tuple[Technician, Skill]:
    """The cell that the address names. Raises BadRequest for none, NotFound for what does not exist here."""
    given = []
    for name in ("technician", "skill"):
        text = request.args.get(name, "")
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise errors.BadRequest(f"{name} must be a number.")
        given.append(int(text))
    return db.get(Technician, given[0]), db.get(Skill, given[1])


@bp.get("/edit")
@requires(SKILLS_EDIT)
def edit() -> Response:
    """The dialog of one cell; without a cell the matrix, where one is chosen."""
    if not request.args.get("technician") and not request.args.get("skill"):
        return pages.redirect(HOME)
    technician, skill = _place()
    held = queries.held(technician.id, skill.id)
    form = forms.HeldForm(formdata=None, obj=held) if held else forms.HeldForm(formdata=None)
    return _dialog(form, technician, skill, held)


@bp.post("/edit")
@requires(SKILLS_EDIT)
def save() -> Response:
    """Set what a technician has of a skill."""
    technician, skill = _place()
    held = queries.held(technician.id, skill.id)
    form = forms.HeldForm()
    before = _kept(held)
    if form.validate():
        try:
            service.put(technician.id, skill.id, form.values())
        except errors.AppError as problem:
            form.blame(problem)
        else:
            return _saved(technician, skill, before, "is saved")
    return _dialog(form, technician, skill, held, status=422)


@bp.post("/remove")
@requires(SKILLS_EDIT)
def remove() -> Response:
    """Take a skill from a technician."""
    technician, skill = _place()
    held = queries.held(technician.id, skill.id)
    if held is None:
        raise errors.Conflict(f"{technician.name} does not have the skill {skill.name}.")
    before = _kept(held)
    service.remove(held.id)
    return _saved(technician, skill, before, "is removed")


def _kept(held: TechnicianSkill | None) -> dict[str, Any] | None:
    """A skill held as an undo's token carries it."""
    if held is None:
        return None
    return {
        "level": held.level,
        "expires_on": str(held.expires_on) if held.expires_on else None,
        "certificate": held.certificate,
        "notes": held.notes,
    }


def _saved(technician: Technician, skill: Skill, before: dict[str, Any] | None, done: str) -> Response:
    token = crypto.sign("technician-skills.undo", [[technician.id, skill.id, before]])
    back = pages.back("")  # a list, which has to be read anew; the matrix refreshes itself
    undo_url = f"{HOME}/undo/{token}?next={quote(back or HOME, safe='')}"
    pages.toast(f"{skill.name} of {technician.name} {done}.", undo_url=undo_url)
    return pages.done("skills-changed") if pages.is_htmx() and not back else pages.redirect(back or HOME)


@bp.post("/undo/<token>")
@requires(SKILLS_EDIT)
def undo(token: str) -> Response:
    """Put back what changes replaced."""
    payload = crypto.unsign("technician-skills.undo", token, max_age_seconds=UNDO_SECONDS)
    if payload is None:
        raise errors.Conflict("This is too long ago to be undone. Set the skill by hand.")
    for technician_id, skill_id, before in payload:
        held = queries.held(technician_id, skill_id)
        if before is not None:
            values = {**before, "expires_on": service.day_of(before["expires_on"])}
            service.put(technician_id, skill_id, values)
        elif held is not None:
            service.remove(held.id)
    pages.toast("It is as it was.")
    return pages.done("skills-changed") if pages.is_htmx() else pages.redirect(pages.back(HOME))


def _dialog(
    form: forms.HeldForm,
    technician: Technician,
    skill: Skill,
    held: TechnicianSkill | None,
    status: int = 200,
) -> Response:
    back = pages.back("")
    tail = f"&next={quote(back, safe='')}" if back else ""
    day = queries.today()
    return pages.render(
        "fleet/skill_dialog.html",
        block="form" if status == 422 else {"dialog": "dialog"},
        status=status,
        page_title=f"{skill.name}: {technician.name}",
        form=form,
        technician=technician,
        skill=skill,
        held=held,
        expiry=rules.skills.expiry_words(held.expires_on, day) if held and held.expires_on else "",
        state=rules.skills.expiry_state(held.expires_on, day) if held else "",
        action=cell_url(technician.id, skill.id) + tail,
        remove_url=cell_url(technician.id, skill.id, "remove") + tail,
        back=back or HOME,
    )


# Certificates and all skills held -------------------------------------------------------------------------------------

COLUMNS: list[dict[str, Any]] = [
    {"key": "technician", "label": "Technician", "kind": "cell", "sort": "technician", "always": True},
    {"key": "skill", "label": "Skill", "kind": "cell", "sort": "skill", "always": True},
    {"key": "level", "label": "Level", "kind": "cell", "sort": "level"},
    {"key": "expires_on", "label": "Expires on", "kind": "date", "sort": "expires_on"},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "certificate", "label": "Certificate", "kind": "text"},
    {"key": "notes", "label": "Notes", "kind": "cell", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at", "hidden": True},
]
TABS = (
    ("", "Certificates"),
    ("expiring", "Expiring in 60 days"),
    ("expired", "Expired"),
    ("all", "All skills"),
)
LIST = f"{HOME}/certificates"


def read() -> listing.ListQuery:
    return listing.read(
        queries.SORTS,
        "expires_on",
        labels={"skill": "Skill", "level": "Level", "technician": "Technician"},
        words={"level": {str(n): f"{n} {word}" for n, word in rules.skills.LEVELS.items()}},
    )


def filters(query: listing.ListQuery) -> queries.Filters:
    state = query.get("state")
    return queries.Filters(
        q=query.get("q"),
        technician_ids=tuple(query.numbers("technician")[:50]),
        skill_ids=tuple(query.numbers("skill")[:50]),
        levels=tuple(n for n in query.numbers("level") if n in rules.skills.LEVELS),
        expiring_days=rules.skills.SOON_DAYS if state == "expiring" else None,
        expired={"expiring": False, "expired": True}.get(state),
        certified=state not in ("expiring", "expired", "all"),
    )


@bp.get("/certificates")
@requires(SKILLS_READ)
def certificates() -> Response:
    """What technicians are certified for, the first to expire on top."""
    query = read()
    statement = queries.rows(filters(query))
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(COLUMNS, query, queries.csv_columns()))
        return csv.response(
            lists.ordered(statement, query, queries.SORTS, TechnicianSkill.id), "technician-skills"
        )
    tallies = queries.tallies()
    page = listing.rows(statement, query, queries.SORTS, TechnicianSkill.id, total=lists.total(statement))
    day = queries.today()
    page.rows = [_row(row, day) for row in page.rows]
    every = queries.skills()
    query.words["skill"] = {str(number): name for number, name in every}
    if query.numbers("technician"):
        named = technicians.names(set(query.numbers("technician")))
        query.words["technician"] = {str(number): name for number, name in named.items()}
    counts = {**tallies, "": tallies["certified"], "expiring": tallies["soon"]}
    views = lists.tabbed(query, TABS, counts, saved=saved_views.listed(LIST))
    return pages.render(
        "fleet/certificates.html",
        block={"results": "results"},
        page_title="Certificates",
        query=query,
        page=page,
        columns=COLUMNS,
        views=views,
        choices=every,
        levels=rules.skills.LEVELS,
        tabs=_tabs("certificates", tallies),
        empty=not tallies["all"],
        here=query.url(),
    )


def _row(row: Any, day: Any) -> dict[str, Any]:
    state = rules.skills.expiry_state(row.expires_on, day)
    return {
        **row._mapping,
        "state": state,
        "expiry": rules.skills.expiry_words(row.expires_on, day) if row.expires_on else "",
        "row_class": "late" if state == "expired" else "",
    }


@bp.route("/new", methods=["GET", "POST"])
@requires(SKILLS_EDIT)
def new() -> Response:
    """Give a technician a skill: asked in a dialog."""
    form = forms.NewHeldForm() if request.method == "POST" else forms.NewHeldForm(formdata=None)
    form.technician_id.choices = kit_forms.choices([("", "Choose…"), *technicians.choices()])
    form.skill_id.choices = kit_forms.choices([("", "Choose…"), *queries.skills()])
    refused = request.method == "POST"
    if refused and form.validate():
        values = form.values()
        technician_id, skill_id = values.pop("technician_id"), values.pop("skill_id")
        try:
            service.create(technician_id, skill_id, values)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            skill, technician = db.get(Skill, skill_id), db.get(Technician, technician_id)
            pages.toast(f"{technician.name} has {skill.name} now.")
            return pages.redirect(f"{LIST}?state=all")
    return pages.render("fleet/held_form.html", block="form" if refused else {"dialog": "dialog"},
                        status=422 if refused else 200, page_title="Give a skill", form=form)  # fmt: skip


@bp.post("/bulk/expiry")
@requires(SKILLS_EDIT)
def bulk_expiry() -> Response:
    """One expiry for the ticked certificates, asked for first."""
    query = read()
    chosen = lists.selected(lambda most: queries.ids(filters(query), most))
    given = "expires_on" in request.form
    form = forms.ExpiryForm() if given else forms.ExpiryForm(formdata=None)
    if given and form.validate():
        changed = service.set_for_all(chosen, {"expires_on": form.expires_on.data})
        pages.toast(f"{words.plural(changed, 'certificate')} got another last day.")
        return pages.redirect(lists.back_to(LIST, query))
    return pages.render(
        "fleet/bulk.html",
        block="form" if given else {"dialog": "dialog"},
        status=422 if given else 200,
        page_title="Set expiry",
        title="Set expiry",
        count=words.plural(len(chosen), "certificate"),
        form=form,
        ids=chosen,
        action=lists.back_to(f"{HOME}/bulk/expiry", query),
        back=lists.back_to(LIST, query),
    )


@bp.post("/bulk/remove")
@requires(SKILLS_EDIT)
def bulk_remove() -> Response:
    """Take the ticked skills from their technicians; few enough can be given back from the toast."""
    query = read()
    chosen = lists.selected(lambda most: queries.ids(filters(query), most))
    gone = [service.remove(number) for number in chosen]
    back = lists.back_to(LIST, query)
    undo_url = ""
    if len(gone) <= UNDOABLE:
        kept = [
            [
                g["technician_id"],
                g["skill_id"],
                {k: g[k] for k in ("level", "expires_on", "certificate", "notes")},
            ]
            for g in gone
        ]
        undo_url = f"{HOME}/undo/{crypto.sign('technician-skills.undo', kept)}?next={quote(back, safe='')}"
    pages.toast(f"{words.plural(len(gone), 'skill')} removed.", undo_url=undo_url)
    return pages.redirect(back)


# The catalogue --------------------------------------------------------------------------------------------------------


@bp.get("/skills")
@requires(SKILLS_READ)
def catalogue() -> Response:
    """Every skill there is, with how many technicians have it."""
    return pages.render("fleet/catalogue.html", block={"skills": "skills"}, page_title="Skills", rows=queries.catalogue(),
                        tabs=_tabs("skills"))  # fmt: skip


@bp.route("/skills/new", methods=["GET", "POST"])
@requires(SKILLS_EDIT)
def new_skill() -> Response:
    return _skill_dialog(forms.SkillForm(), None)


@bp.route("/skills/<int:skill_id>/edit", methods=["GET", "POST"])
@requires(SKILLS_EDIT)
def edit_skill(skill_id: int) -> Response:
    skill = db.get(Skill, skill_id)
    return _skill_dialog(forms.SkillForm(obj=skill), skill)


def _skill_dialog(form: forms.SkillForm, skill: Skill | None) -> Response:
    refused = request.method == "POST"
    if refused and form.validate():
        try:
            saved = (
                service.update_skill(skill.id, form.values())
                if skill
                else service.create_skill(form.values())
            )
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{saved.name} was {'saved' if skill else 'added'}.")
            return pages.done("skills-changed") if pages.is_htmx() else pages.redirect(f"{HOME}/skills")
    return pages.render("fleet/skill_form.html", block="form" if refused else {"dialog": "dialog"},
                        status=422 if refused else 200, page_title=f"Edit {skill.name}" if skill else "New skill", form=form,
                        skill=skill)  # fmt: skip


@bp.post("/skills/<int:skill_id>/<any(archive, unarchive):verb>")
@requires(SKILLS_EDIT)
def archive_skill(skill_id: int, verb: str) -> Response:
    skill = service.update_skill(skill_id, {"archived": verb == "archive"})
    other = "unarchive" if verb == "archive" else "archive"
    pages.toast(f"{skill.name} was {verb}d.", undo_url=f"{HOME}/skills/{skill_id}/{other}")
    return pages.redirect(f"{HOME}/skills")
