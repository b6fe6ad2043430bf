"""Signing in at the browser and over the field API."""

from tests.factories.world import Company


def test_a_manager_signs_in_and_is_known(company: Company) -> None:
    client = company.sign_in("manager")
    answer = client.get("/sign-in")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_partner_signs_in(company: Company) -> None:
    assert company.api("admin").token
