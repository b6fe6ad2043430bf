"""People: who signs in, with which roles, and what each may not do."""

from typing import Any

from flask import Response
from sqlalchemy import case, func, select

from webapp.accounts import queries
from webapp.accounts.permissions import USERS_MANAGE
from webapp.accounts.service import sessions, sso, users
from webapp.accounts.service.providers import PROVIDERS
from webapp.accounts.settings import bp
from webapp.accounts.settings.forms import InvitationForm, NarrowForm, UserForm
from webapp.accounts.views.account import session_shape
from webapp.kit import clock, context, csv, errors, listing, lists, pages, permissions, words
from webapp.kit.db import db, get
from webapp.kit.forms import choices
from webapp.models import Technician, User

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Name", "kind": "cell", "sort": "name", "always": True},
    {"key": "username", "label": "Username", "sort": "username"},
    {"key": "roles", "label": "Roles", "kind": "cell"},
    {"key": "email", "label": "Email", "kind": "cell"},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "second_factor", "label": "Second factor", "kind": "bool"},
    {"key": "last_sign_in_at", "label": "Last sign-in", "kind": "ago"},
]
SORTS = {"name": listing.Sort(User.name), "username": listing.Sort(User.username)}
STATES = {"active": "Active", "invited": "Invited", "inactive": "Deactivated"}


def _state(active: bool, joined: bool) -> str:
    if not active:
        return "inactive"
    return "active" if joined else "invited"


@bp.get("/settings/people")
@permissions.requires(USERS_MANAGE)
def people() -> Response:
    """Everybody who has an account."""
    query = listing.read(SORTS, "name", labels={"role": "Role", "state": "State"},
                         words={"state": STATES, "role": {r: r.title() for r in permissions.ROLES}})  # fmt: skip
    statement = select(User).where(User.tenant_id == context.tenant_id())
    if query.get("role"):
        statement = statement.where(User.roles.contains([query.get("role")]))
    if query.get("state") == "inactive":
        statement = statement.where(~User.active)
    elif query.get("state") == "invited":
        statement = statement.where(User.active, ~queries.joined())
    elif query.get("state") == "active":
        statement = statement.where(User.active, queries.joined())
    wanted = query.get("q").casefold()
    if wanted:
        statement = statement.where(User.username.contains(wanted, autoescape=True)
                                    | User.name.icontains(wanted, autoescape=True)
                                    | User.email.contains(wanted, autoescape=True))  # fmt: skip
    if query.get("format") == "csv":
        found = statement.with_only_columns(*lists.chosen(COLUMNS, query, _csv_columns()))
        return csv.response(lists.ordered(found, query, SORTS, User.id), "people")
    total = lists.total(statement.with_only_columns(User.id))
    page = listing.rows(statement.with_only_columns(
        User.id, User.name, User.username, User.roles, User.email, User.active, queries.joined().label("joined"), User.totp_on,
        User.email_codes, User.last_sign_in_at, User.narrowed), query, SORTS, User.id, total=total)  # fmt: skip
    page.rows = [
        {"id": r.id, "name": r.name, "username": r.username, "roles": r.roles, "email": r.email,
         "state": _state(r.active, r.joined), "second_factor": r.totp_on or r.email_codes,
         "last_sign_in_at": r.last_sign_in_at, "narrowed": r.narrowed}
        for r in page.rows
    ]  # fmt: skip
    return pages.render("settings/people.html", block={"results": "results"}, page=page, query=query, columns=COLUMNS,
                        states=list(STATES.items()), page_title="People",
                        roles=[(r, r.title()) for r in permissions.ROLES if r != "customer"])  # fmt: skip


def _csv_columns() -> dict[str, list[Any]]:
    """The list's columns as a file has them."""
    states = case(
        (~User.active, STATES["inactive"]), (queries.joined(), STATES["active"]), else_=STATES["invited"]
    )
    return {
        "name": [csv.safe(User.name).label("Name")],
        "username": [csv.safe(User.username).label("Username")],
        "roles": [func.initcap(func.array_to_string(User.roles, ", ")).label("Roles")],
        "email": [csv.safe(User.email).label("Email")],
        "state": [states.label("State")],
        "second_factor": [case((User.totp_on | User.email_codes, "yes"), else_="no").label("Second factor")],
        "last_sign_in_at": [
            csv.moment(User.last_sign_in_at, queries.organization().time_zone).label("Last sign-in")
        ],
    }


@bp.get("/settings/people/new")
@permissions.requires(USERS_MANAGE)
def new_person() -> Response:
    """The form of an invitation."""
    return _form(InvitationForm(formdata=None), None)


@bp.post("/settings/people")
@permissions.requires(USERS_MANAGE)
def invite_person() -> Response:
    """Invite somebody; they choose a password by a mailed link."""
    form = InvitationForm()
    _offer_technicians(form)
    if form.validate():
        try:
            user, link = users.invite(username=form.username.data, name=form.name.data, email=form.email.data,
                                      roles=form.roles.data or (), technician_id=form.technician_id.data)  # fmt: skip
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast(f"{user.name} is invited by mail.")
            return pages.render("settings/invited.html", user=user, link=link, page_title="Invited")
    return _form(form, None, 422)


@bp.get("/settings/people/<int:user_id>")
@permissions.requires(USERS_MANAGE)
def person(user_id: int) -> Response:
    """One person: account, what they may do, where they are signed in."""
    user = get(User, user_id)
    form = UserForm(formdata=None, obj=user)
    return _form(form, user)


@bp.post("/settings/people/<int:user_id>")
@permissions.requires(USERS_MANAGE)
def change_person(user_id: int) -> Response:
    """Change somebody's account."""
    user, form = get(User, user_id), UserForm()
    _offer_technicians(form)
    if form.validate():
        try:
            users.change(user_id, name=form.name.data, username=form.username.data, email=form.email.data,
                         phone=form.phone.data, roles=form.roles.data or (), narrowed=user.narrowed,
                         technician_id=form.technician_id.data)  # fmt: skip
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast(f"{form.name.data} is saved.")
            return pages.redirect(f"/settings/people/{user_id}")
    return _form(form, user, 422)


@bp.post("/settings/people/<int:user_id>/narrow")
@permissions.requires(USERS_MANAGE)
def narrow_person(user_id: int) -> Response:
    """Take single permissions away from one person."""
    user, form = get(User, user_id), NarrowForm()
    form.offer(user.roles)
    taken = [name for name in form.narrowed.data or () if name in permissions.REGISTRY]
    users.change(user_id, name=user.name, username=user.username, email=user.email, phone=user.phone, roles=user.roles,
                 narrowed=taken, technician_id=user.technician_id)  # fmt: skip
    pages.toast(f"{user.name} may do everything the roles allow." if not taken
                else f"{user.name}: {words.plural(len(taken), 'permission')} taken away.")  # fmt: skip
    return pages.redirect(f"/settings/people/{user_id}")


@bp.post(
    '/settings/people/<int:user_id>/<any(deactivate, reactivate, invite, "sign-out", "remove-factors"):act>'
)
@permissions.requires(USERS_MANAGE)
def act_on_person(user_id: int, act: str) -> Response:
    """Deactivate, reactivate, invite again, sign out everywhere, or remove second factors."""
    user = get(User, user_id)
    path = f"/settings/people/{user_id}"
    if act == "deactivate":
        users.deactivate(user_id)
        pages.toast(f"{user.name} is deactivated and signed out.", undo_url=f"{path}/reactivate")
    elif act == "reactivate":
        users.reactivate(user_id)
        pages.toast(f"{user.name} has access again.")
    elif act == "invite":
        link = users.invite_again(user_id)
        return pages.render("settings/invited.html", user=user, link=link, page_title="Invited")
    elif act == "sign-out":
        ended = users.sign_out_everywhere(user_id)
        pages.toast(
            f"{ended} sessions of {user.name} ended." if ended != 1 else f"One session of {user.name} ended."
        )
    else:
        users.remove_second_factors(user_id)
        pages.toast(f"{user.name} signs in with the password alone now.")
    return pages.redirect(path)


@bp.post("/settings/people/<int:user_id>/sessions/<int:session_id>/end")
@permissions.requires(USERS_MANAGE)
def end_session_of_person(user_id: int, session_id: int) -> Response:
    """Sign one device of somebody out."""
    users.end_session(user_id, session_id)
    pages.toast("That device is signed out.")
    return pages.redirect(f"/settings/people/{user_id}")


@bp.post("/settings/people/<int:user_id>/identities/<int:identity_id>/unlink")
@permissions.requires(USERS_MANAGE)
def unlink_identity_of_person(user_id: int, identity_id: int) -> Response:
    """An account of a provider does not sign somebody in any more."""
    sso.unlink_for(user_id, identity_id)
    pages.toast("The account is unlinked. If no way to sign in is left, send an invitation again.")
    return pages.redirect(f"/settings/people/{user_id}")


def _offer_technicians(form: UserForm) -> None:
    if "owner" not in context.principal().roles:
        form.roles.choices = [c for c in form.roles.choices or () if c.value != "owner"]
    found = db.session.execute(
        select(Technician.id, Technician.name)
        .where(Technician.tenant_id == context.tenant_id())
        .order_by(Technician.name)
    )
    form.technician_id.choices = choices([("", "Nobody"), *((r.id, r.name) for r in found)])


def _form(form: UserForm, user: User | None, status: int = 200) -> Response:
    _offer_technicians(form)
    values: dict[str, Any] = {}
    if user is not None:
        narrow = NarrowForm(formdata=None, narrowed=user.narrowed)
        narrow.offer(user.roles)
        state = _state(user.active, queries.has_joined(user))
        values = {
            "user": user, "narrow": narrow, "state": state, "now": clock.now(),
            "invitation": queries.open_invitation(user) if state == "invited" else None,
            "sessions": [session_shape(row, None) for row in sessions.living(user.id)],
            "identities": [(i, PROVIDERS[i.provider].title) for i in sso.linked(user.id)],
            "may_change": "owner" not in user.roles or "owner" in context.principal().roles,
        }  # fmt: skip
    return pages.render("settings/person.html" if user else "settings/invite.html", block="form" if status == 422 else None,
                        status=status, form=form, page_title=user.name if user else "Invite somebody", **values)  # fmt: skip
