"""A customer's links: what they show, what may be done there, and when they end."""

import io
import re
import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.factories import appointments as make
from tests.factories import dispatch
from tests.factories.phone import picture
from tests.factories.world import Company, csrf_of
from webapp.accounts.queries import organization
from webapp.appointments.rules import moving as rules
from webapp.appointments.rules import tracking
from webapp.appointments.service import configuring, links, moving, summary, telling
from webapp.customers import service as customers
from webapp.dispatch import service
from webapp.kit import clock, crypto, errors, files
from webapp.kit.db import add, db, get
from webapp.kit.tables import AuditEntry, DirectoryEntry
from webapp.models import (
    ContactChoice,
    DispatchJob,
    DispatchProfile,
    Holiday,
    JobFile,
    JobMaterial,
    JobNote,
    TechnicianPosition,
    VisitLink,
    VisitRequest,
)

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def post(client: FlaskClient, path: str, **fields: str) -> object:
    token = csrf_of(
        client.get(path.rsplit("/", 1)[0] if path.count("/") > 2 else path).get_data(as_text=True)
    )
    return client.post(path, data={"csrf_token": token, **fields})


@pytest.fixture
def tomorrow_week(company: Company) -> tuple[DispatchJob, str]:
    """A visit in three days with a technician who has shifts, and its link."""
    with clock.at(make.NOW), company.acting():
        tina = dispatch.technician()
        for weekday in range(5):
            dispatch.shift(tina, weekday=weekday)
        job = make.booked(crew=(tina,), window_start=make.at(9), window_end=make.at(11))
        return job, make.url(job)


def test_a_link_shows_the_visit_and_confirms_it(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW):
        page = client.get(url)
        text = page.get_data(as_text=True)
        assert "Friday, November 27, 9:00–11:00 AM" in text
        assert "12 Maple St, Tampa 33606" in text
        assert "Tina comes to you" in text
        assert page.headers["Referrer-Policy"] == "same-origin", "the address is the key"
        with company.acting():
            assert get(DispatchJob, job.id).confirmed_at is None, "opening changes nothing"
        assert post(client, f"{url}/confirm").status_code == 303  # type: ignore[attr-defined]
        assert "You are confirmed" in client.get(url).get_data(as_text=True)
    with company.acting():
        assert get(DispatchJob, job.id).confirmed_at == make.NOW
        said = db.session.query(AuditEntry).filter_by(action="dispatch.confirmed").one()
        assert (said.actor_name, said.source) == ("Evelyn Harper", "customer")


def test_a_link_says_nothing_else_of_the_company(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW):
        with company.acting():
            add(JobNote(job_id=job.id, body="Watch out, he argues about the price", written_at=clock.now()))
            make.booked("Somebody else’s furnace", start=make.at(13), customer_name="Noah Other")
            get(DispatchJob, job.id).price_cents = 123456
        text = client.get(url).get_data(as_text=True) + client.get(f"{url}/move").get_data(as_text=True)
    for secret in ("argues", "furnace", "Noah", "Torres", "1,234", "sign-out"):
        assert secret not in text, secret


def test_the_link_of_a_customer_ends_when_the_job_is_given_to_another(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW):
        with company.acting():
            service.update(job.id, {"customer_name": "Evelyn Harper-Jones"})
        assert client.get(url).status_code == 200, "the same person, spelt otherwise"
        with company.acting():
            service.update(job.id, {"customer_name": "Noah Other", "customer_phone": "813-555-0199"})
        answer = client.get(url)
        assert answer.status_code == 404
        assert "Noah" not in answer.get_data(as_text=True)
        with company.acting():
            fresh = make.url(job)
        assert client.get(fresh).status_code == 200


def test_holidays_are_not_offered_to_customers_and_marked_where_the_office_books(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    _, url = tomorrow_week
    with clock.at(make.NOW):
        with company.acting():
            before = moving.offers(links.enter(url.removeprefix("/v/")).found)
            day = before[0].window_start.astimezone(ZoneInfo(organization().time_zone)).date()
            add(Holiday(on_date=day, name="Founders Day"))
            after = moving.offers(links.enter(url.removeprefix("/v/")).found)
            assert after, "other days are"
            assert len(after) == len(before)
            assert all(
                o.window_start.astimezone(ZoneInfo(organization().time_zone)).date() != day for o in after
            )


def test_a_time_that_was_offered_cannot_be_taken_when_the_notice_has_run_out(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW), company.acting():
        found = links.enter(url.removeprefix("/v/")).found
        first = moving.offers(found)[0]
        slot = moving.slot(found, first)
    with company.acting():
        configuring.set_terms(rules.Terms(notice_hours=24), 15)
    with clock.at(first.starts_at - timedelta(hours=23, minutes=30)):
        with company.acting():
            slot = moving.slot(found, first)  # offered a moment ago, when it was still far enough
        page = client.get(url).get_data(as_text=True)
        answer = client.post(f"{url}/move", data={"csrf_token": csrf_of(page), "slot": slot})
    assert answer.status_code == 409
    assert "too near by now" in answer.get_data(as_text=True)
    with company.acting():
        assert get(DispatchJob, job.id).scheduled_start == make.at(9)


@pytest.mark.parametrize("spoil", ["nonsense", "cut", "changed", "other purpose", "ended"])
def test_a_link_that_is_none_says_so_and_no_more(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str], spoil: str
) -> None:
    _, url = tomorrow_week
    with clock.at(make.NOW):
        if spoil == "ended":
            with company.acting():
                db.session.query(VisitLink).one().ends_at = make.NOW
        path = {"nonsense": "/v/nonsense", "cut": url[:-3], "changed": url[:-1] + ("A" if url[-1] != "A" else "B"),
                "other purpose": f"{url}/summary.pdf"}.get(spoil, url)  # fmt: skip
        answer = client.get(path)
    assert answer.status_code == 404
    text = answer.get_data(as_text=True)
    assert "no longer in use" in text
    if spoil in ("ended", "other purpose"):
        assert "Go to the start page" not in text, "a customer has no account to sign in to"
        assert "This link has ended" in text


def test_only_the_hash_of_a_token_is_kept(company: Company, tomorrow_week: tuple[DispatchJob, str]) -> None:
    _, url = tomorrow_week
    with company.acting():
        kept = db.session.query(VisitLink).one()
        assert kept.token_hash == links.hashed(url.removeprefix("/v/"))
        assert url.removeprefix("/v/").encode() not in bytes(kept.token_hash)


def test_a_link_is_short_enough_that_a_usual_text_is_one_part(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        seen = set()
        for _ in range(20):
            token = make.url(job).removeprefix("/v/")
            assert re.fullmatch(r"[0-9A-Za-z]{22}", token)
            seen.add(token)
        assert len(seen) == 20
        assert len(links.address(links.EXAMPLE)) == len(links.make(make.visit(job).id, "visit", None)), (
            "what previews count"
        )
        assert links.tenant_of(links.EXAMPLE) is None
        telling.tell(make.visit(job).id, "booked")
        text = next(m for m in make.messages(job) if m.channel == "sms").body
        assert len(text.replace("http://localhost", "https://gulf-breeze.example")) <= 160, text


def test_a_token_that_is_nearly_right_finds_no_company_and_the_directory_holds_its_hash_only(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    _, url = tomorrow_week
    token = url.removeprefix("/v/")
    with clock.at(make.NOW), company.acting():
        assert links.tenant_of(token) == company.tenant_id
        for near in (token.swapcase(), token[::-1], token[:-1], token + "0", f" {token[1:]}", "é" * 22, ""):
            assert links.tenant_of(near) is None, near
        row = db.session.query(DirectoryEntry).filter_by(kind="visit-link", tenant_id=company.tenant_id).one()
        assert token.encode() not in bytes(row.lookup_hash)
        assert bytes(row.lookup_hash) != links.hashed(token)
    with clock.at(make.NOW):
        text = client.get(f"/v/{token.swapcase()}").get_data(as_text=True)
    assert "no longer in use" in text


def test_a_long_link_of_before_still_opens_its_visit(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, _ = tomorrow_week
    with clock.at(make.NOW):
        with company.acting():
            token = crypto.sign(links.PURPOSE, [company.tenant_id.hex, "x" * 20])
            add(
                VisitLink(
                    visit_id=make.visit(job).id,
                    purpose="visit",
                    token_hash=links.hashed(token),
                    created_at=make.NOW,
                )
            )
        assert len(token) > 100
        assert "12 Maple St" in client.get(f"/v/{token}").get_data(as_text=True)
        forged = token[:-1] + ("A" if token[-1] != "A" else "B")
        assert client.get(f"/v/{forged}").status_code == 404


def test_a_link_of_one_company_never_opens_anything_of_another(
    company: Company, other_company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    _, url = tomorrow_week
    with clock.at(make.NOW), other_company.acting(), pytest.raises(errors.NotFound):
        links.enter(url.removeprefix("/v/"))


# Moving -------------------------------------------------------------------------------------------------------------


def slots(page: str) -> list[str]:
    return re.findall(r'name="slot" value="([^"]+)"', page)


def test_a_customer_moves_the_visit_into_a_free_time(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW):
        page = client.get(f"{url}/move").get_data(as_text=True)
        free = slots(page)
        assert len(free) >= 3
        assert "Wednesday" in page
        assert "Friday, November 27, 9:00–11:00 AM" in page, "where it is now"
        answer = client.post(f"{url}/move", data={"csrf_token": csrf_of(page), "slot": free[0]})
        assert answer.status_code == 303
        text = client.get(url).get_data(as_text=True)
        assert "You are confirmed" in text
        assert "Friday, November 27" not in text
        with company.acting():
            moved = get(DispatchJob, job.id)
            assert moved.scheduled_start != make.at(9)
            assert moved.window_start is not None
            assert moved.window_start <= moved.scheduled_start < moved.window_end
            assert db.session.query(VisitRequest).one().kind == "move"
            assert [m.template for m in make.messages(job)] == ["appointments.booked"] * 2 or make.messages(
                job
            )
    history = company.sign_in("dispatcher").get(f"/jobs/{job.id}").get_data(as_text=True)
    assert "chose another time" in history
    assert re.search(r"Truckroll\s*</\w+>\s*told the customer at", history)


def test_a_time_taken_meanwhile_is_refused_with_those_that_are_free(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW):
        page = client.get(f"{url}/move").get_data(as_text=True)
        with company.acting():
            found = links.enter(url.removeprefix("/v/")).found
            first = moving.offers(found)[0]
            other = make.booked("Urgent", start=first.starts_at, crew=(), customer_name="Noah")
            service.place(
                make.visit(other).id,
                service.Placement(technician_ids=(first.technician_id,), override_reason="Urgent"),
            )
        answer = client.post(f"{url}/move", data={"csrf_token": csrf_of(page), "slot": slots(page)[0]})
        assert answer.status_code == 409
        assert "has just been taken" in answer.get_data(as_text=True)
        assert slots(answer.get_data(as_text=True))
    with company.acting():
        assert get(DispatchJob, job.id).scheduled_start == make.at(9), "nothing half done"
        assert db.session.query(VisitRequest).count() == 0


@pytest.mark.parametrize("slot", ["", "nonsense", "of another visit"])
def test_no_other_time_than_an_offered_one_can_be_taken(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str], slot: str
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW):
        if slot == "of another visit":
            with company.acting():
                other = make.booked("Other", start=make.at(15), crew=())
                found = links.enter(make.url(other).removeprefix("/v/")).found
                slot = moving.slot(found, moving.offers(links.enter(url.removeprefix("/v/")).found)[0])
        page = client.get(f"{url}/move").get_data(as_text=True)
        answer = client.post(f"{url}/move", data={"csrf_token": csrf_of(page), "slot": slot})
    assert answer.status_code == 409
    with company.acting():
        assert get(DispatchJob, job.id).scheduled_start == make.at(9)


def test_too_near_to_the_visit_the_customer_is_asked_to_call(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    _, url = tomorrow_week
    with clock.at(make.at(10, days=2)):
        text = client.get(url).get_data(as_text=True)
        assert "less than 24 hours" in text
        assert "/move" not in text
        assert client.get(f"{url}/move").status_code == 409
    with company.acting():
        configuring.set_terms(rules.Terms(notice_hours=2), 15)
    with clock.at(make.at(10, days=2)):
        assert client.get(f"{url}/move").status_code == 200


@pytest.mark.parametrize(("change", "what"), [
    ({"moves": 2}, "moved before"), ({"crew": 2}, "Several technicians"), ({"held": True}, ""), ({"status": "en_route"}, ""),
    ({"asked_to_cancel": True}, ""), ({"terms": rules.Terms(may_move=False)}, "Please call"),
])  # fmt: skip
def test_when_a_visit_cannot_be_moved_by_the_customer(change: dict[str, object], what: str) -> None:
    plain: dict[str, object] = {"status": "dispatched", "terms": rules.Terms(), "held": False, "moves": 0, "confirmed": False,
                                "asked_to_cancel": False, "crew": 1}  # fmt: skip
    given = plain | change
    status, terms = given.pop("status"), given.pop("terms")
    may = rules.allowed(status, make.at(9), make.NOW, terms, **given)  # type: ignore[arg-type]
    assert not may.move
    assert what in may.why_not
    free = rules.allowed("dispatched", make.at(9), make.NOW, rules.Terms(), held=False, moves=1, confirmed=False,
                         asked_to_cancel=False)  # fmt: skip
    assert free.move


# Cancelling ---------------------------------------------------------------------------------------------------------


def test_a_wish_to_cancel_waits_for_the_office(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    job, url = tomorrow_week
    with clock.at(make.NOW):
        answer = post(client, f"{url}/cancel", note="We are travelling")
        assert answer.status_code == 303  # type: ignore[attr-defined]
        assert "You asked to cancel" in client.get(url).get_data(as_text=True)
        assert client.get(f"{url}/cancel").status_code == 409, "once is enough"
        with company.acting():
            assert get(DispatchJob, job.id).status == "dispatched"
            request = db.session.query(VisitRequest).one()
        with company.acting("dispatcher"):
            moving.decide(request.id, cancel=True)
            assert get(DispatchJob, job.id).status == "cancelled"
            with pytest.raises(errors.Conflict):
                moving.decide(request.id, cancel=False)
        assert "Your appointment is cancelled" in client.get(url).get_data(as_text=True)


def test_a_customer_chooses_how_to_be_told(company: Company, client: FlaskClient) -> None:
    with clock.at(make.NOW):
        with company.acting():
            who = customers.create({"name": "Evelyn Harper"})
            job = make.booked(crew=(dispatch.technician(),), customer_id=who.id)
            url = make.url(job)
        assert post(client, f"{url}/contact", email="1").status_code == 303  # type: ignore[attr-defined]
        with company.acting():
            chosen = db.session.query(ContactChoice).one()
            assert (chosen.customer_id, chosen.email, chosen.sms) == (who.id, True, False)


# On the way ---------------------------------------------------------------------------------------------------------


def on_the_way(company: Company) -> tuple[DispatchJob, str, int]:
    with company.acting():
        tina = dispatch.technician()
        job = make.booked(start=make.at(11, days=0), crew=(tina,))
        add(TechnicianPosition(tenant_id=job.tenant_id, technician_id=tina.id, latitude=float(job.latitude) + 0.05,
                               longitude=job.longitude, seen_at=clock.now()))  # fmt: skip
        make.steps(job, "acknowledged", "en_route")
        make.work()
        return job, make.link_in(make.messages(job)[0]), tina.id


def test_the_way_is_shown_while_it_lasts_and_the_link_dies_on_arrival(
    company: Company, client: FlaskClient
) -> None:
    with clock.at(make.NOW):
        job, url, _ = on_the_way(company)
        text = client.get(url).get_data(as_text=True)
        assert "Tina is on the way" in text
        assert "About 10 minutes" in text
        assert "3.5 miles away, in the north" in text
        part = client.get(url, hx="way").get_data(as_text=True)  # type: ignore[call-arg]
        assert part.strip().startswith("<section")
        assert "27.9" not in text, "no coordinates"
        with company.acting():
            make.steps(job, "on_site")
        assert client.get(url).status_code == 404
        part = client.get(url, hx="way")  # type: ignore[call-arg]  # the page that is open asks once more
        assert "Here we are" in part.get_data(as_text=True)
        assert "hx-trigger" not in part.get_data(as_text=True), "and then no more"
        with company.acting():
            service.report(make.visit(job).id, service.Report(status="en_route", reason="Wrong house"))
        assert client.get(url).status_code == 404, "dead is dead"


@pytest.mark.parametrize("why", ["old", "before setting off", "somebody else’s"])
def test_no_position_is_shown_that_is_not_of_this_drive(
    company: Company, client: FlaskClient, why: str
) -> None:
    with clock.at(make.NOW):
        job, url, tina = on_the_way(company)
        if why == "old":
            clock.advance(timedelta(minutes=16))
        with company.acting():
            seen = db.session.get_one(TechnicianPosition, (job.tenant_id, tina))
            if why == "before setting off":
                seen.seen_at = make.NOW - timedelta(minutes=1)
            if why == "somebody else’s":
                seen.technician_id = dispatch.technician("Vic").id
        text = client.get(url).get_data(as_text=True)
    assert "cannot be seen at the moment" in text
    assert "<svg viewBox" not in text


@pytest.mark.parametrize(("known", "said"), [
    ("last stop", "About 10 minutes"), ("start of the day", "About 10 minutes"), ("a stop of yesterday", ""),
    ("somebody else’s stop", ""), ("a stop nobody knows the place of", ""), ("nothing", ""),
])  # fmt: skip
def test_without_a_position_the_arrival_is_estimated_from_where_the_technician_set_off(
    company: Company, client: FlaskClient, known: str, said: str
) -> None:
    with clock.at(make.at(9, days=0)), company.acting():
        tina, vic = dispatch.technician(), dispatch.technician("Vic")
        job = make.booked(start=make.at(11, days=0), crew=(tina,))
        if known == "start of the day":
            add(DispatchProfile(tenant_id=job.tenant_id, technician_id=tina.id, latitude=float(job.latitude) + 0.05,
                                longitude=job.longitude))  # fmt: skip
        elif known != "nothing":
            before = make.booked("Before", start=make.at(9, days=-1 if "yesterday" in known else 0),
                                 crew=(vic if "else" in known else tina,))  # fmt: skip
            with clock.at(make.at(9, days=-1 if "yesterday" in known else 0)):
                make.steps(before, "on_site", "in_progress", "completed")
            stop = get(DispatchJob, before.id)
            stop.latitude, stop.longitude = float(job.latitude) + 0.05, job.longitude
            if "nobody knows" in known:
                stop.latitude = stop.longitude = None
    with clock.at(make.at(11, 5, days=0)):  # the planned start is over: the plan alone says nothing any more
        with company.acting():
            make.steps(job, "acknowledged", "en_route")
            url = make.url(job, "track")
            make.work()
            mail = make.messages(job)[-2].body
        text = client.get(url).get_data(as_text=True)
        assert "<svg viewBox" not in text
        assert "cannot be seen at the moment" in text
        if not said:
            assert "<strong>Soon</strong>" in text
            assert "estimate" not in text
            assert "arrives in a short while" in mail
            return
        assert f"<strong>{said}</strong>" in text
        assert "The time is an estimate, from where Tina set off." in text
        assert "arrives in about 10 minutes" in mail
        clock.advance(timedelta(minutes=7))
        assert "<strong>A few minutes</strong>" in client.get(url).get_data(as_text=True)
        clock.advance(timedelta(minutes=30))
        assert "<strong>Soon</strong>" in client.get(url).get_data(as_text=True), (
            "a drive so late is nobody's guess"
        )


def test_a_company_can_switch_the_way_off(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        organization().settings = {**organization().settings, "dispatch": {"tracking": False}}
        job = make.booked(start=make.at(11, days=0), crew=(dispatch.technician(),))
        make.steps(job, "acknowledged", "en_route")
        assert make.work() == ["on_the_way"]
        assert db.session.query(VisitLink).count() == 0
        assert "/v/" not in make.messages(job)[0].body


def test_a_sketch_lies_within_its_frame_and_names_the_direction() -> None:
    home = (27.94, -82.46)
    for away in (0.0, 0.001, 0.05, 0.4, 3.0):
        drawn = tracking.sketch((home[0] + away, home[1] + away), home)
        assert all(0 <= n <= tracking.SIZE for n in drawn.seen)
        assert all(r <= tracking.SIZE / 2 for r, _ in drawn.rings)
    assert tracking.sketch((27.99, -82.46), home).direction == "north"
    assert tracking.sketch((27.94, -82.56), home).direction == "west"


# Afterwards ---------------------------------------------------------------------------------------------------------


def test_the_summary_shows_what_is_meant_for_the_customer(company: Company, client: FlaskClient) -> None:
    with clock.at(make.NOW):
        with company.acting():
            job = make.booked(start=make.at(11, days=0), crew=(dispatch.technician(),))
            make.steps(job, "on_site", "in_progress")
            for kind, public, caption in (
                ("photo", True, "New capacitor"),
                ("photo", False, "Neighbour’s dog"),
                ("signature", True, ""),
            ):
                file = files.store(f"{kind}.png", "image/png", PNG, purpose="job")
                add(JobFile(job_id=job.id, file_id=file.id, kind=kind, public=public, caption=caption, signer="E. Harper",
                            taken_at=clock.now()))  # fmt: skip
            add(JobMaterial(job_id=job.id, description="Capacitor 45/5", quantity_milli=2500, used_at=clock.now(),
                            unit_price_cents=9900))  # fmt: skip
            add(
                JobNote(
                    job_id=job.id, body="Change the filter in spring", public=True, written_at=clock.now()
                )
            )
            add(JobNote(job_id=job.id, body="Sell a new system", written_at=clock.now()))
            service.report(
                make.visit(job).id, service.Report(status="completed", outcome="Replaced the capacitor.")
            )
            url = make.url(job, "summary")
        text = client.get(url).get_data(as_text=True)
        for shown in (
            "Replaced the capacitor.",
            "New capacitor",
            "Capacitor 45/5",
            "2.5",
            "Change the filter",
            "E. Harper",
        ):
            assert shown in text, shown
        for hidden in ("dog", "Sell a new", "99.00"):
            assert hidden not in text, hidden
        picture = re.findall(r'<img src="(/files/[^"]+)"', text)
        assert len(picture) == 2
        assert client.get(picture[0]).data == PNG
        paper = client.get(f"{url}/summary.pdf")
    assert paper.mimetype == "application/pdf"
    assert paper.data.startswith(b"%PDF")


def test_who_tries_links_is_slowed_down(
    company: Company, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    settings = company.app.config["SETTINGS"]
    tight = replace(settings, limits=replace(settings.limits, public_address="2/minute"))
    monkeypatch.setitem(company.app.config, "SETTINGS", tight)
    codes = [
        client.get("/v/nonsense", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code for _ in range(3)
    ]
    assert codes == [404, 404, 429]


def test_the_office_notes_how_a_customer_wants_to_be_told(company: Company) -> None:
    with company.acting():
        who = customers.create({"name": "Evelyn Harper"})
    browser = company.sign_in("dispatcher")
    assert "By mail and text message" in browser.get(f"/customers/{who.id}").get_data(as_text=True)
    page = browser.get(f"/appointments/customers/{who.id}/contact").get_data(as_text=True)
    answer = browser.post(
        f"/appointments/customers/{who.id}/contact", data={"csrf_token": csrf_of(page), "email": "y"}
    )
    assert answer.status_code == 303
    page = browser.get(f"/customers/{who.id}").get_data(as_text=True)
    assert "By mail only" in page
    assert "noted how to tell about visits: by mail only" in page
    assert company.sign_in("accountant").get(f"/appointments/customers/{who.id}/contact").status_code == 403


def at_once(company: Company, url: str, verb: str, forms: list[dict[str, str]]) -> list[int]:
    """The same link pressed in several browsers at the same moment; what each was answered."""
    ready, answers = threading.Barrier(len(forms)), []

    def press(form: dict[str, str]) -> None:
        browser = company.app.test_client()
        token = csrf_of(browser.get(f"{url}/{verb}").get_data(as_text=True))
        ready.wait()
        answers.append(
            browser.post(f"{url}/{verb}", data={"csrf_token": token, "note": "Away", **form}).status_code
        )

    threads = [threading.Thread(target=press, args=(form,)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)


def test_a_visit_is_moved_no_more_often_than_allowed_by_pressing_in_four_browsers_at_once(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    _, url = tomorrow_week
    with clock.at(make.NOW):
        free = slots(client.get(f"{url}/move").get_data(as_text=True))
        answers = at_once(company, url, "move", [{"slot": slot} for slot in free[:4]])
    assert answers == [303, 303, 409, 409]
    with company.acting():
        assert db.session.query(VisitRequest).filter_by(kind="move").count() == rules.Terms().most_moves


def test_asking_to_cancel_in_three_browsers_at_once_asks_once(
    company: Company, client: FlaskClient, tomorrow_week: tuple[DispatchJob, str]
) -> None:
    _, url = tomorrow_week
    with clock.at(make.NOW):
        assert at_once(company, url, "cancel", [{}, {}, {}]) == [303, 409, 409]
    with company.acting():
        assert db.session.query(VisitRequest).count() == 1


def test_a_photo_on_paper_is_no_larger_than_paper_needs_and_a_huge_one_is_left_out() -> None:
    kind, data = summary.small("image/jpeg", picture("JPEG", (4000, 3000)))
    assert (kind, Image.open(io.BytesIO(data)).size) == ("image/jpeg", (1600, 1200))
    assert summary.small("image/png", picture("PNG", (7000, 7000))) == ("image/png", b"")
    as_it_is = picture("PNG", (40, 30))
    assert summary.small("image/png", as_it_is) == ("image/png", as_it_is)
