"""The pages of skills, as a browser sees them."""

import csv
import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories import fleet, people
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.fleet import queries
from webapp.fleet.queries import skilled
from webapp.fleet.rules.skills import SkillHeld

HOME, LIST = "/technician-skills", "/technician-skills/certificates"


def token(client: FlaskClient) -> str:
    return csrf_of(client.get(HOME).text)


def undo_of(text: str) -> str:
    found = re.search(r'action="(/technician-skills/undo/[^"]*)"', text) or re.search(
        r'"undo_url": "([^"]*)"', text
    )
    assert found, "no undo in the toast"
    return found[1].replace("&amp;", "&")


def cells(page: str) -> dict[str, str]:
    """What the matrix says of each cell: words for who listens → the level shown."""
    found = re.findall(r'class="tr-rate"[^>]*title="([^"]*)"[^>]*>\s*([^<\s]+)', page)
    return dict(found)


def level_of(company: Company, technician_id: int, skill_id: int) -> SkillHeld | None:
    with company.acting():
        return queries.skills_of([technician_id])[technician_id].get(skill_id)


def rows(client: FlaskClient, url: str) -> list[str]:
    text = client.get(f"{url}{'&' if '?' in url else '?'}format=csv&cols=technician,skill").text
    return [f"{r[0]}: {r[2]}" for r in list(csv.reader(io.StringIO(text)))[1:]]


def test_an_empty_matrix_says_what_to_do(company: Company) -> None:
    client = company.sign_in()
    assert "No skills yet" in client.get(HOME).text
    with company.acting():
        fleet.skill()
    assert "No technicians yet" in client.get(HOME).text
    assert "Nobody has a skill yet" in client.get(LIST).text


def test_the_matrix_shows_levels_and_says_what_expires(company: Company) -> None:
    with company.acting():
        today = skilled.today()
        mike, ana = people.technician(name="Mike"), people.technician(name="Ana")
        epa, gas = fleet.skill("EPA 608"), fleet.skill("Gas")
        fleet.held(mike, epa, 4, expires_on=today + timedelta(days=20), certificate="A-1")
        fleet.held(ana, gas, 2, expires_on=today - timedelta(days=2))
    client = company.sign_in()
    page = client.get(HOME).text
    assert cells(page) == {
        "Ana, EPA 608: not set": "–", "Ana, Gas: level 2, learning; expired 2 days ago": "2",
        "Mike, EPA 608: level 4, experienced; expires in 20 days; certificate A-1": "4", "Mike, Gas: not set": "–",
    }  # fmt: skip
    said = re.sub(r"<[^>]+>", "", page)
    assert "Certificates to renew: 1 expired and 1 expires within 60 days." in said
    assert list(cells(client.get(f"{HOME}?q=mik", hx="matrix").text)) == [
        "Mike, EPA 608: level 4, experienced; expires in 20 days; certificate A-1", "Mike, Gas: not set"]  # fmt: skip
    assert list(cells(client.get(f"{HOME}?skill={gas.id}").text)) == [
        "Ana, Gas: level 2, learning; expired 2 days ago", "Mike, Gas: not set"]  # fmt: skip
    assert "Nothing matches" in client.get(f"{HOME}?q=zzz").text


def test_the_matrix_costs_the_same_queries_however_large(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        fleet.held(expires_on=date(2027, 1, 1))
    client.get(HOME)
    with counted() as few:
        client.get(HOME)
    with company.acting():
        made = [fleet.skill() for _ in range(8)]
        for _ in range(10):
            mike = people.technician()
            for skill in made:
                fleet.held(mike, skill, expires_on=date(2027, 1, 1))
    with counted() as many:
        client.get(HOME)
    assert len(many) == len(few) <= 13, many


def test_a_cell_is_set_changed_removed_and_each_is_undone_from_the_toast(company: Company) -> None:
    with company.acting():
        mike, epa = people.technician(name="Mike").id, fleet.skill("EPA 608").id
    client = company.sign_in("manager")
    at = f"?technician={mike}&skill={epa}"
    data: dict[str, Any] = {
        "csrf_token": token(client),
        "level": "4",
        "expires_on": "2027-03-01",
        "certificate": "A-1",
    }
    assert 'name="level" value="5"' in client.get(f"{HOME}/edit{at}", hx="dialog").text
    answer = client.post(f"{HOME}/edit{at}", data=data, hx=True)
    assert (answer.status_code, "skills-changed" in answer.headers["HX-Trigger"]) == (204, True)
    assert level_of(company, mike, epa) == SkillHeld(4, date(2027, 3, 1))
    client.post(undo_of(answer.headers["HX-Trigger"]), data=data)
    assert level_of(company, mike, epa) is None
    client.post(f"{HOME}/edit{at}", data=data)
    answer = client.post(f"{HOME}/edit{at}", data={**data, "level": "2", "expires_on": ""}, hx=True)
    assert level_of(company, mike, epa) == SkillHeld(2, None)
    client.post(undo_of(answer.headers["HX-Trigger"]), data=data)
    assert level_of(company, mike, epa) == SkillHeld(4, date(2027, 3, 1))
    answer = client.post(f"{HOME}/remove{at}", data=data, hx=True)
    assert level_of(company, mike, epa) is None
    client.post(undo_of(answer.headers["HX-Trigger"]), data=data)
    assert level_of(company, mike, epa) == SkillHeld(4, date(2027, 3, 1))
    assert client.post(f"{HOME}/undo/nonsense", data=data).status_code == 409


@pytest.mark.parametrize(("change", "words"), [
    ({"level": "0"}, "Not a valid choice"), ({"level": "6"}, "Not a valid choice"), ({"level": ""}, "Choose a level"),
    ({"expires_on": "soon"}, "Write a day like"), ({"certificate": "x" * 81}, "at most 80"),
])  # fmt: skip
def test_what_is_wrong_comes_back_in_the_dialog(company: Company, change: dict[str, str], words: str) -> None:
    with company.acting():
        mike, epa = people.technician().id, fleet.skill().id
    client = company.sign_in()
    data = {"csrf_token": token(client), "level": "3"} | change
    answer = client.post(f"{HOME}/edit?technician={mike}&skill={epa}", data=data, hx=True)
    assert answer.status_code == 422
    assert words in answer.text
    assert level_of(company, mike, epa) is None


def test_a_dialog_opened_from_the_list_leads_back_to_it(company: Company) -> None:
    with company.acting():
        held = fleet.held(certificate="A")
        at = f"?technician={held.technician_id}&skill={held.skill_id}"
    client = company.sign_in()
    here = f"{LIST}?state=all&q=x"
    form = client.get(
        f"{HOME}/edit{at}&next={here.replace('&', '%26').replace('?', '%3F')}", hx="dialog"
    ).text
    action = re.findall(r'<form[^>]*action="([^"]*)"', form)[0].replace("&amp;", "&")
    answer = client.post(action, data={"csrf_token": token(client), "level": "5"}, hx=True)
    assert answer.headers["HX-Redirect"] == here


def test_certificates_are_filtered_sorted_and_exported(company: Company) -> None:
    with company.acting():
        today = skilled.today()
        mike, ana = people.technician(name="Mike", employee_number="T-1"), people.technician(name="Ana")
        epa, gas = fleet.skill("EPA 608"), fleet.skill("Gas")
        fleet.held(mike, epa, 4, expires_on=today + timedelta(days=40), certificate="=A-1")
        fleet.held(ana, epa, 5, expires_on=today - timedelta(days=1))
        fleet.held(mike, gas, 2)
    client = company.sign_in()
    assert rows(client, LIST) == [
        "Ana: EPA 608",
        "Mike: EPA 608",
    ]  # what expires first; no certificate is none
    assert rows(client, f"{LIST}?state=expired") == ["Ana: EPA 608"]
    assert rows(client, f"{LIST}?state=expiring") == ["Mike: EPA 608"]
    assert rows(client, f"{LIST}?state=all&sort=technician") == ["Ana: EPA 608", "Mike: EPA 608", "Mike: Gas"]
    assert rows(client, f"{LIST}?state=all&level=2&level=5&sort=level") == ["Ana: EPA 608", "Mike: Gas"]
    assert rows(client, f"{LIST}?state=all&skill={gas.id}") == ["Mike: Gas"]
    assert rows(client, f"{LIST}?q=mike&technician={mike.id}") == ["Mike: EPA 608"]
    page = client.get(LIST).text
    assert "Expired yesterday" in page
    assert "Expires in 40 days" in page
    whole = list(
        csv.reader(
            io.StringIO(client.get(f"{LIST}?state=all&format=csv&q=epa&sort=technician&dir=desc").text)
        )
    )
    assert whole[1] == ["Mike", "T-1", "EPA 608", "4", str(today + timedelta(days=40)), "Expiring", "'=A-1"]


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        fleet.held(certificate="A")
    client.get(LIST)
    with counted() as few:
        client.get(f"{LIST}?q=tech")
    with company.acting():
        for _ in range(25):
            fleet.held(certificate="A", expires_on=date(2027, 1, 1))
    with counted() as many:
        client.get(f"{LIST}?q=tech")
    assert len(many) == len(few) <= 13, many


def test_several_get_one_expiry_or_are_removed_and_given_back(company: Company) -> None:
    with company.acting():
        ids = [str(fleet.held(certificate="A").id) for _ in range(3)]
    client = company.sign_in()
    chosen: dict[str, Any] = {"csrf_token": token(client), "ids": ids}
    assert "For 3 certificates" in client.post(f"{HOME}/bulk/expiry", data=chosen, hx="dialog").text
    assert client.post(f"{HOME}/bulk/expiry", data={**chosen, "expires_on": "x"}, hx=True).status_code == 422
    client.post(f"{HOME}/bulk/expiry", data={**chosen, "expires_on": "2030-01-31"})
    assert client.get(LIST).text.count("Jan 31, 2030") >= 3
    client.post(f"{HOME}/bulk/remove", data=chosen)
    page = client.get(LIST).text
    assert "3 skills removed." in page
    assert rows(client, f"{LIST}?state=all") == []
    client.post(undo_of(page), data=chosen)
    assert len(rows(client, f"{LIST}?state=all")) == 3


def test_the_catalogue_is_kept(company: Company) -> None:
    client = company.sign_in()
    data = {"csrf_token": token(client), "name": "EPA 608", "certified": "y"}
    answer = client.post(f"{HOME}/skills/new", data=data, hx=True)
    assert (answer.status_code, "skills-changed" in answer.headers["HX-Trigger"]) == (204, True)
    taken = client.post(f"{HOME}/skills/new", data=data, hx=True)
    assert taken.status_code == 422
    assert "There is a skill EPA 608 already." in taken.text
    with company.acting():
        ((epa, _),) = queries.skills()
        fleet.held(skilled=None, technician=None)
    client.post(f"{HOME}/skills/{epa}/edit", data={**data, "name": "EPA 609"})
    assert "EPA 609" in client.get(f"{HOME}/skills").text
    client.post(f"{HOME}/skills/{epa}/archive", data=data)
    page = client.get(f"{HOME}/skills").text
    assert "Archived" in page
    assert "EPA 609 was archived." in page


def test_a_skill_is_given_from_the_list(company: Company) -> None:
    with company.acting():
        mike, epa = people.technician(name="Mike").id, fleet.skill("EPA 608").id
    client = company.sign_in()
    data: dict[str, Any] = {
        "csrf_token": token(client),
        "technician_id": str(mike),
        "skill_id": str(epa),
        "level": "4",
    }
    assert client.post(f"{HOME}/new", data=data, hx=True).status_code == 204
    again = client.post(f"{HOME}/new", data=data, hx=True)
    assert "Mike has the skill EPA 608 already; change that." in again.text
    assert client.post(f"{HOME}/new", data={**data, "technician_id": ""}, hx=True).status_code == 422


def test_a_dispatcher_sees_levels_without_links_to_change_them(company: Company) -> None:
    with company.acting():
        held = fleet.held(level=4)
        at = f"?technician={held.technician_id}&skill={held.skill_id}"
    client = company.sign_in("dispatcher")
    page = client.get(HOME).text
    assert "level 4, experienced" in page
    assert f"{HOME}/edit" not in page
    assert client.get(f"{HOME}/edit{at}").status_code == 403
    assert (
        client.post(f"{HOME}/edit{at}", data={"csrf_token": token(client), "level": "1"}).status_code == 403
    )
    assert company.sign_in("accountant").get(HOME).status_code == 403


def test_another_companys_cell_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        held = fleet.held()
        theirs = (held.technician_id, held.skill_id)
    with company.acting():
        own = (people.technician().id, fleet.skill().id)
    client = company.sign_in()
    data = {"csrf_token": token(client), "level": "1"}
    for technician, skill in ((theirs[0], own[1]), (own[0], theirs[1]), theirs):
        at = f"?technician={technician}&skill={skill}"
        assert client.get(f"{HOME}/edit{at}").status_code == 404
        assert client.post(f"{HOME}/edit{at}", data=data).status_code == 404
        assert client.post(f"{HOME}/remove{at}", data=data).status_code == 404
    assert client.get(f"{HOME}/edit?technician=x&skill=1").status_code == 400
    assert client.get(f"{HOME}/edit").status_code == 303
