"""What a key is narrowed to: scopes, and addresses."""

from typing import Any

import pytest

from tests.accounts.support import audited, call
from tests.factories import people
from tests.factories.world import Company
from webapp.accounts.service import keys, users
from webapp.kit import dialects, errors, scopes
from webapp.kit.api import ROUTES
from webapp.kit.db import db, get
from webapp.kit.web import App
from webapp.models import ApiKey, User

CUSTOMERS, SALES = "/api/v1/admin/customers", "/api/v1/sales"


def make(company: Company, product: str = "field", **options: Any) -> str:
    if product.startswith("field"):
        options.setdefault("role", "admin")
    if product.startswith("growth"):
        options.setdefault("scope", "admin")
    with company.acting("owner"):
        return keys.create("Website", product, **options)[1]


def number(company: Company) -> int:
    with company.acting():
        return db.session.query(ApiKey).order_by(ApiKey.id.desc()).first().id  # type: ignore[union-attr]


def test_a_key_with_chosen_scopes_does_just_that(app: App, company: Company) -> None:
    key = make(company, access="chosen", chosen=["customers:read", "catalog:write"])
    assert call(app, "GET", CUSTOMERS, token=key).status_code == 200
    body = {"name": "Repairs"}
    assert call(app, "POST", "/api/v1/admin/item-categories", body, token=key).status_code == 201
    refused = call(app, "POST", CUSTOMERS, {"name": "Ann Lee"}, token=key)
    assert (refused.status_code, refused.json["error"]) == (403, {
        "code": "FORBIDDEN", "details": {"scope": "customers:write"},
        "message": "This needs a key with the scope “customers:write”; this one has “catalog:write”, “customers:read”.",
    })  # fmt: skip
    # one who writes may not read by that alone
    assert call(app, "GET", "/api/v1/admin/item-categories", token=key).json["error"]["details"] == {
        "scope": "catalog:read"
    }
    assert call(app, "GET", SALES, token=key).status_code == 403


def test_a_reading_key_reads_everything_and_writes_nothing(app: App, company: Company) -> None:
    key = make(company, access="read")
    for path in (CUSTOMERS, SALES, "/api/v1/admin/dispatch", "/api/v1/admin/pay-periods"):
        assert call(app, "GET", path, token=key).status_code == 200, path
    answer = call(app, "POST", CUSTOMERS, {"name": "Ann Lee"}, token=key)
    assert answer.status_code == 403
    assert (
        "“customers:write”; this one has all that read, and none that write."
        in answer.json["error"]["message"]
    )
    # a POST that only reads: it asks for the permission to read
    assert call(app, "POST", "/api/v1/admin/dispatch/stream-ticket", {}, token=key).status_code == 200


def test_the_growth_api_says_it_in_its_own_words(app: App, company: Company) -> None:
    key = make(company, "growth", access="chosen", chosen=["audit:read"])
    assert call(app, "GET", "/api/v1/audit-log", token=key).status_code == 200
    answer = call(app, "GET", "/api/v1/webhooks", token=key)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")
    assert answer.json["error"]["details"] == {"scope": "webhooks:read"}


@pytest.mark.parametrize(
    ("dialect", "shape"),
    [(dialects.FIELD, {"ok", "error"}), (dialects.GROWTH, {"error"}), (dialects.CLOSEBOT, {"error", "message"}),
     (dialects.AGENTS, {"code", "transient", "message", "data"})],
)  # fmt: skip
def test_every_dialect_names_the_missing_scope(app: App, dialect: dialects.Dialect, shape: set[str]) -> None:
    from webapp.kit.context import Principal

    route = next(r for r in ROUTES if r.path == SALES and r.method == "POST")
    with app.test_request_context(), pytest.raises(errors.Forbidden) as refused:
        scopes.check(route, Principal(kind="key", scopes=frozenset({"audit:read"})))
    with app.test_request_context():
        answer = dialect.error(refused.value)
    assert answer.status_code == 403
    assert set(answer.json or {}) == shape
    assert "sales:write" in answer.get_data(as_text=True)


def test_every_key_may_ask_whose_it_is(app: App, company: Company) -> None:
    key = make(company, "growth", access="chosen", chosen=["audit:read"])
    assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 200


def test_scopes_do_not_give_more_than_the_role(app: App, company: Company) -> None:
    key = make(company, role="dispatcher", access="chosen", chosen=["payroll:read"])
    assert call(app, "GET", "/api/v1/admin/pay-periods", token=key).status_code == 403


@pytest.mark.parametrize(
    ("options", "field"),
    [({"access": "some"}, "access"), ({"access": "chosen"}, "scopes"), ({"access": "chosen", "chosen": ["sales:eat"]}, "scopes"),
     ({"access": "chosen", "chosen": ["audit:read"]}, "scopes"), ({"allowed": ["10.0.0.0/33"]}, "allowed"),
     ({"allowed": ["example.com"]}, "allowed"), ({"allowed": ["0.0.0.0/0"]}, "allowed"), ({"allowed": ["10.0.0.7/24"]}, "allowed"),
     ({"allowed": [f"10.0.{n}.1" for n in range(51)]}, "allowed")],
)  # fmt: skip
def test_what_a_key_cannot_be_narrowed_to_is_said_at_its_field(
    company: Company, options: dict[str, Any], field: str
) -> None:
    # audit is read over the growth API only
    with pytest.raises(errors.Invalid) as caught:
        make(company, "field", **options)
    assert [p.field for p in caught.value.problems] == [field]


def test_a_reading_level_takes_no_writing_scope(company: Company) -> None:
    with pytest.raises(errors.Invalid, match="webhooks:write"):
        make(company, "growth", scope="read", access="chosen", chosen=["webhooks:write"])


def test_what_is_changed_holds_for_the_next_call_and_is_written_down(app: App, company: Company) -> None:
    key = make(company)
    assert call(app, "GET", SALES, token=key).status_code == 200
    with company.acting("owner"):
        keys.change(number(company), keys.Wanted("Site", "chosen", ["customers:read"], ["127.0.0.0/8"]))
    assert call(app, "GET", SALES, token=key).status_code == 403
    assert call(app, "GET", CUSTOMERS, token=key).status_code == 200
    (entry,) = audited(company, "api_key.changed")
    assert entry["diff"] == {
        "name": {"from": "Website", "to": "Site"}, "access": {"from": "full", "to": "chosen"},
        "scopes": {"from": [], "to": ["customers:read"]}, "allowed": {"from": [], "to": ["127.0.0.0/8"]},
    }  # fmt: skip
    with company.acting("owner"):
        keys.change(number(company), keys.Wanted("Site", "chosen", ["customers:read"], ["127.0.0.0/8"]))
    assert len(audited(company, "api_key.changed")) == 1


def test_a_key_that_is_over_is_not_changed(company: Company) -> None:
    make(company)
    with company.acting("owner"):
        keys.revoke(number(company))
    with pytest.raises(errors.Conflict), company.acting("owner"):
        keys.change(number(company), keys.Wanted("Site"))


def test_who_may_less_than_a_key_neither_changes_nor_rotates_it(company: Company) -> None:
    make(company)
    with company.acting("owner"):
        user = get(User, company.users["admin"])
        users.change(user.id, name=user.name, username=user.username, email=user.email, phone="", roles=["admin"],
                     narrowed=["audit.read"])  # fmt: skip
    for act in (
        lambda: keys.change(number(company), keys.Wanted("Mine")),
        lambda: keys.rotate(number(company)),
    ):
        with pytest.raises(errors.Forbidden), company.acting("admin"):
            act()


# Addresses ----------------------------------------------------------------------------------------------------------


def from_address(app: App, key: str, address: str) -> Any:
    return app.test_client().get(CUSTOMERS, headers={"Authorization": f"Bearer {key}"},
                                 environ_base={"REMOTE_ADDR": address})  # fmt: skip


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [(["203.0.113.7"], ["203.0.113.7", "::ffff:203.0.113.7"], ["203.0.113.8", "::1", ""]),
     (["203.0.113.0/24", "2001:DB8::/32"], ["203.0.113.255", "2001:db8:1::9"], ["203.0.114.0", "2001:db9::"]),
     (["::ffff:203.0.113.0/120"], ["203.0.113.9"], ["203.0.112.9"])],
)  # fmt: skip
def test_a_bound_key_works_from_its_addresses_only(
    app: App, company: Company, allowed: list[str], inside: list[str], outside: list[str]
) -> None:
    key = make(company, allowed=allowed)
    for address in inside:
        assert from_address(app, key, address).status_code == 200, address
    for address in outside:
        answer = from_address(app, key, address)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "FORBIDDEN"), address
        assert (address or "here") in answer.json["error"]["message"]


def test_a_header_does_not_pretend_another_address_unless_a_proxy_is_trusted(
    app: App, company: Company
) -> None:
    key = make(company, allowed=["203.0.113.7"])
    answer = app.test_client().get(
        CUSTOMERS, headers={"Authorization": f"Bearer {key}", "X-Forwarded-For": "203.0.113.7"}
    )
    assert answer.status_code == 403


def test_a_stranger_learns_nothing_about_addresses(app: App, company: Company) -> None:
    key = make(company, allowed=["203.0.113.7"])
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert call(app, "GET", CUSTOMERS, token=wrong).status_code == 401


# Existing keys, the document ----------------------------------------------------------------------------------------


def test_a_key_from_before_may_what_it_could(app: App, company: Company, superuser: Any) -> None:
    key = make(company)
    with company.acting():
        people.customer(name="Ann Lee")
    # as the migration leaves them
    superuser.execute("update api_keys set access = default, scopes = default, allowed = default, secret_end = default"
                      " where tenant_id = %s", (company.tenant_id,))  # fmt: skip
    assert call(app, "GET", CUSTOMERS, token=key).status_code == 200
    assert call(app, "POST", CUSTOMERS, {"name": "Bo Kim"}, token=key).status_code == 201


def test_the_document_says_the_scope_of_every_operation(app: App) -> None:
    document = app.test_client().get("/api/openapi.json").json
    assert document["paths"][SALES]["post"]["security"] == [
        {"field_bearer": ["sales:write"], "field_tenant": []}
    ]
    assert "the scope `sales:write`" in document["paths"][SALES]["post"]["description"]
    assert "`sales:read`, `sales:write`" in document["info"]["description"]
    assert document["paths"]["/api/v1/audit-log"]["get"]["security"] == [{"growth_key": ["audit:read"]}]
