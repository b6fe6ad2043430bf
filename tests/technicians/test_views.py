"""The pages of technicians, as a browser sees them."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from tests.factories import people
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.kit.db import db
from webapp.models import Technician, User
from webapp.technicians import queries, service


def token(client: FlaskClient) -> str:
    return csrf_of(client.get("/technicians").get_data(as_text=True))


def undo_of(text: str) -> str:
    found = re.search(r'action="(/technicians/undo/[^"]+)"', text)
    assert found, "no undo in the toast"
    return found[1].replace("&amp;", "&")


def test_the_first_technician_is_asked_for_where_there_is_none(company: Company) -> None:
    text = company.sign_in().get("/technicians").text
    assert "No technicians yet" in text
    assert 'href="/technicians/new"' in text


def test_the_list_shows_who_works_here_and_the_others_on_their_tabs(company: Company) -> None:
    with company.acting():
        today = queries.today()
        people.technician(name="Active Ann")
        people.technician(name="Former Fay", ends_on=today - timedelta(days=1))
        people.technician(name="Later Lou", starts_on=today + timedelta(days=1))
    client = company.sign_in("manager")
    assert names(client, "/technicians") == ["Active Ann"]
    assert names(client, "/technicians?state=former") == ["Former Fay"]
    assert names(client, "/technicians?state=upcoming") == ["Later Lou"]
    assert names(client, "/technicians?state=all") == ["Active Ann", "Former Fay", "Later Lou"]


def names(client: FlaskClient, url: str) -> list[str]:
    """Names in the order of the list."""
    return re.findall(
        r'<a href="/technicians/\d+"><span class="tr-swatch"[^>]*></span> ([^<]+)</a>', client.get(url).text
    )


def test_search_filter_sort_and_columns_come_from_the_address(company: Company) -> None:
    with company.acting():
        people.technician(name="Ann Ames", base_pay_cents=2000, phone="8135550142")
        people.technician(name="Bob Bell", base_pay_cents=3000)
        people.technician(name="Cid Cole", pay_type="commission", base_pay_cents=0)
    client = company.sign_in()
    assert names(client, "/technicians?q=bel") == ["Bob Bell"]
    assert names(client, "/technicians?q=555-0142") == ["Ann Ames"]
    assert names(client, "/technicians?pay_type=commission") == ["Cid Cole"]
    assert names(client, "/technicians?pay_type=hourly&pay_type=commission") == [
        "Ann Ames",
        "Bob Bell",
        "Cid Cole",
    ]
    assert names(client, "/technicians?sort=base_pay&dir=desc") == ["Bob Bell", "Ann Ames", "Cid Cole"]
    assert names(client, "/technicians?sort=nonsense&pay_type=nonsense") == [
        "Ann Ames",
        "Bob Bell",
        "Cid Cole",
    ]
    page = client.get("/technicians?cols=name,email").text
    assert 'data-label="Email"' in page
    assert 'data-label="Phone"' not in page
    assert "Nothing matches" in client.get("/technicians?q=zzzz").text


def test_a_view_that_is_saved_stands_beside_the_tabs_and_opens_as_it_was(company: Company) -> None:
    with company.acting():
        people.technician(name="Former Fay", ends_on=date(2020, 1, 1))
        people.technician(name="Former Sal", pay_type="salary", ends_on=date(2020, 1, 1))
    client = company.sign_in()
    url = "/technicians?state=former&pay_type=salary"
    page = client.get(url).text
    assert "/saved-views/new/technicians?state=former&amp;pay_type=salary" in page
    saved = client.post("/saved-views/new/technicians?state=former&pay_type=salary",
                        data={"csrf_token": token(client), "name": "Left us"})  # fmt: skip
    assert names(client, saved.headers["Location"]) == ["Former Sal"]
    assert re.search(r'aria-current="page">Left us', client.get(saved.headers["Location"]).text)


def test_htmx_gets_the_rows_alone(company: Company) -> None:
    text = company.sign_in().get("/technicians", hx="results").text
    assert text.startswith("<section")
    assert "<html" not in text


@pytest.mark.parametrize("sort", ["name", "number", "pay_type", "base_pay", "starts_on", "updated_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_paging_in_any_order_shows_each_technician_once(company: Company, sort: str, direction: str,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("webapp.kit.listing.rows.__kwdefaults__", {"total": None, "per_page": 3})
    with company.acting():
        for number in range(8):
            people.technician(
                name=f"T {number % 3}", base_pay_cents=number % 2,
                employee_number=f"N{number}" if number % 3 else None,
                starts_on=date(2020, 1, 1 + number % 2) if number % 3 else None,
            )  # fmt: skip
    client = company.sign_in()
    url, seen, pages = f"/technicians?sort={sort}&dir={direction}", [], 0
    while url:
        text = client.get(url).text
        seen += re.findall(r'<tr data-href="/technicians/(\d+)"', text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        url, pages = found[1].replace("&amp;", "&") if found else "", pages + 1
    assert len(seen) == len(set(seen)) == 8
    assert pages == 3


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        boss = people.technician()
    client.get("/technicians")
    with counted() as few:
        client.get("/technicians?q=tech")
    with company.acting():
        for _ in range(30):
            people.technician(supervisor_id=boss.id)
    with counted() as many:
        client.get("/technicians?q=tech")
    assert len(many) == len(few) <= 14, many


def test_the_record_costs_the_same_queries_however_many_report_to_it(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        boss_id = people.technician().id
        people.technician(supervisor_id=boss_id)
    with counted() as few:
        client.get(f"/technicians/{boss_id}")
    with company.acting():
        for _ in range(10):
            people.technician(supervisor_id=boss_id)
            service.update(boss_id, {"notes": str(_)})
    with counted() as many:
        client.get(f"/technicians/{boss_id}")
    assert len(many) == len(few) <= 21, many


def test_the_csv_has_what_is_shown_and_no_formula(company: Company) -> None:
    with company.acting():
        people.technician(name='=HYPERLINK("http://evil")', employee_number="+1", base_pay_cents=123_456_789,
                          phone="8135550142")  # fmt: skip
        people.technician(name="Former Fay", ends_on=date(2020, 1, 1))
    client = company.sign_in()
    rows = list(csv.reader(io.StringIO(client.get("/technicians?format=csv").text)))
    assert rows[0] == [
        "Name",
        "State",
        "Employee number",
        "Pay type",
        "Base pay",
        "Phone",
        "Supervisor",
        "First day",
    ]
    assert rows[1] == [
        '\'=HYPERLINK("http://evil")',
        "Active",
        "'+1",
        "Hourly",
        "1234567.89",
        "(813) 555-0142",
        "",
        "",
    ]
    assert len(rows) == 2
    rows = list(
        csv.reader(io.StringIO(client.get("/technicians?format=csv&state=former&cols=name,ends_on").text))
    )
    assert rows == [["Name", "Last day"], ["Former Fay", "2020-01-01"]]


def test_a_technician_is_added_through_the_form(company: Company) -> None:
    client = company.sign_in("manager")
    answer = client.post("/technicians", data={
        "csrf_token": token(client), "name": " Mike  Johnson ", "employee_number": "T-104", "pay_type": "hourly",
        "base_pay_cents": "$25.50", "phone": "(813) 555-0142", "email": "Mike@Example.com", "color": "#0d9488",
        "starts_on": "2024-03-01", "supervisor_id": "", "ends_on": "", "notes": "",
    })  # fmt: skip
    assert answer.status_code == 303
    with company.acting():
        made = db.session.query(Technician).filter_by(tenant_id=company.tenant_id).one()
        assert (made.name, made.base_pay_cents, made.phone) == ("Mike Johnson", 2550, "+18135550142")
        assert (made.email, made.starts_on, made.ends_on) == ("mike@example.com", date(2024, 3, 1), None)
    page = client.get(answer.headers["Location"]).text
    assert "Mike Johnson was added." in page
    assert "(813) 555-0142" in page


def test_what_is_wrong_comes_back_at_its_fields_with_what_was_typed(company: Company) -> None:
    with company.acting():
        people.technician(name="Ann Ames", employee_number="T-1")
    client = company.sign_in()
    data = {"csrf_token": token(client), "name": "", "pay_type": "hourly", "base_pay_cents": "lots", "phone": "12",
            "email": "nope", "color": "#0d9488", "starts_on": "soon", "supervisor_id": "999"}  # fmt: skip
    answer = client.post("/technicians", data=data, hx=True)
    assert answer.status_code == 422
    for words in ("Write the technician", "is not an amount", "can be called", "not an email", "Write a day like",
                  "Not a valid choice"):  # fmt: skip
        assert words in answer.text, words
    assert 'value="lots"' in answer.text
    good = {
        **data,
        "name": "Bob",
        "base_pay_cents": "1",
        "phone": "",
        "email": "",
        "starts_on": "",
        "supervisor_id": "",
    }
    answer = client.post("/technicians", data={**good, "employee_number": "T-1"}, hx=True)
    assert answer.status_code == 422
    assert "T-1 is the number of Ann Ames already." in answer.text
    assert 'href="#employee_number"' in answer.text


def test_saving_a_former_supervisor_is_kept_when_nothing_else_is_chosen(company: Company) -> None:
    with company.acting():
        boss = people.technician(name="Boss")
        made = people.technician(supervisor_id=boss.id)
        service.deactivate(boss.id, date(2020, 1, 1))
        boss_id, made_id = boss.id, made.id
    client = company.sign_in()
    page = client.get(f"/technicians/{made_id}/edit").text
    assert f'<option selected value="{boss_id}">Boss' in page
    answer = client.post(f"/technicians/{made_id}", data={
        "csrf_token": csrf_of(page), "name": "Renamed", "pay_type": "hourly", "base_pay_cents": "25.00",
        "color": "#0d9488", "supervisor_id": str(boss_id)})  # fmt: skip
    assert answer.status_code == 303
    with company.acting():
        found = db.session.get(Technician, (company.tenant_id, made_id))
        assert found is not None
        assert (found.name, found.supervisor_id) == ("Renamed", boss_id)


def test_deactivating_asks_for_the_day_and_can_be_undone_from_the_toast(company: Company) -> None:
    with company.acting():
        made_id = people.technician(name="Mike Johnson").id
        people.technician(name="Follower Flo", supervisor_id=made_id)
    client = company.sign_in("manager")
    url = f"/technicians/{made_id}/deactivate"
    dialog = client.get(url, hx="dialog").text
    assert "Follower Flo" in dialog
    answer = client.post(url, data={"csrf_token": token(client), "last_day": "2026-01-31"}, hx=True)
    assert answer.status_code == 204
    assert "technician-changed" in answer.headers["HX-Trigger"]
    page = client.get(f"/technicians/{made_id}").text
    assert "Former" in page
    assert "Reactivate" in page
    answer = client.post(url, data={"csrf_token": token(client), "last_day": "2026-02-28"})
    page = client.get(answer.headers["Location"]).text
    client.post(undo_of(page), data={"csrf_token": csrf_of(page)})
    with company.acting():
        assert db.session.get(Technician, (company.tenant_id, made_id)).ends_on == date(2026, 1, 31)  # type: ignore[union-attr]
    client.post(f"/technicians/{made_id}/reactivate", data={"csrf_token": token(client)})
    assert names(client, "/technicians") == ["Follower Flo", "Mike Johnson"]


def test_the_sign_in_can_end_with_the_last_day(company: Company) -> None:
    with company.acting():
        made_id = people.technician().id
        user_id = service.invite(made_id, username="mike", email="mike@example.com").id
    client = company.sign_in()
    url = f"/technicians/{made_id}/deactivate"
    assert "End their sign-in" in client.get(url).text
    client.post(url, data={"csrf_token": token(client), "last_day": "2026-01-31", "end_sign_in": "y"})
    with company.acting():
        assert db.session.get(User, (company.tenant_id, user_id)).active is False  # type: ignore[union-attr]
    assert "End their sign-in" not in company.sign_in("manager").get(url).text


def test_an_invitation_is_sent_from_the_record(company: Company) -> None:
    with company.acting():
        made_id = people.technician(name="Mike Johnson", email="mike@example.com").id
    client = company.sign_in()
    dialog = client.get(f"/technicians/{made_id}/invite", hx="dialog").text
    assert 'value="mike.johnson"' in dialog
    data = {"csrf_token": token(client), "email": "mike@example.com", "username": "mike.johnson"}
    answer = client.post(f"/technicians/{made_id}/invite", data=data, hx=True)
    assert answer.status_code == 204
    page = client.get(f"/technicians/{made_id}").text
    assert "mike.johnson" in page
    assert "Create sign-in" not in page
    assert client.post(f"/technicians/{made_id}/invite", data=data, hx=True).status_code == 422


def test_many_get_a_last_day_or_a_supervisor_at_once_and_back(company: Company) -> None:
    with company.acting():
        boss = people.technician(name="Boss").id
        ids = [people.technician(name=f"Member {n}").id for n in range(3)]
    client = company.sign_in()
    chosen = {"csrf_token": token(client), "ids": [str(i) for i in ids]}
    dialog = client.post("/technicians/bulk/supervisor", data=chosen, hx="dialog").text
    assert "For 3 technicians" in dialog
    answer = client.post(
        "/technicians/bulk/supervisor?sort=name", data={**chosen, "supervisor_id": str(boss)}
    )
    assert answer.headers["Location"] == "/technicians?sort=name"
    page = client.get("/technicians").text
    assert page.count(">Boss</a></td>") == 3
    client.post(undo_of(page), data={"csrf_token": csrf_of(page)})
    with company.acting():
        assert queries.supervisors() == {}
    refused = client.post(
        "/technicians/bulk/supervisor",
        data={**chosen, "ids": [str(boss)], "supervisor_id": str(boss)},
        hx=True,
    )
    assert refused.status_code == 422
    assert "Nobody supervises themselves." in refused.text
    client.post("/technicians/bulk/deactivate?q=member", data={"csrf_token": chosen["csrf_token"], "everything": "1",
                                                               "last_day": "2020-01-31"})  # fmt: skip
    assert names(client, "/technicians") == ["Boss"]
    assert (
        client.post(
            "/technicians/bulk/deactivate", data={"csrf_token": chosen["csrf_token"]}, hx=True
        ).status_code
        == 409
    )


def test_a_forged_undo_does_nothing(company: Company) -> None:
    client = company.sign_in()
    assert client.post("/technicians/undo/forged", data={"csrf_token": token(client)}).status_code == 409


def test_pay_is_shown_to_payroll_and_not_to_dispatch(company: Company) -> None:
    with company.acting():
        made_id = people.technician(base_pay_cents=123_45).id
    for role, sees in (("payroll", True), ("accountant", True), ("dispatcher", False)):
        client = company.sign_in(role)
        for url in (
            "/technicians",
            f"/technicians/{made_id}",
            "/technicians?format=csv&cols=name,base_pay_cents",
        ):
            assert ("123.45" in client.get(url).text) is sees, (role, url)


def test_who_edits_without_seeing_pay_leaves_it_as_it_is(company: Company) -> None:
    with company.acting():
        made_id = people.technician(base_pay_cents=123_45).id
        user = db.session.get(User, (company.tenant_id, company.users["manager"]))
        assert user is not None
        user.narrowed = ["technicians.pay"]
    client = company.sign_in("manager")
    page = client.get(f"/technicians/{made_id}/edit").text
    assert "Base pay" not in page
    client.post(f"/technicians/{made_id}", data={"csrf_token": csrf_of(page), "name": "Renamed", "pay_type": "hourly",
                                                 "color": "#0d9488", "supervisor_id": ""})  # fmt: skip
    with company.acting():
        found = db.session.get(Technician, (company.tenant_id, made_id))
        assert found is not None
        assert (found.name, found.base_pay_cents) == ("Renamed", 123_45)


def test_who_may_not_is_told_so_and_sees_no_button(company: Company) -> None:
    with company.acting():
        made_id = people.technician().id
    client = company.sign_in("dispatcher")
    page = client.get("/technicians").text
    assert "New technician" not in page
    assert client.get("/technicians/new").status_code == 403
    assert client.get(f"/technicians/{made_id}/edit").status_code == 403
    assert company.sign_in("technician").get("/technicians").status_code == 403


def test_another_companys_technician_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = people.technician(name="Foreign Fred").id
    client = company.sign_in()
    given = {"csrf_token": token(client), "last_day": "2026-01-31", "name": "x"}
    for path in ("", "/edit", "/timeline", "/deactivate", "/invite"):
        assert client.get(f"/technicians/{foreign}{path}").status_code == 404, path
    for path in ("", "/deactivate", "/reactivate", "/invite"):
        assert client.post(f"/technicians/{foreign}{path}", data=given).status_code == 404, path
    answer = client.post("/technicians/bulk/deactivate", data={**given, "ids": [str(foreign)]})
    assert answer.status_code == 404
    assert "Foreign" not in client.get("/technicians/options?q=foreign&everybody=1").text


def test_options_answer_what_a_field_needs(company: Company) -> None:
    with company.acting():
        made_id = people.technician(name="Ann Ames", employee_number="T-1").id
        people.technician(name="Ann Old", ends_on=date(2020, 1, 1))
    for role in ("dispatcher", "technician"):
        found = company.sign_in(role).get("/technicians/options?q=ann").json
        assert found == [{"id": made_id, "label": "Ann Ames", "hint": "T-1"}]


def test_panels_of_other_domains_stand_on_the_record(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company.acting():
        made_id = people.technician().id

    def panel(technician_id: int) -> dict[str, object]:
        return {"title": "Sales", "stats": [{"label": "Sold", "value": technician_id * 100, "kind": "money"}],
                "columns": [{"key": "item", "label": "Item"}], "rows": [{"id": 1, "item": "AC tune-up"}]}  # fmt: skip

    monkeypatch.setattr(queries, "TECHNICIAN_PANELS", [panel])
    page = company.sign_in().get(f"/technicians/{made_id}").text
    assert f"${made_id:,}.00" in page
    assert "AC tune-up" in page


def test_the_scorecard_page_takes_its_days_from_the_address(company: Company) -> None:
    with company.acting():
        people.technician(name="Ann Ames")
    client = company.sign_in()
    assert "Ann Ames" in client.get("/technicians/scorecard?from=2026-01-01&to=2026-01-31").text
    assert client.get("/technicians/scorecard?from=2026-05-01&to=2026-01-31").status_code == 200
    assert "<html" not in client.get("/technicians/scorecard", hx="results").text
