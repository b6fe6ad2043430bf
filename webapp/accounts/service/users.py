"""The people of an organization: inviting, changing, deactivating, and what one may change of oneself."""

from collections.abc import Callable, Sequence, Set
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import func, select

from webapp.accounts import queries, rules
from webapp.accounts.permissions import USERS_MANAGE
from webapp.accounts.service import alerts, factors, links, sessions
from webapp.kit import context, crypto, directory, errors, events, journal, permissions
from webapp.kit.db import add, db, get
from webapp.models import Technician, User

USER_INVITED = events.declare(
    "user.invited", "Somebody was invited", {"username": "jane", "roles": ["manager"]}
)
USER_DEACTIVATED = events.declare("user.deactivated", "A user was deactivated", {"username": "jane"})

T = TypeVar("T")


def checked(field: str, check: Callable[[Any], T], value: Any) -> T:
    """A value by one of the rules. Raises Invalid at the field instead of ValueError."""
    try:
        return check(value)
    except ValueError as problem:
        raise errors.Invalid.one(field, str(problem)) from None


def invite(*, username: str, name: str, email: str, roles: Sequence[str],
           technician_id: int | None = None) -> tuple[User, str]:  # fmt: skip
    """Add somebody who then chooses a password by a mailed link. The user and the link.

    Raises Invalid, Conflict for a username that is taken, Forbidden for a role that gives what the inviter lacks.
    """
    permissions.demand(USERS_MANAGE)
    wanted = checked("roles", rules.roles, roles)
    refuse_owner(set(wanted))
    refuse_more_than_own(permissions.of_roles(wanted))
    user = User(
        username=checked("username", rules.username, username), email=checked("email", rules.email, email),
        name=_name(name), roles=wanted, technician_id=_technician(technician_id, None),
    )  # fmt: skip
    if not user.email:
        raise errors.Invalid.one("email", "The invitation goes to an email address.")
    _refuse_taken(user.username, None)
    add(user)
    directory.put("email", user.email, user.tenant_id)
    journal.audit("user.created", user)
    events.emit(USER_INVITED, user.id, {"username": user.username, "roles": list(user.roles)})
    return user, _send_invitation(user)


def invite_again(user_id: int) -> str:
    """A fresh invitation; the earlier link stops working. Raises Conflict once it was accepted."""
    permissions.demand(USERS_MANAGE)
    user = get(User, user_id, lock=True)
    refuse_owner(set(user.roles))  # the link is shown to who sends it: it must not make an admin the owner
    _refuse_above(user)
    if queries.has_joined(user):
        raise errors.Conflict(f"{user.name} has accepted the invitation already.")
    if not user.active or not user.email:
        raise errors.Conflict("Only an active user with an email address can be invited.")
    journal.audit("user.invited_again", record_type="user", record_id=user.id)
    return _send_invitation(user)


def _send_invitation(user: User) -> str:
    from webapp.messaging import service as messaging

    company, inviter = queries.organization(), context.principal()
    url = f"{current_app.config['SETTINGS'].base_url}/invite/{links.make(user, links.INVITE)}"
    messaging.send_email(
        user.email, user.name, f"Your account at {company.display_name}",
        f"Hello {user.name},\n\n{inviter.name or company.display_name} has made an account for you at "
        f"{company.display_name}. Your username is “{user.username}”, the business code {company.business_code}.\n\n"
        f"Open this link to choose how you sign in; it works once, within a week:\n\n{url}\n",
        template="invitation", secret=True, record_type="user", record_id=user.id,
    )  # fmt: skip
    return url


def change(user_id: int, *, name: str, username: str, email: str, phone: str, roles: Sequence[str],
           narrowed: Sequence[str] = (), technician_id: int | None = None) -> User:  # fmt: skip
    """Change somebody's account. Takes effect within seconds, also for who is signed in.

    Raises Forbidden for the account of somebody who may do more, and for giving what one may not do oneself.
    """
    permissions.demand(USERS_MANAGE)
    _one_at_a_time()
    user = get(User, user_id, lock=True)
    _refuse_above(user)
    before = journal.snapshot(user)
    wanted = checked("roles", rules.roles, roles)
    unknown = set(narrowed) - set(permissions.REGISTRY)
    if unknown:
        raise errors.Invalid.one("narrowed", f"There is no permission “{min(unknown)}”.")
    refuse_owner(set(wanted) | set(user.roles))
    _judge(user, wanted, narrowed)
    called = checked("username", rules.username, username)
    _refuse_taken(called, user.id)
    technician = _technician(technician_id, user.id)
    user.username, user.technician_id = called, technician
    user.roles, user.narrowed = wanted, sorted(set(narrowed))
    _change_person(user, name=name, email=email, phone=phone)
    sessions.forget(user_id=user.id)
    journal.audit("user.changed", user, before=before)
    return user


def _judge(user: User, wanted: Sequence[str], narrowed: Sequence[str]) -> None:
    """Whether the present principal may give and take what a change gives and takes."""
    had = permissions.of_roles(user.roles, user.narrowed)
    has = permissions.of_roles(tuple(wanted), tuple(narrowed))
    refuse_more_than_own(has - had)
    who = context.principal()
    if who.kind == "user" and who.id == user.id and USERS_MANAGE in had - has:
        raise errors.Conflict("You would lock yourself out of this page. Ask another administrator to do it.")
    if "owner" in user.roles and "owner" not in wanted:
        _refuse_last(user, "owner")
    if USERS_MANAGE in had - has:
        _refuse_last(user, "administrator")


def change_own(user_id: int, *, name: str, phone: str) -> User:
    """Change one's own name and number. The address is changed by a link that is mailed there (`addresses`)."""
    user = get(User, user_id, lock=True)
    before = journal.snapshot(user)
    user.name, user.phone = _name(name), checked("phone", _phone, phone)
    sessions.forget(user_id=user.id)
    journal.audit("user.changed", user, before=before)
    return user


def _change_person(user: User, *, name: str, email: str, phone: str) -> None:
    user.name = _name(name)
    user.phone = checked("phone", _phone, phone)
    set_address(user, checked("email", rules.email, email))


def set_address(user: User, address: str) -> None:
    """Give a user another address, tell the old one, and void what was mailed there. Raises Invalid."""
    old = user.email
    if address == old:
        return
    if not address and user.email_codes:
        raise errors.Invalid.one("email", "Mailed codes need an address. Turn them off first.")
    # a link in the old mailbox must not open the account any more
    for purpose in links.PURPOSES:
        links.void(user, purpose)
    if old:
        directory_remove(user)
    user.email = address
    if address:
        directory.put("email", address, user.tenant_id)
    if old:
        now = f"It is {address} now." if address else "There is none now."
        alerts.tell(user, f"The email address of your account was changed. {now}", to=old)


def directory_remove(user: User) -> None:
    """Take an address out of the directory unless another user here has it too."""
    others = select(User.id).where(
        User.tenant_id == user.tenant_id, User.email == user.email, User.id != user.id
    )
    if db.session.scalar(others.limit(1)) is None:
        directory.remove("email", user.email, user.tenant_id)


def deactivate(user_id: int) -> User:
    """End somebody's access: sessions end within seconds. Raises Conflict for oneself and for the last owner."""
    permissions.demand(USERS_MANAGE)
    _one_at_a_time()
    user = get(User, user_id, lock=True)
    if not user.active:
        return user
    who = context.principal()
    if who.kind == "user" and who.id == user.id:
        raise errors.Conflict("You cannot deactivate yourself. Ask another administrator.")
    refuse_owner(set(user.roles))
    if "owner" in user.roles:
        _refuse_last(user, "owner")
    if USERS_MANAGE in permissions.of_roles(user.roles, user.narrowed):
        _refuse_last(user, "administrator")
    before = journal.snapshot(user)
    user.active = False
    for purpose in links.PURPOSES:
        links.void(user, purpose)
    sessions.revoke_all(user.id, why="the account was deactivated")
    journal.audit("user.deactivated", user, before=before)
    events.emit(USER_DEACTIVATED, user.id, {"username": user.username})
    return user


def reactivate(user_id: int) -> User:
    """Give a deactivated user access again."""
    permissions.demand(USERS_MANAGE)
    user = get(User, user_id, lock=True)
    refuse_owner(set(user.roles))
    refuse_more_than_own(permissions.of_roles(user.roles, user.narrowed))
    before = journal.snapshot(user)
    user.active = True
    journal.audit("user.reactivated", user, before=before)
    return user


def sign_out_everywhere(user_id: int) -> int:
    """End every session of somebody; how many."""
    permissions.demand(USERS_MANAGE)
    return sessions.revoke_all(get(User, user_id).id, why="ended by an administrator")


def end_session(user_id: int, session_id: int) -> None:
    """End one session of somebody."""
    permissions.demand(USERS_MANAGE)
    sessions.revoke(session_id, user_id=get(User, user_id).id, why="ended by an administrator")


def remove_second_factors(user_id: int) -> None:
    """For somebody who lost phone and backup codes. Their sessions end. Raises Forbidden as :func:`change`."""
    permissions.demand(USERS_MANAGE)
    user = get(User, user_id, lock=True)
    _refuse_above(user)
    refuse_owner(set(user.roles))
    factors.remove_all(user)
    sessions.revoke_all(user.id, why="the second factor was removed")


def _name(name: str) -> str:
    found = " ".join(name.split())
    if not 1 <= len(found) <= 120:
        raise errors.Invalid.one("name", "Enter a name of 1 to 120 characters.")
    return found


def _phone(text: str) -> str:
    import phonenumbers

    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text.strip()[:40], "US")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError("This is not a phone number.")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _technician(technician_id: int | None, user_id: int | None) -> int | None:
    if technician_id is None:
        return None
    get(Technician, technician_id)
    taken = select(User.name).where(
        User.tenant_id == context.tenant_id(), User.technician_id == technician_id
    )
    if user_id is not None:
        taken = taken.where(User.id != user_id)
    holder = db.session.scalar(taken)
    if holder is not None:
        raise errors.Invalid.one("technician_id", f"This technician is {holder}’s account already.")
    return technician_id


def _refuse_taken(username: str, user_id: int | None) -> None:
    found = queries.user_by_username(username)
    if found is not None and found.id != user_id:
        raise errors.Conflict(
            "This username is taken.", details={"fields": {"username": "This username is taken."}}
        )


def _acts_alone() -> bool:
    """Whether the server itself acts (command line, demo, jobs), which no rule about people binds."""
    return context.principal().kind in ("system", "job")


def _refuse_above(user: User) -> None:
    """Refuse what would let the present person in as somebody who may do more: a new address, no second factor."""
    who = context.principal()
    if who.kind != "user" or who.id == user.id:
        return
    if permissions.of_roles(user.roles, user.narrowed) - who.permissions:
        raise errors.Forbidden(
            f"{user.name} may do more than you, so somebody else must change this account."
        )


def refuse_owner(touched: Set[str]) -> None:
    """An owner's account is an owner's business: who could change its address could take it over. Raises Forbidden."""
    if "owner" in touched and not _acts_alone() and "owner" not in context.principal().roles:
        raise errors.Forbidden("Only an owner may make, change or remove an owner.")


def refuse_more_than_own(given: Set[str]) -> None:
    """Nobody gives away what they may not do themselves. Raises Forbidden naming it."""
    beyond = set(given) - context.principal().permissions
    if beyond and not _acts_alone():
        first = permissions.REGISTRY[min(beyond)]
        raise errors.Forbidden(f"You cannot give a right that you do not have yourself: {first.description} "
                               f"({first.name}).")  # fmt: skip


def _one_at_a_time() -> None:
    """Two people who remove each other at the same moment must not both succeed: the second sees what the first did."""
    lock = int.from_bytes(crypto.digest("users", context.tenant_id())[:8], "big", signed=True)
    db.session.execute(select(func.pg_advisory_xact_lock(lock)))


def _refuse_last(user: User, what: str) -> None:
    """Raises Conflict when nobody else who can sign in is an `owner`, or an `administrator` who may manage people."""
    others = db.session.scalars(
        select(User).where(
            User.tenant_id == user.tenant_id, User.id != user.id, User.active, queries.joined(),
            User.roles.overlap(sorted(permissions.REGISTRY[USERS_MANAGE].roles)),
        )
    ).all()  # fmt: skip
    owners = [other for other in others if "owner" in other.roles]
    managing = [
        other for other in others if USERS_MANAGE in permissions.of_roles(other.roles, other.narrowed)
    ]
    if not (owners if what == "owner" else managing):
        first = "Make somebody else an owner first." if what == "owner" else "Make somebody else one first."
        raise errors.Conflict(f"The last {what} must stay. {first}")
