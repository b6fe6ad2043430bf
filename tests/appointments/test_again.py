"""The office sends a customer their link once more, or reads it out."""

import re

from flask.testing import FlaskClient

from tests.factories import appointments as make
from tests.factories import dispatch
from tests.factories.world import Company, csrf_of
from webapp.dispatch import service
from webapp.kit import clock


def test_the_office_tells_a_customer_again_and_makes_a_link_to_copy(
    company: Company, client: FlaskClient
) -> None:
    with clock.at(make.NOW):
        with company.acting():
            job = make.booked(start=make.at(9), crew=(dispatch.technician(),), override_reason="early",
                              window_start=make.at(9), window_end=make.at(11))  # fmt: skip
            make.work()
            before = len(make.messages(job))
        office = company.sign_in("dispatcher")
        page = office.get(f"/jobs/{job.id}").get_data(as_text=True)
        assert f"/appointments/jobs/{job.id}" in page
        dialog = office.get(f"/appointments/jobs/{job.id}").get_data(as_text=True)
        assert "evelyn@example.com and (813) 555-0142" in dialog
        token = {"csrf_token": csrf_of(dialog)}
        for times in (1, 2):  # told as often as the office wants it
            answer = office.post(f"/appointments/jobs/{job.id}/again", data=token)
            assert answer.status_code == 303
            with company.acting():
                assert len(make.messages(job)) == before + 2 * times
        made = office.post(f"/appointments/jobs/{job.id}/link", data=token).get_data(as_text=True)
        link = re.search(r"https?://[^/]+(/v/[\w.-]+)", made)
        assert link
        assert "12 Maple St" in client.get(link[1]).get_data(as_text=True)
        page = office.get(f"/jobs/{job.id}").get_data(as_text=True)
        assert "made a link for the customer" in page
        assert "again" in page


def test_there_is_nothing_to_send_of_a_job_without_a_time_and_nobody_else_may(company: Company) -> None:
    with clock.at(make.NOW):
        with company.acting():
            job = dispatch.job("No time yet", customer_email="evelyn@example.com")
            other = make.booked(start=make.at(9), crew=(dispatch.technician(),), override_reason="early")
            service.cancel(other.id, "sold the house")
        office = company.sign_in("dispatcher")
        token = {"csrf_token": csrf_of(office.get("/jobs").get_data(as_text=True))}
        assert office.post(f"/appointments/jobs/{job.id}/again", data=token).status_code == 409
        assert office.post(f"/appointments/jobs/{other.id}/again", data=token).status_code == 409
        assert office.post("/appointments/jobs/999999/again", data=token).status_code == 404
        assert company.sign_in("technician").get(f"/appointments/jobs/{job.id}").status_code == 403
