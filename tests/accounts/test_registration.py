"""A company registers itself, over the field API."""

from typing import Any

import pytest

from tests.accounts.support import browser, call, post
from webapp.kit.web import App


def registration(**changes: object) -> dict[str, object]:
    from webapp.kit import ids

    unique = ids.token(8, ids.LOWER)
    return {"email": f"jane@{unique}.example.com", "username": "mycompany", "password": "securePassword123!",
            "first_name": "Jane", "last_name": "Smith", "company_name": f"Smith {unique} HVAC"} | changes  # fmt: skip


def test_a_company_registers_and_is_signed_in_at_once(app: App) -> None:
    sent = registration()
    answer = call(app, "POST", "/api/v1/auth/register", sent)
    assert answer.status_code == 201
    data = answer.json["data"]
    assert {"access_token", "refresh_token", "user", "business_code", "business_name"} <= set(data)
    assert data["business_name"] == sent["company_name"]
    assert data["user"] | {"id": 0} == {"id": 0, "username": "mycompany", "name": "Jane Smith", "is_admin": True,
                                        "roles": ["owner", "admin"]}  # fmt: skip
    resolved = call(app, "GET", f"/api/v1/tenants/resolve/{data['business_code']}").json["data"]
    assert resolved["tenantId"] == data["tenant_id"]
    me = call(app, "GET", "/api/v1/auth/me", token=data["access_token"], tenant=data["tenant_id"])
    assert me.status_code == 200


def test_registering_the_same_address_again_is_a_conflict(app: App) -> None:
    sent = registration()
    assert call(app, "POST", "/api/v1/auth/register", sent).status_code == 201
    answer = call(app, "POST", "/api/v1/auth/register", sent | {"email": str(sent["email"]).upper()})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "CONFLICT")


def test_two_companies_of_one_name_get_two_codes(app: App) -> None:
    name = registration()["company_name"]
    codes = {call(app, "POST", "/api/v1/auth/register", registration(company_name=name)).json["data"]["business_code"]
             for _ in range(2)}  # fmt: skip
    assert len(codes) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"email": "not an address"}, "email"), ({"password": "short"}, "password"), ({"password": "password123"}, "password"),
     ({"username": "a b"}, "username"), ({"company_name": " "}, "company_name"), ({"role": "owner"}, "role"),
     ({"first_name": "x" * 5000}, "first_name")],
)  # fmt: skip
def test_a_registration_that_cannot_be_names_its_field(
    app: App, changes: dict[str, object], field: str
) -> None:
    answer = call(app, "POST", "/api/v1/auth/register", registration(**changes))
    assert answer.status_code == 422
    assert field in answer.json["error"]["details"]["fields"]


def test_a_company_that_has_just_registered_can_record_its_first_sale_and_see_the_pay(app: App) -> None:
    made = call(app, "POST", "/api/v1/auth/register", registration()).json["data"]

    def ask(method: str, path: str, json: object = None) -> Any:
        answer = call(
            app, method, f"/api/v1{path}", json, token=made["access_token"], tenant=made["tenant_id"]
        )
        assert answer.status_code in (200, 201), f"{path}: {answer.get_data(as_text=True)}"
        return answer.json["data"]

    technician = ask(
        "POST", "/admin/technicians", {"name": "Mike", "pay_type": "hourly", "base_pay_cents": 2850}
    )
    item = ask("POST", "/admin/items", {"name": "AC tune-up", "list_price_cents": 18_900})
    sold = {
        "technician_id": technician["id"],
        "item_id": item["id"],
        "sale_price_cents": 18_900,
        "customer_name": "Ann",
    }
    sale = ask("POST", "/sales", sold)
    assert ask("PATCH", f"/sales/{sale['id']}/approve", {})["status"] == "approved"
    assert "open" in {period["status"] for period in ask("GET", "/admin/pay-periods")["items"]}


def test_every_page_of_a_company_that_has_just_registered_opens(app: App) -> None:
    """Nothing on it takes for granted that there is a technician, an item or a rate."""
    sent = registration()
    made = call(app, "POST", "/api/v1/auth/register", sent).json["data"]
    client = browser(app)
    answer = post(client, "/sign-in", business_code=made["business_code"], username="mycompany",
                  password=sent["password"])  # fmt: skip
    assert answer.status_code == 303
    pages = [
        rule.rule for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and "<" not in rule.rule and not rule.rule.startswith(("/api/", "/my/"))
    ]  # fmt: skip
    answers = {path: client.get(path).status_code for path in sorted(pages)}
    # a download asks for a kind in its query
    assert {path for path, status in answers.items() if status >= 400} == {
        "/downloads/new",
        "/dispatch/clashes",
    }
    assert len(pages) > 40
