"""Technicians are told of jobs: by push that only their browser can read, else by text message."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from tests.factories import dispatch as dispatching
from tests.factories import phone as make
from tests.factories.phone import Day, Phone
from tests.factories.world import Company
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service.placing import Placement
from webapp.kit import clock, jobs
from webapp.kit.db import db, get
from webapp.models import Message, Notice, PushSubscription, Technician


@dataclass(slots=True)
class PushService:
    """A push service on the loopback, and the browser behind it, which alone can read what arrives."""

    url: str = ""
    status: int = 201
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = b"0123456789abcdef"

    def subscription(self) -> dict[str, Any]:
        point = self.private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return {"endpoint": f"{self.url}/send/abc", "keys": {"p256dh": _b64(point), "auth": _b64(self.auth)}}

    def read(self, body: bytes) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(
            http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        )
        return found


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture
def service() -> Iterator[PushService]:
    made = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing: tests ask for the calls."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def day(company: Company) -> Day:
    made = make.furnish(company)
    work_off(company)
    with company.acting("admin"):  # what is told of the jobs above is not what these tests are about
        for row in [*db.session.scalars(select(Message)), *db.session.scalars(select(Notice))]:
            db.session.delete(row)
    return made


@pytest.fixture
def phone(company: Company, day: Day) -> Phone:
    return Phone(company)


def work_off(company: Company) -> None:
    """What is to be told in some seconds is told."""
    with clock.at(clock.now() + timedelta(minutes=1)), company.app.app_context():
        jobs.drain(jobs.QUICK, company.tenant_id)


def texts(company: Company) -> list[str]:
    with company.acting("admin"):
        found = db.session.scalars(select(Message).where(Message.channel == "sms").order_by(Message.id)).all()
        assert all(m.to_address == "+18135550142" for m in found)
        return [m.body for m in found]


def book(company: Company, day: Day, title: str = "No heat") -> int:
    with company.acting("dispatcher"):
        made = dispatching.job(title, start=clock.now() + timedelta(hours=5), crew=(get(Technician, day.technician),),
                               service_address="7 Palm Ave", service_city="Tampa", override_reason="urgent")  # fmt: skip
        return made.id


def test_a_new_job_reaches_the_phone_by_push_and_only_the_phone_can_read_it(
    company: Company, day: Day, phone: Phone, service: PushService
) -> None:
    key = phone.get("/my/phone/push")["key"]
    assert phone.post("/my/phone/push", service.subscription()).status_code == 200
    number = book(company, day)
    work_off(company)
    ((headers, body),) = service.calls
    message = service.read(body)
    assert message["title"] == "New job: No heat"
    assert "7 Palm Ave, Tampa" in message["body"]
    assert message["url"] == f"/my/day/jobs/{number}"
    assert b"heat" not in body
    assert headers["Content-Encoding"] == "aes128gcm"
    assert int(headers["TTL"]) > 0
    # RFC 8292: signed with the key that the browser subscribed with, for this push service alone
    token, public = (
        part.split("=", 1)[1] for part in headers["Authorization"].removeprefix("vapid ").split(", ")
    )
    assert public == key
    point = base64.urlsafe_b64decode(public + "=")
    claims = jwt.decode(token, _verifying(point), algorithms=["ES256"]).claims
    assert claims["aud"] == service.url
    assert clock.unix() < claims["exp"] <= clock.unix() + 24 * 3600
    assert claims["sub"].startswith(("mailto:", "https://"))
    assert texts(company) == []
    with company.acting("admin"):
        assert db.session.scalars(select(Notice.title)).all() == ["New job: No heat"]


def _verifying(point: bytes) -> ECKey:
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return ECKey.import_key(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def test_without_a_subscription_a_text_message_tells(company: Company, day: Day) -> None:
    number = book(company, day)
    work_off(company)
    (text,) = texts(company)
    assert "New job: No heat" in text
    assert f"/my/day/jobs/{number}" in text


def test_a_browser_that_is_gone_is_forgotten_and_a_text_message_tells_instead(
    company: Company, day: Day, phone: Phone, service: PushService
) -> None:
    phone.post("/my/phone/push", service.subscription())
    service.status = 410
    book(company, day)
    work_off(company)
    assert len(service.calls) == 1
    assert len(texts(company)) == 1
    with company.acting("admin"):
        assert db.session.scalars(select(PushSubscription)).all() == []


def test_a_push_service_that_is_down_leaves_the_subscription_and_a_text_message_tells(
    company: Company, day: Day, phone: Phone, service: PushService
) -> None:
    phone.post("/my/phone/push", service.subscription())
    service.status = 503
    book(company, day)
    work_off(company)
    assert len(texts(company)) == 1
    with company.acting("admin"):
        assert db.session.scalars(select(PushSubscription)).one().failed_at is not None
    service.status = 201
    book(company, day, "Second")
    work_off(company)
    assert len(texts(company)) == 1
    with company.acting("admin"):
        assert db.session.scalars(select(PushSubscription)).one().failed_at is None


def test_moves_changes_holds_and_cancellations_are_told_once_each(
    company: Company, day: Day, phone: Phone, service: PushService
) -> None:
    phone.post("/my/phone/push", service.subscription())

    def told() -> list[str]:
        work_off(company)
        found = [service.read(body)["title"] for _, body in service.calls]
        service.calls.clear()
        return found

    number = book(company, day)
    assert told() == ["New job: No heat"]
    with company.acting("dispatcher"):
        visit = reading.visits(number)[0].id
    for hours in (6, 7):  # dragged about: told once
        with company.acting("dispatcher"):
            dispatch.place(
                visit, Placement(starts_at=clock.now() + timedelta(hours=hours), override_reason="late")
            )
    assert told() == ["Job moved: No heat"]
    with company.acting("dispatcher"):
        dispatch.update(number, {"tags": ["vip"]})  # nothing that a technician has to know
        dispatch.update(number, {"description": "Furnace clicks"})
    assert told() == ["Job changed: No heat"]
    with company.acting("dispatcher"):
        dispatch.hold(number, "Part ordered")
    assert told() == ["Job on hold: No heat"]
    with company.acting("dispatcher"):
        dispatch.release(number)
        dispatch.cancel(number, "Sold the house")
    assert told() == ["Job cancelled: No heat"]


def test_a_job_that_goes_to_somebody_else_is_told_to_whom_it_is_taken_from(
    company: Company, day: Day, phone: Phone, service: PushService
) -> None:
    phone.post("/my/phone/push", service.subscription())
    with company.acting("dispatcher"):
        other = dispatching.technician("Oscar Other")
        dispatch.assign(day.second, [other.id], override_reason="nearer")
    work_off(company)
    assert [service.read(body)["title"] for _, body in service.calls] == [
        "Job taken off your day: Water heater leaks"
    ]


def test_nobody_is_told_of_what_they_did_themselves_nor_of_what_was_undone_at_once(
    company: Company, day: Day, phone: Phone, service: PushService
) -> None:
    phone.post("/my/phone/push", service.subscription())
    phone.send("status", phone.job(day.first), status="acknowledged", seen="dispatched")
    number = book(company, day)
    with company.acting("dispatcher"):
        dispatch.unassign(number)
    work_off(company)
    assert service.calls == []


def test_an_address_that_is_no_push_service_is_refused(
    company: Company, phone: Phone, service: PushService
) -> None:
    good = service.subscription()
    for endpoint in (
        "http://10.0.0.7/push",
        "https://192.168.1.1/push",
        "ftp://example.com/x",
        "https://[::1]/x",
    ):
        answer = phone.post("/my/phone/push", good | {"endpoint": endpoint})
        assert answer.status_code == 422, endpoint
    answer = phone.post("/my/phone/push", good | {"keys": {"p256dh": "AAAA", "auth": good["keys"]["auth"]}})
    assert answer.status_code == 422
    with company.acting("admin"):
        assert db.session.scalars(select(PushSubscription)).all() == []


def test_a_phone_that_does_not_want_to_be_told_any_more_is_forgotten(
    company: Company, day: Day, phone: Phone, service: PushService
) -> None:
    phone.post("/my/phone/push", service.subscription())
    phone.post("/my/phone/push", service.subscription())  # again: the same one
    with company.acting("admin"):
        row = db.session.scalars(select(PushSubscription)).one()
        assert service.url.encode() not in row.sealed
    page = company.sign_in("dispatcher").get(f"/technicians/{day.technician}").text
    assert "by push on 1 phone" in page
    assert phone.post(
        "/my/phone/push/forget", {"endpoint": service.subscription()["endpoint"]}
    ).get_json() == {"forgotten": True}
    book(company, day)
    work_off(company)
    assert service.calls == []
