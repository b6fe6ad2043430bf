"""Where jobs are: a real geocoder on this machine, its answers kept, its failures in nobody's way."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from tests.factories import dispatch as make
from tests.factories.world import Company
from webapp.dispatch import service as dispatch
from webapp.dispatch.service import geocoding
from webapp.kit import jobs
from webapp.kit.db import db, get
from webapp.kit.tables import Job
from webapp.kit.web import App
from webapp.models import DispatchJob, Geocode

AT = {"lat": "27.951", "lon": "-82.458", "display_name": "9, Elm Street, Tampa"}
ADDRESS = {
    "service_address": "9 Elm St",
    "service_city": "Tampa",
    "service_state": "FL",
    "service_zip": "33602",
}


class Geocoder(HTTPServer):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.status, self.body = 200, json.dumps([AT]).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/search?key=k1"


class Asked(BaseHTTPRequestHandler):
    server: Geocoder

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        assert (asked["format"], asked["limit"], asked["key"]) == (["jsonv2"], ["1"], ["k1"])
        self.server.asked += asked["q"]
        self.server.agents.append(self.headers["User-Agent"])
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *args: Any) -> None:
        """Say nothing: pytest's output is for failures."""


@pytest.fixture
def geocoder(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[Geocoder]:
    server = Geocoder()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(geocoder_url=server.url))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def work(company: Company) -> None:
    with company.app.app_context():
        jobs.drain(jobs.QUICK, company.tenant_id)


def booked(company: Company, **address: str) -> int:
    with company.acting("dispatcher"):
        return make.job("No heat", **(ADDRESS | address)).id


def where(company: Company, number: int) -> tuple[float | None, str]:
    with company.acting("dispatcher"):
        job = get(DispatchJob, number)
        return (None if job.latitude is None else round(float(job.latitude), 3)), job.place_source


def waiting(company: Company) -> int:
    with company.acting():
        mine = select(func.count()).where(Job.tenant_id == company.tenant_id, Job.kind == "dispatch.geocode")
        return db.session.scalar(mine.where(Job.status == "waiting")) or 0


def test_a_job_stands_in_the_middle_of_its_zip_code_until_the_geocoder_says_better(
    company: Company, geocoder: Geocoder
) -> None:
    number = booked(company)
    assert where(company, number)[1] == "zip"
    work(company)
    assert where(company, number) == (27.951, "geocoder")
    assert geocoder.asked == ["9 Elm St, Tampa, FL 33602"]
    assert geocoder.agents[0].startswith("Truckroll (http")
    page = company.sign_in("dispatcher").get(f"/jobs/{number}").get_data(as_text=True)
    assert "found where it is (by its address)" in page


def test_the_same_address_is_asked_for_once_however_it_is_written(
    company: Company, geocoder: Geocoder
) -> None:
    booked(company)
    work(company)
    again = booked(company, service_address="9 ELM STREET")
    assert where(company, again) == (27.951, "geocoder")  # at once, nobody was asked
    assert len(geocoder.asked) == 1
    assert waiting(company) == 0


def test_a_failing_geocoder_is_in_nobodys_way_and_is_asked_again_later(
    company: Company, geocoder: Geocoder
) -> None:
    geocoder.status = 503
    number = booked(company)
    work(company)
    assert where(company, number)[1] == "zip"
    assert waiting(company) == 1  # later
    with company.acting("dispatcher"):
        geocoder.status = 200
        assert geocoding.locate(number)
    assert where(company, number) == (27.951, "geocoder")


@pytest.mark.parametrize(
    "body", [b"<html>", b"{}", b'[{"lat": "x", "lon": "1"}]', b'[{"lat": "200", "lon": "1"}]']
)
def test_an_answer_that_cannot_be_read_leaves_the_zip_code(
    company: Company, geocoder: Geocoder, body: bytes
) -> None:
    geocoder.body = body
    number = booked(company)
    work(company)
    assert where(company, number)[1] == "zip"
    with company.acting():
        assert db.session.scalar(select(func.count()).where(Geocode.tenant_id == company.tenant_id)) == 0


def test_what_it_does_not_know_or_finds_elsewhere_is_kept_as_unknown(
    company: Company, geocoder: Geocoder
) -> None:
    geocoder.body = b"[]"
    unknown = booked(company)
    work(company)
    geocoder.body = json.dumps([AT | {"lat": "47.6", "lon": "-122.3"}]).encode()  # Elm Street, but in Seattle
    elsewhere = booked(company, service_address="10 Elm St")
    work(company)
    booked(company)
    work(company)
    assert len(geocoder.asked) == 2
    assert {where(company, unknown)[1], where(company, elsewhere)[1]} == {"zip"}


def test_an_address_that_is_changed_is_asked_for_again_and_a_place_that_a_person_gave_is_not(
    company: Company, geocoder: Geocoder
) -> None:
    number = booked(company)
    work(company)
    with company.acting("dispatcher"):
        dispatch.update(number, {"service_address": "12 Oak St"})
        assert get(DispatchJob, number).place_source == "zip"
    work(company)
    assert geocoder.asked[-1] == "12 Oak St, Tampa, FL 33602"
    assert where(company, number)[1] == "geocoder"
    with company.acting("dispatcher"):
        dispatch.update(number, {"latitude": 27.9, "longitude": -82.4})
        given = make.job("Given", latitude=27.9, longitude=-82.4, **ADDRESS).id
        vague = make.job("Vague", service_zip="33602").id
    work(company)
    assert len(geocoder.asked) == 2
    assert [where(company, n)[1] for n in (number, given, vague)] == ["person", "person", "zip"]


def test_an_answer_that_comes_too_late_does_not_undo_a_change(company: Company, geocoder: Geocoder) -> None:
    number = booked(company)
    with company.acting("dispatcher"):
        job = get(DispatchJob, number)
        from webapp.dispatch import places

        asked = places.address_hash(job)
        dispatch.update(number, {"service_address": "12 Oak St"})
        assert not geocoding._put(number, asked, (27.951, -82.458))
        assert get(DispatchJob, number).place_source == "zip"


def test_without_a_geocoder_nothing_waits_for_one(company: Company) -> None:
    number = booked(company)
    assert where(company, number)[1] == "zip"
    assert waiting(company) == 0
