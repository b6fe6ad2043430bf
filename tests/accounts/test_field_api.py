"""Sign-in of the field API, as its document shows it."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.accounts.support import audited, call, claims_of, forged, login, totp, with_app_codes
from tests.factories.world import PASSWORD, Company
from webapp.kit import clock
from webapp.kit.db import get
from webapp.kit.web import App
from webapp.models import User


def test_a_business_code_is_resolved_in_any_case(app: App, company: Company) -> None:
    answer = call(app, "GET", f"/api/v1/tenants/resolve/{company.code.lower()}")
    assert answer.status_code == 200
    assert answer.json == {
        "ok": True,
        "data": {
            "businessCode": company.code,
            "businessName": f"{company.code} Heating & Air",
            "apiUrl": app.config["SETTINGS"].base_url,
            "tenantId": str(company.tenant_id),
            "branding": {"display_name": f"{company.code} Heating & Air", "primary_color": "#2563eb"},
        },
    }


@pytest.mark.parametrize("code", ["NOBODY", "x" * 5000, "%00", "..%2f"])
def test_an_unknown_business_code_is_not_found(app: App, code: str) -> None:
    answer = call(app, "GET", f"/api/v1/tenants/resolve/{code}")
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "NOT_FOUND"


def test_login_answers_tokens_and_user_as_documented(app: App, company: Company) -> None:
    answer = login(app, company, "admin")
    assert answer.status_code == 200
    data = answer.json["data"]
    assert answer.json["ok"] is True
    assert set(data) == {"access_token", "refresh_token", "user"}
    assert data["access_token"].startswith("eyJ")
    assert data["refresh_token"].startswith("eyJ")
    assert data["user"] == {"id": company.users["admin"], "username": "admin", "name": "Admin Person",
                            "is_admin": True, "roles": ["admin"]}  # fmt: skip
    claims = claims_of(data["access_token"])
    assert claims["aud"] == "field"
    assert claims["tenant"] == str(company.tenant_id)
    assert (claims["user"], claims["roles"]) == (company.users["admin"], ["admin"])
    assert claims["exp"] - claims["iat"] == 15 * 60  # type: ignore[operator]


def test_a_technicians_login_names_the_technician(app: App, company: Company) -> None:
    from webapp.kit.db import add
    from webapp.models import Technician

    with company.acting():
        technician = add(Technician(name="Mike", pay_type="hourly"))
        get(User, company.users["technician"]).technician_id = technician.id
    user = login(app, company, "technician").json["data"]["user"]
    assert (user["technician_id"], user["is_admin"]) == (technician.id, False)


def test_signing_in_by_email_address_works_too(app: App, company: Company) -> None:
    assert login(app, company, f"MANAGER@{company.code}.example.com").status_code == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [("manager", "wrong"), ("nobody", PASSWORD), ("manager", PASSWORD.upper()), ("manager", "x" * 900),
     ("manager\x00", PASSWORD), ("x" * 200, PASSWORD), ("' or 1=1 --", "x")],
)  # fmt: skip
def test_a_wrong_sign_in_says_only_that_it_was_wrong(
    app: App, company: Company, username: str, password: str
) -> None:
    answer = login(app, company, username, password)
    if "\x00" in username:
        assert answer.status_code == 422
        return
    assert answer.status_code == 401
    assert answer.json == {
        "ok": False,
        "error": {"code": "UNAUTHORIZED", "message": "Wrong username or password."},
    }


def test_a_failed_sign_in_is_in_the_audit_log_without_the_password(app: App, company: Company) -> None:
    login(app, company, "manager", "not-my-password")
    login(app, company, "ghost", "whatever-it-is")
    entries = audited(company, "user.sign_in_failed")
    assert [(e["username"], e["reason"], e["user_id"]) for e in entries] == [
        ("manager", "wrong password", company.users["manager"]), ("ghost", "no such user", None)]  # fmt: skip
    assert "not-my-password" not in str(entries)


def test_a_deactivated_user_gets_the_same_answer_as_a_wrong_password(app: App, company: Company) -> None:
    with company.acting():
        get(User, company.users["manager"]).active = False
    assert login(app, company).json["error"]["message"] == "Wrong username or password."


def test_login_needs_the_tenant_header(app: App) -> None:
    missing = call(app, "POST", "/api/v1/auth/login", {"username": "a", "password": "b"})
    assert (missing.status_code, missing.json["error"]["code"]) == (400, "BAD_REQUEST")
    crooked = call(app, "POST", "/api/v1/auth/login", {"username": "a", "password": "b"}, tenant="not-a-uuid")
    assert crooked.status_code == 400
    unknown = call(app, "POST", "/api/v1/auth/login", {"username": "admin", "password": PASSWORD},
                   tenant="00000000-0000-4000-8000-000000000000")  # fmt: skip
    assert (unknown.status_code, unknown.json["error"]["message"]) == (401, "Wrong username or password.")


def test_the_same_name_and_password_open_only_the_organization_that_is_named(
    app: App, company: Company, other_company: Company
) -> None:
    token = login(app, company, "admin").json["data"]["access_token"]
    assert claims_of(token)["tenant"] == str(company.tenant_id)
    answer = call(app, "GET", "/api/v1/auth/me", token=token, tenant=other_company.tenant_id)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ("{", 400, "not JSON"),
        ("[]", 400, "object"),
        ('{"username": "a"}', 422, "password"),
        ('{"username": "a", "password": "b", "tenant": "c"}', 422, "tenant"),
        ('{"username": 5, "password": "b"}', 422, "username"),
        ('{"username": "", "password": "b"}', 422, "username"),
        (json.dumps({"username": "a" * 100_000, "password": "b"}), 422, "username"),
        (json.dumps({"username": "a", "password": "b" * 100_000}), 422, "password"),
    ],
)
def test_a_bad_body_is_refused_in_words(
    app: App, company: Company, body: str, status: int, named: str
) -> None:
    answer = app.test_client().post("/api/v1/auth/login", data=body, content_type="application/json",
                                    headers={"X-Tenant-Id": str(company.tenant_id)})  # fmt: skip
    assert answer.status_code == status
    assert named in answer.json["error"]["message"]  # type: ignore[index]


# Access tokens ----------------------------------------------------------------------------------------------------


def test_me_says_who_the_token_stands_for(company: Company) -> None:
    data = company.api("dispatcher").get("/auth/me").json["data"]
    assert (data["username"], data["business_code"]) == ("dispatcher", company.code)


def test_a_token_expires_after_fifteen_minutes(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        api = company.api("admin")
        clock.advance(timedelta(minutes=14, seconds=59))
        assert api.get("/auth/me").status_code == 200
        clock.advance(timedelta(seconds=1))
        answer = api.get("/auth/me")
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "UNAUTHORIZED")
    assert "expired" in answer.json["error"]["message"]


@pytest.mark.parametrize(("alg", "key"), [("none", None), ("None", None), ("HS256", b"a-guess"), ("HS256", b""),
                                          ("RS256", b"x"), ("HS512", b"a-guess")])  # fmt: skip
def test_a_forged_token_is_refused(app: App, company: Company, alg: str, key: bytes | None) -> None:
    good = login(app, company, "admin").json["data"]["access_token"]
    bad = forged(claims_of(good), alg, key)
    answer = call(app, "GET", "/api/v1/auth/me", token=bad, tenant=company.tenant_id)
    assert answer.status_code == 401


@pytest.mark.parametrize("token", ["x", "eyJ.eyJ.", "a.b.c.d", "é" * 20, "x" * 20_000, "Bearer", "null"])
def test_a_token_that_is_none_is_refused(app: App, company: Company, token: str) -> None:
    raw = token.encode("utf-8").decode("latin-1")
    assert call(app, "GET", "/api/v1/auth/me", token=raw, tenant=company.tenant_id).status_code == 401


def test_a_changed_claim_breaks_the_token(app: App, company: Company) -> None:
    head, body, tail = login(app, company, "manager").json["data"]["access_token"].split(".")
    claims = claims_of(f"{head}.{body}.{tail}") | {"user": company.users["owner"]}
    fresh = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    answer = call(app, "GET", "/api/v1/auth/me", token=f"{head}.{fresh}.{tail}", tenant=company.tenant_id)
    assert answer.status_code == 401


def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(app: App, company: Company) -> None:
    data = login(app, company).json["data"]
    assert (
        call(app, "GET", "/api/v1/auth/me", token=data["refresh_token"], tenant=company.tenant_id).status_code
        == 401
    )
    assert call(app, "POST", "/api/v1/auth/refresh", {"refresh_token": data["access_token"]},
                tenant=company.tenant_id).status_code == 401  # fmt: skip


def test_a_token_needs_the_tenant_header_and_a_header_without_token_nothing(
    app: App, company: Company
) -> None:
    token = login(app, company).json["data"]["access_token"]
    assert call(app, "GET", "/api/v1/auth/me", token=token).status_code == 400
    nobody = call(app, "GET", "/api/v1/auth/me", tenant=company.tenant_id)
    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, "Bearer")
    basic = call(app, "GET", "/api/v1/auth/me", tenant=company.tenant_id, Authorization="Basic YTpi")
    assert basic.status_code == 401


def test_another_organizations_token_opens_nothing_in_any_combination(
    app: App, company: Company, other_company: Company
) -> None:
    mine, theirs = login(app, company).json["data"], login(app, other_company).json["data"]
    for token, tenant in (
        (theirs["access_token"], company.tenant_id),
        (mine["access_token"], other_company.tenant_id),
    ):
        assert call(app, "GET", "/api/v1/auth/me", token=token, tenant=tenant).status_code == 403
    assert call(app, "POST", "/api/v1/auth/refresh", {"refresh_token": theirs["refresh_token"]},
                tenant=company.tenant_id).status_code == 403  # fmt: skip


def test_a_token_made_under_a_key_that_is_being_rotated_out_still_works(app: App, company: Company) -> None:
    token = login(app, company).json["data"]["access_token"]
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = before.with_(
        secret_keys=("a-newer-key-0123456789abcdef0123456789", *before.secret_keys)
    )
    try:
        assert call(app, "GET", "/api/v1/auth/me", token=token, tenant=company.tenant_id).status_code == 200
        newer = login(app, company).json["data"]["access_token"]
    finally:
        app.config["SETTINGS"] = before
    assert call(app, "GET", "/api/v1/auth/me", token=newer, tenant=company.tenant_id).status_code == 401


def test_a_role_taken_away_counts_at_once_for_a_token_that_still_names_it(company: Company) -> None:
    from webapp.accounts.service import users

    api = company.api("manager")
    with company.acting("owner"):
        users.change(
            company.users["manager"], name="M", username="manager", email="", phone="", roles=["technician"]
        )
    assert api.get("/auth/me").json["data"]["roles"] == ["technician"]


# Refreshing -------------------------------------------------------------------------------------------------------


def test_one_refresh_token_is_good_again_and_again_as_the_document_has_it(app: App, company: Company) -> None:
    refresh = login(app, company).json["data"]["refresh_token"]
    for _ in range(3):
        answer = call(
            app, "POST", "/api/v1/auth/refresh", {"refresh_token": refresh}, tenant=company.tenant_id
        )
        assert (answer.status_code, set(answer.json["data"])) == (200, {"access_token"})
    token = answer.json["data"]["access_token"]
    assert call(app, "GET", "/api/v1/auth/me", token=token, tenant=company.tenant_id).status_code == 200


def test_an_expired_access_token_sent_along_does_not_stop_a_refresh(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        data = login(app, company).json["data"]
        clock.advance(timedelta(hours=1))
        answer = call(app, "POST", "/api/v1/auth/refresh", {"refresh_token": data["refresh_token"]},
                      token=data["access_token"], tenant=company.tenant_id)  # fmt: skip
    assert answer.status_code == 200


def test_a_stolen_refresh_token_that_was_rotated_away_ends_the_session(app: App, company: Company) -> None:
    first = login(app, company).json["data"]["refresh_token"]
    answer = call(
        app,
        "POST",
        "/api/v1/auth/refresh",
        {"refresh_token": first, "rotate": True},
        tenant=company.tenant_id,
    )
    assert set(answer.json["data"]) == {"access_token", "refresh_token"}
    (replaced,) = audited(company, "session.token_replaced")
    assert replaced["actor"] == f"user:{replaced['user_id']}"
    second, access = answer.json["data"]["refresh_token"], answer.json["data"]["access_token"]
    stolen = call(app, "POST", "/api/v1/auth/refresh", {"refresh_token": first}, tenant=company.tenant_id)
    assert stolen.status_code == 401
    assert "ended" in stolen.json["error"]["message"]
    for token in (first, second):
        over = call(app, "POST", "/api/v1/auth/refresh", {"refresh_token": token}, tenant=company.tenant_id)
        assert over.status_code == 401
    assert call(app, "GET", "/api/v1/auth/me", token=access, tenant=company.tenant_id).status_code == 401
    assert "replaced" in audited(company, "session.revoked")[0]["reason"]


def test_a_session_unused_for_too_long_is_over(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        refresh = login(app, company).json["data"]["refresh_token"]
        clock.advance(timedelta(minutes=app.config["SETTINGS"].session_idle_minutes + 2))
        answer = call(
            app, "POST", "/api/v1/auth/refresh", {"refresh_token": refresh}, tenant=company.tenant_id
        )
    assert answer.status_code == 401


def test_a_session_is_over_at_its_absolute_limit_however_much_it_is_used(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        refresh = login(app, company).json["data"]["refresh_token"]
        for _ in range(14 * 4):
            clock.advance(timedelta(hours=6))
            answer = call(
                app, "POST", "/api/v1/auth/refresh", {"refresh_token": refresh}, tenant=company.tenant_id
            )
            if answer.status_code != 200:
                break
        assert answer.status_code == 401
        assert _ == 14 * 4 - 1


def test_logging_out_ends_the_session_for_both_tokens(app: App, company: Company) -> None:
    data = login(app, company).json["data"]
    answer = call(app, "POST", "/api/v1/auth/logout", token=data["access_token"], tenant=company.tenant_id)
    assert (answer.status_code, answer.json["data"]) == (200, {"logged_out": True})
    assert (
        call(app, "GET", "/api/v1/auth/me", token=data["access_token"], tenant=company.tenant_id).status_code
        == 401
    )
    assert call(app, "POST", "/api/v1/auth/refresh", {"refresh_token": data["refresh_token"]},
                tenant=company.tenant_id).status_code == 401  # fmt: skip


# The second factor ------------------------------------------------------------------------------------------------


def verify(app: App, company: Company, token: str, code: str) -> Any:
    return call(
        app,
        "POST",
        "/api/v1/auth/mfa-verify",
        {"challenge_token": token, "code": code},
        tenant=company.tenant_id,
    )


def test_a_user_with_app_codes_is_challenged_and_answers(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        answer = login(app, company)
        assert set(answer.json["data"]) == {"mfa_required", "mfa_challenge_token"}
        assert answer.json["data"]["mfa_required"] is True
        token = answer.json["data"]["mfa_challenge_token"]
        assert token.startswith("eyJ")
        assert call(app, "GET", "/api/v1/auth/me", token=token, tenant=company.tenant_id).status_code == 401
        done = verify(app, company, token, totp(secret))
        assert set(done.json["data"]) == {"access_token", "refresh_token", "user"}
        assert verify(app, company, token, totp(secret, 1)).status_code == 401


def test_a_code_that_was_used_is_refused_in_clear_words(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        code = totp(secret)
        first = login(app, company).json["data"]["mfa_challenge_token"]
        assert verify(app, company, first, code).status_code == 200
        second = login(app, company).json["data"]["mfa_challenge_token"]
        spent = verify(app, company, second, code)
    assert spent.status_code == 401
    assert spent.json["error"]["message"] == (
        "This code was used already. Wait until your app shows the next one.")  # fmt: skip


def test_one_code_sent_twice_at_the_same_moment_signs_in_once(app: App, company: Company) -> None:
    from concurrent.futures import ThreadPoolExecutor

    secret, backup = with_app_codes(company)
    for code in (totp(secret, 1), backup[0]):
        tokens = [login(app, company).json["data"]["mfa_challenge_token"] for _ in range(3)]
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda token, code=code: verify(app, company, token, code), tokens))
        assert sorted(a.status_code for a in answers) == [200, 401, 401]


def test_a_backup_code_works_once_however_it_is_typed(app: App, company: Company) -> None:
    _, codes = with_app_codes(company)
    assert len(codes) == len(set(codes)) == 10
    typed = codes[0].upper().replace("-", " ")
    assert (
        verify(app, company, login(app, company).json["data"]["mfa_challenge_token"], typed).status_code
        == 200
    )
    again = verify(app, company, login(app, company).json["data"]["mfa_challenge_token"], codes[0])
    assert again.status_code == 401


def test_five_wrong_codes_end_the_challenge_even_for_the_right_one(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        token = login(app, company).json["data"]["mfa_challenge_token"]
        for left in (4, 3, 2, 1):
            answer = verify(app, company, token, "000000")
            assert f"{left} {'try is' if left == 1 else 'tries are'} left" in answer.json["error"]["message"]
        verify(app, company, token, "000000")
        assert verify(app, company, token, totp(secret)).status_code == 401
    assert [e["tries"] for e in audited(company, "user.second_factor_failed")] == [1, 2, 3, 4, 5]


def test_a_challenge_is_over_after_ten_minutes(app: App, company: Company) -> None:
    with clock.at(clock.now()):
        secret, _ = with_app_codes(company)
        token = login(app, company).json["data"]["mfa_challenge_token"]
        clock.advance(timedelta(minutes=10))
        assert verify(app, company, token, totp(secret)).status_code == 401


def test_another_organizations_challenge_is_refused(
    app: App, company: Company, other_company: Company
) -> None:
    with_app_codes(company)
    token = login(app, company).json["data"]["mfa_challenge_token"]
    answer = call(app, "POST", "/api/v1/auth/mfa-verify", {"challenge_token": token, "code": "123456"},
                  tenant=other_company.tenant_id)  # fmt: skip
    assert answer.status_code == 403


def test_where_the_company_asks_for_a_second_factor_the_api_asks_too(app: App, company: Company) -> None:
    from webapp.accounts import queries

    api = company.api("manager")
    with company.acting():
        queries.organization().require_mfa = True
    assert login(app, company).status_code == 403
    assert api.get("/auth/me").status_code == 403
