"""House rules of addresses: every one declares who may use it, and is written like the others."""

import re

from webapp.kit import permissions, scopes
from webapp.kit.api import ROUTES
from webapp.kit.web import App


def test_every_route_declares_a_permission(app: App) -> None:
    without = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if permissions.rule_of(app.view_functions[rule.endpoint]) is None
    ]
    assert without == []


def test_every_permission_of_a_route_is_declared_and_public_routes_say_why(app: App) -> None:
    for rule in app.url_map.iter_rules():
        access = permissions.rule_of(app.view_functions[rule.endpoint])
        assert access is not None
        assert all(p in permissions.REGISTRY for p in access.permissions), rule.rule
        assert access.permissions or access.signed_in or len(access.public) > 10, rule.rule


def test_addresses_are_kebab_case(app: App) -> None:
    # the documents' own spellings are theirs to choose
    foreign = ("/api/operator/",)
    wrong = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(foreign):
            continue
        fixed = re.sub(r"<[^>]+>", "", rule.rule)
        if not re.fullmatch(r"[a-z0-9/.-]*", fixed.replace("_styleguide", "")):
            wrong.append(rule.rule)
    assert wrong == []


def test_a_permission_is_named_for_its_matter(app: App) -> None:
    assert all(re.fullmatch(r"[a-z-]+\.[a-z-]+", name) for name in permissions.REGISTRY)


def test_every_api_route_has_exactly_one_scope(app: App) -> None:
    wrong = []
    for route in ROUTES:
        scope = scopes.of(route)
        if route.rule.public:
            fine = scope == ""  # no key is needed
        else:
            matter = route.rule.permissions[0].split(".")[0] if route.rule.permissions else scopes.OWN
            deeds = {p.split(".")[1] for p in route.rule.permissions}
            reads = route.method == "GET" or bool(deeds & {"read", "lookup"})
            fine = scope == f"{matter}:{'read' if reads else 'write'}"
            # and it can be given to a key of the route's API
            fine &= (
                scope in scopes.ALWAYS
                or scope in scopes.names(route.dialect)
                or scope == f"{scopes.OWN}:write"
            )
        if not fine:
            wrong.append(f"{route.method} {route.path}: {scope!r}")
    assert wrong == []


def test_scopes_are_written_alike_and_the_names_of_permissions_are_their_areas(app: App) -> None:
    matters = {name.split(".")[0] for name in permissions.REGISTRY} | {scopes.OWN}
    for name in scopes.names():
        assert re.fullmatch(r"[a-z-]+:(read|write)", name)
        assert name.split(":")[0] in matters
