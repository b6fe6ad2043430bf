"""API keys: made once, good for one product, gone within seconds; and the growth API's first answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.accounts.support import audited, call, counted, limited
from tests.factories.world import Company
from webapp.accounts.service import keyring, keys, users
from webapp.kit import clock, context, dialects, errors, ids
from webapp.kit.db import db, get
from webapp.kit.web import App
from webapp.models import ApiKey, Organization, User


def make(company: Company, product: str = "growth", **options: Any) -> str:
    if product.startswith("growth"):
        options.setdefault("scope", "write")
    if product == "field":
        options.setdefault("role", "manager")
    with company.acting("admin"):
        return keys.create("Website", product, **options)[1]


@pytest.mark.parametrize(
    ("product", "start"),
    [("field", "tk_live_"), ("growth", "eal_live_"), ("growth_test", "eal_test_"), ("closebot", "cb_live_"),
     ("fixflow", "ff_live_"), ("ledgerpilot", "lp_live_"), ("agents", "op_prod_")],
)  # fmt: skip
def test_every_products_key_begins_as_its_document_says_and_only_its_hash_is_kept(
    company: Company, product: str, start: str
) -> None:
    key = make(company, product)
    assert key.startswith(start)
    assert keyring.well_formed(key)
    with company.acting():
        row = db.session.scalars(select(ApiKey)).one()
        stored = " ".join(str(getattr(row, c.key)) for c in ApiKey.__table__.columns)
    assert key not in stored
    assert key[len(start) + keyring.LOOKUP : -keyring.SUM] not in stored
    assert row.prefix == key[: len(start) + 6]
    assert key not in str(audited(company, "api_key.created"))


def test_health_needs_no_key(app: App) -> None:
    with clock.at(datetime(2026, 4, 27, 19, 22, 1, 118_900, tzinfo=UTC)):
        answer = call(app, "GET", "/api/v1/health")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "version": "v1", "timestamp": "2026-04-27T19:22:01.118Z"}


def test_health_tells_what_a_key_is_as_documented(app: App, company: Company) -> None:
    key = make(company, scope="write")
    with clock.at(datetime(2026, 4, 27, 19, 22, 1, 118_900, tzinfo=UTC)):
        answer = call(app, "GET", "/api/v1/health", token=key)
    assert list(answer.json.items()) == [
        ("status", "ok"), ("version", "v1"), ("tenant_id", str(company.tenant_id)), ("environment", "live"),
        ("scopes", ["read", "write"]), ("timestamp", "2026-04-27T19:22:01.118Z"),
    ]  # fmt: skip


def test_health_refuses_a_key_that_is_wrong(app: App) -> None:
    answer = call(app, "GET", "/api/v1/health", token="eal_live_a1b2c3d4")
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "unauthorized"
    assert set(answer.json["error"]) == {"code", "message", "details"}


def test_the_calling_organization_is_answered_as_documented(app: App, company: Company) -> None:
    answer = call(app, "GET", "/api/v1/organizations/me", token=make(company, scope="read"))
    with company.acting():
        made = db.session.get(Organization, company.tenant_id)
        assert made is not None
    assert list(answer.json) == ["id", "name", "industry", "parent_organization_id", "settings", "created_at"]
    assert answer.json == {
        "id": str(company.tenant_id), "name": f"{company.code} Heating & Air", "industry": "home_services",
        "parent_organization_id": None,
        "settings": {"timezone": "America/New_York", "default_locale": "en-US"},
        "created_at": clock.iso_ms(made.created_at),
    }  # fmt: skip


def test_organizations_me_needs_a_key(app: App, company: Company) -> None:
    assert call(app, "GET", "/api/v1/organizations/me").status_code == 401
    person = company.api("admin").token
    answer = call(app, "GET", "/api/v1/organizations/me", token=person, tenant=company.tenant_id)
    assert answer.status_code == 401


def test_a_mistyped_key_is_refused_without_asking_the_database(app: App, company: Company) -> None:
    key = make(company)
    wrong = key[:-8] + ("A" if key[-8] != "A" else "B") + key[-7:]
    with counted(app) as asked:
        answer = call(app, "GET", "/api/v1/organizations/me", token=wrong)
    assert answer.status_code == 401
    assert not asked


def test_a_made_up_key_with_a_good_checksum_is_refused(app: App) -> None:
    start = "eal_live_" + "a" * (keyring.LOOKUP + keyring.SECRET)
    answer = call(app, "GET", "/api/v1/organizations/me", token=start + ids.checksum(start))
    assert answer.status_code == 401


def test_the_right_lookup_with_another_secret_is_refused(app: App, company: Company) -> None:
    key = make(company)
    start = key[: len("eal_live_") + keyring.LOOKUP] + "z" * keyring.SECRET
    assert call(app, "GET", "/api/v1/organizations/me", token=start + ids.checksum(start)).status_code == 401


def test_a_revoked_key_opens_nothing(app: App, company: Company) -> None:
    key = make(company)
    with company.acting("admin"):
        row = db.session.scalars(select(ApiKey)).one()
        keys.revoke(row.id)
        keys.revoke(row.id)
    assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 401
    assert len(audited(company, "api_key.revoked")) == 1


def test_a_revocation_in_another_process_takes_effect_within_five_seconds(
    app: App, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(principal_cache_seconds=3.0))
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    key = make(company)
    assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 200
    with company.acting("admin"):
        # behind this process's back
        row = db.session.scalars(select(ApiKey)).one()
        row.revoked_at = clock.now()
    assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 200
    now[0] += 5
    assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 401


def test_a_key_expires(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        key = make(company, expires_at=clock.now() + timedelta(days=1))
        assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 200
        clock.advance(timedelta(days=1))
        assert call(app, "GET", "/api/v1/organizations/me", token=key).status_code == 401


def test_a_field_key_acts_with_its_role_and_needs_no_tenant_header(
    app: App, company: Company, other_company: Company
) -> None:
    key = make(company, "field", role="manager")
    # a key stands for no person, which /auth/me says: it was let in
    assert call(app, "GET", "/api/v1/auth/me", token=key).status_code == 409
    assert call(app, "GET", "/api/v1/auth/me", token=key, tenant=company.tenant_id).status_code == 409
    assert call(app, "GET", "/api/v1/auth/me", token=key, tenant=other_company.tenant_id).status_code == 403
    with app.test_request_context():
        who = keyring.find(key)
    assert who is not None
    assert (who.kind, who.roles, who.may("users.manage"), who.may("audit.read")) == (
        "key",
        ("manager",),
        False,
        True,
    )


@pytest.mark.parametrize("product", ["growth", "closebot", "agents"])
def test_another_products_key_is_forbidden_on_the_field_api(app: App, company: Company, product: str) -> None:
    assert call(app, "GET", "/api/v1/auth/me", token=make(company, product)).status_code == 403


def test_a_field_key_is_forbidden_on_the_growth_api(app: App, company: Company) -> None:
    answer = call(app, "GET", "/api/v1/organizations/me", token=make(company, "field"))
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("dialect", "header", "product"),
    [(dialects.CLOSEBOT, "X-CloseBot-Key", "closebot"), (dialects.FIXFLOW, "X-FixFlow-Key", "fixflow"),
     (dialects.LEDGERPILOT, "X-LedgerPilot-Key", "ledgerpilot")],
)  # fmt: skip
def test_an_intake_key_opens_its_own_product_only(
    app: App, company: Company, dialect: dialects.Dialect, header: str, product: str
) -> None:
    own, other = make(company, product), make(company, "closebot" if product != "closebot" else "fixflow")

    def authenticate(headers: dict[str, str]) -> context.Principal:
        with app.test_request_context(headers=headers):
            return dialect.authenticate()

    assert authenticate({}).kind == "public"
    who = authenticate({header: own})
    assert (who.tenant_id, who.product) == (company.tenant_id, product)
    with pytest.raises(errors.Forbidden):
        authenticate({header: other})
    with pytest.raises(errors.Unauthorized):
        authenticate({header: own[:-1] + "!"})


def test_an_agents_key_needs_the_version_header(app: App, company: Company) -> None:
    key = make(company, "agents")
    for version, fine in (("2025-06-19", True), ("2024-01-01", False), ("", False)):
        headers = {"Authorization": f"Bearer {key}"} | ({"Operator-Version": version} if version else {})
        with app.test_request_context(headers=headers):
            if fine:
                assert dialects.AGENTS.authenticate().product == "agents"
            else:
                with pytest.raises(errors.BadRequest, match="2025-06-19"):
                    dialects.AGENTS.authenticate()


def test_a_reading_key_changes_nothing_whatever_the_route_forgot(app: App, company: Company) -> None:
    key = make(company, scope="read")
    with app.test_request_context(method="POST", headers={"Authorization": f"Bearer {key}"}):
        with pytest.raises(errors.Forbidden, match="write"):
            dialects.GROWTH.authenticate()


def test_only_an_admin_key_may_change_the_company(app: App, company: Company) -> None:
    for scope, may in (("read", False), ("write", False), ("admin", True)):
        with app.test_request_context():
            who = keyring.find(make(company, scope=scope))
        assert who is not None
        assert who.may("company.edit") is may
        assert who.may("audit.read")


def test_a_test_key_acts_in_a_sandbox_of_its_own(app: App, company: Company) -> None:
    key = make(company, "growth_test", scope="write")
    first = call(app, "GET", "/api/v1/organizations/me", token=key).json
    assert first["id"] != str(company.tenant_id)
    assert first["name"] == f"{company.code} Heating & Air (test)"
    health = call(app, "GET", "/api/v1/health", token=key).json
    assert (health["environment"], health["tenant_id"]) == ("test", first["id"])
    second = make(company, "growth_test", scope="read")
    assert call(app, "GET", "/api/v1/organizations/me", token=second).json["id"] == first["id"]


def test_the_growth_limit_is_counted_per_key_and_told(app: App, company: Company) -> None:
    key, other = make(company), make(company)
    with limited(app, growth_key="2/minute"):
        assert call(app, "GET", "/api/v1/organizations/me", token=key).headers["X-RateLimit-Remaining"] == "1"
        call(app, "GET", "/api/v1/organizations/me", token=key)
        answer = call(app, "GET", "/api/v1/organizations/me", token=key)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json["error"]["code"] == "too_many_requests"
        assert call(app, "GET", "/api/v1/organizations/me", token=other).status_code == 200


@pytest.mark.parametrize(
    ("product", "options", "field"),
    [("field", {"role": ""}, "role"), ("field", {"role": "owner"}, "role"), ("growth", {"scope": "all"}, "scope"),
     ("fax", {}, "product"), ("closebot", {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expires_at")],
)  # fmt: skip
def test_a_key_that_cannot_be_names_the_field(
    company: Company, product: str, options: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.Invalid) as caught, company.acting("admin"):
        keys.create("Website", product, **options)
    assert [p.field for p in caught.value.problems] == [field]


def test_a_dispatcher_may_not_make_keys(company: Company) -> None:
    with pytest.raises(errors.Forbidden), company.acting("dispatcher"):
        keys.create("Website", "closebot")


def test_another_organizations_key_cannot_be_revoked(company: Company, other_company: Company) -> None:
    make(company)
    with company.acting():
        number = db.session.scalars(select(ApiKey.id)).one()
    with pytest.raises(errors.NotFound), other_company.acting("admin"):
        keys.revoke(number)


def test_a_key_opens_no_more_than_who_made_it_may(company: Company) -> None:
    with company.acting("owner"):
        user = get(User, company.users["admin"])
        users.change(user.id, name=user.name, username=user.username, email=user.email, phone="", roles=["admin"],
                     narrowed=["audit.read"])  # fmt: skip
    for product, more in (("field", {"role": "admin"}), ("growth", {"scope": "admin"})):
        with pytest.raises(errors.Forbidden, match=r"audit\.read"), company.acting("admin"):
            keys.create("Mine", product, **more)
    with company.acting("admin"):
        keys.create("Ours", "field", role="dispatcher")
        keys.create("Calls", "closebot")
