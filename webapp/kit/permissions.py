"""Permissions, declared on every route. A route that declares none is refused, and a test names it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from webapp.kit import context, errors

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Permission:
    """`sales.approve`: what it allows, in words, and the roles that have it unless narrowed."""

    name: str
    description: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of its caller."""

    permissions: tuple[str, ...] = ()  # any one of them is enough
    public: str = ""  # why it needs no sign-in
    signed_in: bool = False


ROLES = ("owner", "admin", "manager", "dispatcher", "payroll", "accountant", "technician", "customer")
REGISTRY: dict[str, Permission] = {}
OFFICE = ("owner", "admin", "manager", "dispatcher", "payroll", "accountant")


def declare(name: str, description: str, *roles: str) -> str:
    """Register a permission and who has it. Owners and admins have every one but a customer's."""
    unknown = set(roles) - set(ROLES)
    if unknown:
        raise ValueError(f"{name}: no such role {unknown}")
    REGISTRY[name] = Permission(name, description, frozenset(roles) | {"owner", "admin"})
    return name


def of_roles(
    roles: tuple[str, ...] | list[str], narrowed: tuple[str, ...] | list[str] = ()
) -> frozenset[str]:
    """Every permission some roles give, less what one user was narrowed by."""
    return frozenset(p.name for p in REGISTRY.values() if p.roles & set(roles) and p.name not in narrowed)


def requires(*permissions: str) -> Callable[[F], F]:
    """The route needs any one of these permissions."""
    missing = [p for p in permissions if p not in REGISTRY]
    if missing or not permissions:
        raise ValueError(f"undeclared permissions: {missing}")
    return _mark(Rule(permissions=permissions))


def public(why: str) -> Callable[[F], F]:
    """The route needs no sign-in, for the given reason."""
    return _mark(Rule(public=why))


def signed_in(view: F) -> F:
    """The route needs somebody signed in, whoever it is (their own account, their own notices)."""
    return _mark(Rule(signed_in=True))(view)


def _mark(rule: Rule) -> Callable[[F], F]:
    def mark(view: F) -> F:
        view.__permission__ = rule  # type: ignore[attr-defined]  # read by rule_of
        return view

    return mark


def rule_of(view: Callable[..., Any] | None) -> Rule | None:
    return getattr(view, "__permission__", None)


def check(rule: Rule | None, who: context.Principal) -> None:
    """Refuse a caller who may not use a route. Raises Unauthorized or Forbidden."""
    if rule is None:
        raise errors.Forbidden("This address declares no permission, so nobody may use it.")
    if rule.public:
        return
    if who.kind == "public":
        raise errors.Unauthorized("Sign in first.")
    if rule.signed_in or any(who.may(p) for p in rule.permissions):
        return
    raise _forbidden(rule.permissions[0])


def demand(permission: str) -> None:
    """For services: refuse unless the present principal has the permission. Jobs and the system have all."""
    who = context.principal()
    if who.kind in ("system", "job") or who.may(permission):
        return
    raise _forbidden(permission)


def _forbidden(permission: str) -> errors.Forbidden:
    # in words: people know what they may do by what it says at their account, not by our names for it
    return errors.Forbidden(
        f"You may not do this: it needs the permission “{REGISTRY[permission].description}”.",
        details={"permission": permission},
    )


def may(permission: str) -> bool:
    """Whether the present principal has a permission: for templates and branches."""
    who = context.principal()
    return who.kind in ("system", "job") or who.may(permission)
