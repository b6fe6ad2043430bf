"""Settings pages: company, people, keys, saved views."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.accounts.support import audited, counted
from tests.client import PageClient
from tests.factories.world import Company, csrf_of
from webapp.accounts.service import keys, users
from webapp.kit import clock, context
from webapp.kit.db import add, db
from webapp.models import ApiKey, Organization, SsoIdentity, User

COMPANY = {"name": "Smith HVAC LLC", "display_name": "Smith HVAC", "primary_color": "#0f766e", "time_zone": "America/Chicago",
           "phone": "813 555 0100", "email": "office@example.com", "address": "1 Oak St"}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def send(client: PageClient, page: str, path: str, **data: object) -> Any:
    token = csrf_of(client.get(page).get_data(as_text=True))
    return client.post(path, data={"csrf_token": token, **data})


def test_every_settings_page_opens_for_an_admin(company: Company) -> None:
    client = company.sign_in("admin")
    user = company.users["dispatcher"]
    for path in ("/settings", "/settings/company", "/settings/people", "/settings/people/new", f"/settings/people/{user}",
                 "/settings/keys", "/settings/keys/new", "/saved-views/new/sales?status=pending"):  # fmt: skip
        assert client.get(path).status_code == 200, path


def test_a_dispatcher_may_open_none_of_them(company: Company) -> None:
    client = company.sign_in("dispatcher")
    for path in ("/settings/company", "/settings/people", "/settings/keys"):
        assert client.get(path).status_code == 403, path


def test_the_company_takes_a_new_name_colour_zone_and_logo(company: Company) -> None:
    from io import BytesIO

    client = company.sign_in("admin")
    answer = send(
        client,
        "/settings/company",
        "/settings/company",
        logo=(BytesIO(PNG), "logo.png"),
        second_person="y",
        **COMPANY,
    )
    assert answer.status_code == 303
    with company.acting():
        stored = db.session.get(Organization, context.tenant_id())
        assert stored is not None
        assert (stored.display_name, stored.primary_color, stored.second_person) == (
            "Smith HVAC",
            "#0f766e",
            True,
        )
        path = f"/logo/{company.code}/{stored.logo_file_id}"
    picture = company.app.test_client().get(path)  # nobody is signed in on the sign-in page
    assert (picture.status_code, picture.mimetype, picture.data) == (200, "image/png", PNG)
    assert company.app.test_client().get(f"/logo/{company.code}/999999").status_code == 404


def test_the_company_phone_is_shown_and_taken_as_people_write_it(company: Company) -> None:
    client = company.sign_in("admin")
    path = "/settings/company"

    def kept() -> str:
        with company.acting():
            return db.session.get_one(Organization, context.tenant_id()).phone

    assert send(client, path, path, **COMPANY | {"phone": "813.555.0142"}).status_code == 303
    assert kept() == "+18135550142"
    page = client.get(path).get_data(as_text=True)
    assert 'value="(813) 555-0142"' in page
    assert "+1813" not in page
    assert send(client, path, path, **COMPANY | {"phone": "(813) 555-0142"}).status_code == 303
    assert kept() == "+18135550142"
    answer = send(client, path, path, **COMPANY | {"phone": "555-0142"})
    assert answer.status_code == 422
    assert "lacks its area code" in answer.get_data(as_text=True)
    with company.acting():
        db.session.get_one(
            Organization, context.tenant_id()
        ).phone = "ask for Jim"  # kept before numbers were checked
    assert send(client, path, path, **COMPANY | {"phone": "ask for Jim"}).status_code == 303
    assert kept() == "ask for Jim"
    assert send(client, path, path, **COMPANY | {"phone": ""}).status_code == 303
    assert kept() == ""


def test_a_wrong_colour_and_a_script_for_a_logo_are_refused_at_their_fields(company: Company) -> None:
    from io import BytesIO

    client = company.sign_in("admin")
    answer = send(client, "/settings/company", "/settings/company", **COMPANY | {"primary_color": "red;}"})
    assert answer.status_code == 422 and "such as #2563eb" in answer.get_data(as_text=True)
    svg = (BytesIO(b"<svg onload=alert(1)>"), "x.png")
    answer = send(client, "/settings/company", "/settings/company", logo=svg, **COMPANY)
    assert answer.status_code == 422 and "PNG, JPEG or WebP" in answer.get_data(as_text=True)


def test_somebody_is_invited_narrowed_deactivated_and_brought_back(company: Company) -> None:
    client = company.sign_in("admin")
    answer = send(client, "/settings/people/new", "/settings/people", name="Jane New", username="jane",
                  email="jane@example.com", roles="manager", technician_id="")  # fmt: skip
    text = answer.get_data(as_text=True)
    assert "/invite/" in text and "Jane New is invited" in text
    with company.acting():
        jane = db.session.query(User).filter_by(username="jane").one().id
    home = f"/settings/people/{jane}"
    assert send(client, home, f"{home}/narrow", narrowed="audit.read").status_code == 303
    assert send(client, home, f"{home}/deactivate").status_code == 303
    with company.acting():
        user = db.session.get(User, (context.tenant_id(), jane))
        assert user is not None and user.narrowed == ["audit.read"] and not user.active
    assert send(client, home, f"{home}/reactivate").status_code == 303


def test_a_key_is_shown_once_works_and_is_refused_when_revoked(company: Company) -> None:
    client = company.sign_in("admin")
    answer = send(client, "/settings/keys/new", "/settings/keys", name="Partner", product="field", role="manager", scope="",
                  access="full", mode="live", expires="", expires_on="")  # fmt: skip
    found = re.search(r"tk_live_[A-Za-z0-9]{42}", answer.get_data(as_text=True))
    assert found
    headers = {"Authorization": f"Bearer {found[0]}"}
    plain = company.app.test_client()
    assert plain.get("/api/v1/auth/me", headers=headers).status_code != 401
    assert found[0] not in client.get("/settings/keys").get_data(as_text=True)
    with company.acting():
        key = db.session.query(ApiKey).filter_by(name="Partner").one().id
    assert send(client, "/settings/keys", f"/settings/keys/{key}/revoke").status_code == 303
    assert plain.get("/api/v1/auth/me", headers=headers).status_code == 401


def test_a_key_without_its_role_is_refused_at_the_field(company: Company) -> None:
    client = company.sign_in("admin")
    answer = send(
        client,
        "/settings/keys/new",
        "/settings/keys",
        name="P",
        product="field",
        role="",
        scope="",
        access="full",
        mode="live",
        expires="",
        expires_on="",
    )
    assert answer.status_code == 422 and "acts with a role" in answer.get_data(as_text=True)


def test_the_form_of_a_key_asks_only_what_its_api_needs(company: Company) -> None:
    client = company.sign_in("admin")
    page = client.get("/settings/keys/new").get_data(as_text=True)
    only = dict(
        re.findall(
            r'data-only-for="product" data-values="([^"]*)"><div.*?<select[^>]* name="(\w+)"', page, re.DOTALL
        )
    )
    assert only == {"field": "role", "growth": "scope"}
    assert "Your address now is 127.0.0.1." in page
    # what stands in a field that is not shown is sent all the same
    made = send(client, "/settings/keys/new", "/settings/keys", name="Leads", product="closebot", role="admin", scope="admin",
                access="full", mode="live", expires="", expires_on="")  # fmt: skip
    assert made.status_code == 200
    with company.acting():
        key = db.session.query(ApiKey).filter_by(name="Leads").one()
        assert (key.role, key.scope) == ("", "")
    assert '<th scope="col" data-align="end"><span class="visually-hidden">Revoke</span>' in re.sub(
        r" (class|data-key)=\"tr[^\"]*\"", "", client.get("/settings/keys").get_data(as_text=True)
    )


def test_people_are_a_file_too_as_they_are_listed(company: Company) -> None:
    change = {"narrowed": ["audit.read"]}
    with company.acting():
        user = db.session.get(User, (context.tenant_id(), company.users["manager"]))
        assert user is not None
        user.narrowed = change["narrowed"]
    client = company.sign_in("admin")
    page = client.get("/settings/people?role=manager").get_data(as_text=True)
    assert "1 permission taken away" in page
    assert "/settings/people?role=manager&amp;format=csv" in page
    sheet = client.get("/settings/people?role=manager&format=csv")
    assert sheet.get_data(as_text=True).splitlines() == [
        "Name,Username,Roles,Email,State,Second factor,Last sign-in",
        f"Manager Person,manager,Manager,manager@{company.code.lower()}.example.com,Active,no,",
    ]
    person = client.get(f"/settings/people/{company.users['manager']}").get_data(as_text=True)
    assert "Read the audit log</span>" in person  # no names of ours


def test_a_views_name_is_not_said_to_be_optional(company: Company) -> None:
    page = company.sign_in("manager").get("/saved-views/new/sales?status=pending").get_data(as_text=True)
    assert "optional" not in page.split('name="name"')[0].split("<form")[-1]


def test_a_saved_view_leads_nowhere_but_here(company: Company) -> None:
    client = company.sign_in("manager")
    page = "/saved-views/new/%5Cevil.example.com"
    assert client.get(page).status_code == 404
    for headers in ({}, {"HX-Request": "true"}):
        data = {"csrf_token": csrf_of(client.get("/saved-views/new/sales").text), "name": "Theirs"}
        answer = client.post(page, data=data, headers=headers)
        assert answer.status_code == 404
        assert "HX-Redirect" not in answer.headers and "Location" not in answer.headers


def test_a_view_is_saved_listed_and_removed(company: Company) -> None:
    from webapp.accounts.service import saved_views

    client = company.sign_in("manager")
    page = "/saved-views/new/sales?status=pending&after=x"
    assert send(client, page, page, name="To approve").status_code == 303
    with company.acting("manager"):
        (view,) = saved_views.listed("/sales")
        assert view["label"] == "To approve" and view["url"].startswith("/sales?status=pending&view=saved-")
    with company.acting("payroll"):
        assert saved_views.listed("/sales") == []
    assert send(client, page, view["delete_url"]).status_code == 303
    for action in ("saved_view.saved", "saved_view.removed"):
        (entry,) = audited(company, action)
        assert (entry["path"], entry["name"], entry["shared"]) == ("/sales", "To approve", False)
    with company.acting("manager"):
        assert saved_views.listed("/sales") == []


def test_the_list_of_people_and_a_persons_page_cost_as_many_queries_however_much_there_is(
    company: Company,
) -> None:
    client = company.sign_in("admin")
    person = f"/settings/people/{company.users['manager']}"
    costs: dict[str, list[int]] = {"/settings/people": [], person: [], "/settings/keys": []}
    for more in (0, 6):
        with company.acting("admin"):
            for i in range(more):
                users.invite(username=f"p{i}", name=f"P {i}", email=f"p{i}@example.com", roles=["dispatcher"])
                keys.create(f"Key {i}", "closebot")
                add(SsoIdentity(user_id=company.users["manager"], provider="google", issuer="x", subject=str(i),
                                created_at=clock.now()))  # fmt: skip
        for _ in range(more):
            company.sign_in("manager")
        for path, found in costs.items():
            with counted(company.app) as asked:
                assert client.get(path).status_code == 200
            found.append(len(asked))
    # session, company, notices and downloads of the frame; then the list and its count, or the person's own six
    assert {path: found[0] for path, found in costs.items()} == {
        path: found[1] for path, found in costs.items()
    }
    assert costs["/settings/people"][0] <= 7
    assert costs[person][0] <= 11
    assert costs["/settings/keys"][0] <= 6


WHOLE = {"name": "Reports", "product": "field", "role": "admin", "scope": "read", "mode": "live", "access": "full",
         "expires": "", "expires_on": "", "allowed": ""}  # fmt: skip


def made_key(company: Company, client: PageClient, **values: object) -> tuple[ApiKey, str]:
    answer = send(client, "/settings/keys/new", "/settings/keys", **WHOLE | values)
    found = re.search(r"[a-z]{2,3}_(live|test|prod)_[A-Za-z0-9]{42}", answer.get_data(as_text=True))
    assert found, answer.get_data(as_text=True)[:3000]
    with company.acting():
        return db.session.query(ApiKey).order_by(ApiKey.id.desc()).first(), found[0]  # type: ignore[return-value]


def test_a_key_is_narrowed_bound_and_given_an_end_in_the_form(company: Company) -> None:
    client = company.sign_in("admin")
    with clock.at(datetime(2026, 11, 2, 15, tzinfo=UTC)):
        # what is ticked of another API, out of sight, is not meant
        row, _ = made_key(company, client, access="chosen", scopes=["sales:read", "customers:write", "audit:read"],
                          allowed="203.0.113.7\n2001:db8::/32, 127.0.0.1", expires="90")  # fmt: skip
        assert (row.access, row.scopes, row.allowed) == (
            "chosen", ["customers:write", "sales:read"], ["203.0.113.7", "2001:db8::/32", "127.0.0.1"])  # fmt: skip
        assert row.expires_at == clock.now() + timedelta(days=90)
        page = client.get(f"/settings/keys/{row.id}").get_data(as_text=True)
        for words in (
            "Chosen scopes",
            "customers:write, sales:read",
            "203.0.113.7, 2001:db8::/32, 127.0.0.1",
        ):
            assert words in page
        edit = client.get(f"/settings/keys/{row.id}/edit").get_data(as_text=True)
        assert re.search(r'value="sales:read" checked', edit)
        assert "As it is: Jan 31, 2027 at 10:00 AM" in edit
        changed = send(client, f"/settings/keys/{row.id}/edit", f"/settings/keys/{row.id}", name="Reports", access="read",
                       expires="keep", expires_on="", allowed="")  # fmt: skip
        assert changed.status_code == 303
    with company.acting():
        now = db.session.get(ApiKey, (company.tenant_id, row.id))
        assert now is not None
        assert (now.access, now.scopes, now.allowed, now.expires_at) == ("read", [], [], row.expires_at)


def test_what_is_wrong_in_the_form_of_a_key_is_said_at_its_field(company: Company) -> None:
    client = company.sign_in("admin")
    for wrong, words in (
        ({"access": "chosen"}, "Choose at least one scope"),
        ({"allowed": "10.0.0.7/24"}, "10.0.0.0/24"),
        ({"expires": "day"}, "Choose the last day"),
        ({"expires": "day", "expires_on": "2020-01-01"}, "expired"),
    ):
        answer = send(client, "/settings/keys/new", "/settings/keys", **WHOLE | wrong)
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True), wrong
    row, _ = made_key(company, client)
    answer = send(client, f"/settings/keys/{row.id}/edit", f"/settings/keys/{row.id}", name="Reports", access="full",
                  expires="keep", expires_on="", allowed="nonsense")  # fmt: skip
    assert answer.status_code == 422 and "is no IP address" in answer.get_data(as_text=True)


def test_a_key_is_rotated_and_its_overlap_ended_on_its_page(company: Company) -> None:
    client = company.sign_in("admin")
    row, old = made_key(company, client)
    home = f"/settings/keys/{row.id}"
    dialog = client.get(f"{home}/rotate", headers={"HX-Request": "true", "HX-Target": "dialog"}).get_data(
        as_text=True
    )
    assert "7 days" in dialog and "Not at all: it ends now" in dialog
    answer = send(client, home, f"{home}/rotate", hours="24").get_data(as_text=True)
    new = re.search(r"tk_live_[A-Za-z0-9]{42}", answer)
    assert new and new[0] != old and "Both secrets work until then" in answer
    plain = company.app.test_client()

    def statuses() -> list[int]:
        return [
            plain.get("/api/v1/sales", headers={"Authorization": f"Bearer {k}"}).status_code
            for k in (old, new[0])
        ]

    assert statuses() == [200, 200]
    page = client.get(home).get_data(as_text=True)
    assert "Two secrets work" in page and f"…{old[-4:]}" in page
    # a second rotation is refused in words, not with a page that breaks
    assert send(client, home, f"{home}/rotate", hours="24").status_code == 409
    assert send(client, home, f"{home}/rotate", hours="999").status_code == 422
    assert send(client, home, f"{home}/end-overlap").status_code == 303
    assert statuses() == [401, 200]


def test_a_test_key_made_in_the_form_says_so(company: Company) -> None:
    client = company.sign_in("admin")
    row, key = made_key(company, client, mode="test")
    assert (row.product, key[:8]) == ("field_test", "tk_test_")
    assert "API key, test mode" in client.get(f"/settings/keys/{row.id}").get_data(as_text=True)
