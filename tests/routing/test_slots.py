"""The next best slots: what the person on the phone is offered."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.accounts import queries as accounts
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock, errors
from webapp.kit.db import db
from webapp.models import DispatchJob, DispatchProfile, Technician
from webapp.routing import service
from webapp.routing.service import Offer, Wanted

DOWNTOWN = (27.9506, -82.4572)
NEAR = (27.9600, -82.4572)  # 5 minutes at 30 miles an hour
FAR = (28.2500, -82.4572)  # an hour


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(7)):
        yield


def profile(
    someone: Technician, place: tuple[float, float] | None = None, *, lunch: int = 0
) -> DispatchProfile:
    latitude, longitude = place or (None, None)
    made = DispatchProfile(tenant_id=someone.tenant_id, technician_id=someone.id, latitude=latitude, longitude=longitude,
                           lunch_minutes=lunch)  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def wanted(**more: Any) -> Wanted:
    place = more.pop("place", DOWNTOWN)
    latitude, longitude = place or (None, None)
    return Wanted(
        **{"latitude": latitude, "longitude": longitude, "earliest": make.at(8), "latest": make.at(17)} | more
    )


def complete(job: DispatchJob) -> None:
    visit = reading.visits(job.id)[0]
    for status in ("on_site", "in_progress", "completed"):
        dispatch.report(visit.id, dispatch.Report(status=status))


def starts(found: list[Offer]) -> list[str]:
    return sorted(f"{o.technician_name.split()[0]} {o.starts_at.hour - 5}:{o.starts_at:%M}" for o in found)


def test_an_empty_day_is_offered_window_by_window_to_the_customer(company: Company) -> None:
    with company.acting("dispatcher"):
        make.technician()
        found = service.offers(wanted(), limit=20)
    assert [(o.window_start, o.window_end) for o in sorted(found, key=lambda o: o.starts_at)] == [
        (make.at(h), make.at(min(h + 2, 17))) for h in (8, 10, 12, 14, 16)
    ]
    assert all(o.ends_at - o.starts_at == timedelta(hours=1) for o in found)
    assert all(o.window_start <= o.starts_at < o.window_end and o.ends_at <= make.at(17) for o in found)


def test_the_technician_who_is_near_then_is_offered_first(company: Company) -> None:
    with company.acting("dispatcher"):
        near, far = make.technician("Nora Near"), make.technician("Fred Far")
        profile(near, NEAR)
        profile(far, FAR)
        found = service.offers(wanted(), limit=20)
    assert {o.technician_name for o in found} == {"Nora Near"}
    assert "from where their day starts" in found[0].why
    assert "minutes of driving" in found[0].why


def test_the_drive_from_the_job_before_and_to_the_job_after_is_kept_free(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        for hour, place in ((8, DOWNTOWN), (11, FAR)):
            make.job("Booked", start=make.at(hour), end=make.at(hour + 1), crew=(tina,), latitude=place[0],
                     longitude=place[1], override_reason="far")  # fmt: skip
        found = service.offers(wanted(expected_minutes=60, latest=make.at(12)), limit=20)
    # after the first job at nine, an hour of work, and an hour's drive to the next at eleven
    assert starts(found) == ["Tina 9:00"]
    assert found[0].added_minutes == 0
    with company.acting("dispatcher"):
        assert service.offers(wanted(expected_minutes=75, latest=make.at(12))) == []


def test_skill_zone_shift_and_block_are_respected(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        gas = make.skill("Gas fitting", tina, level=2)
        expired = make.skill("Backflow", tina, expires_on=make.MONDAY - timedelta(days=1))
        north = make.zone("North", tom)
        south = make.zone("South")
        make.shift(tina, 8, 12)
        make.block(tina, make.at(10), make.at(12))
        assert starts(service.offers(wanted(skills=((gas.id, 2),)), limit=20)) == ["Tina 8:00"]
        assert service.offers(wanted(skills=((gas.id, 3),))) == []
        assert service.offers(wanted(skills=((expired.id, 1),))) == []
        assert "Tom Tanner" in {o.technician_name for o in service.offers(wanted(zone_id=north.id), limit=20)}
        assert {o.technician_name for o in service.offers(wanted(zone_id=south.id), limit=20)} == {
            "Tina Torres"
        }


def test_lunch_finds_its_place_also_after_booking(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        profile(tina, lunch=60)  # between eleven and two
        make.job("Long", start=make.at(8), end=make.at(12), crew=(tina,))
        offered = service.offers(wanted(expected_minutes=120), limit=20)
    assert "Tina 12:00" not in starts(offered)
    assert starts(offered) == ["Tina 14:00"]


def test_time_for_emergencies_is_kept_free_unless_it_is_one(company: Company) -> None:
    with company.acting("admin"):
        make.technician()
        organization = accounts.organization()
        organization.settings = organization.settings | {"dispatch": {"emergency_minutes": 500}}
        db.session.flush()
        assert service.offers(wanted(expected_minutes=60)) == []
        assert service.offers(wanted(expected_minutes=30)) != []
        assert service.offers(wanted(expected_minutes=60, priority="urgent")) != []


def test_the_time_of_the_visit_that_moves_counts_as_free(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        job = make.job("All day", start=make.at(8), end=make.at(17), crew=(tina,), latitude=DOWNTOWN[0],
                       longitude=DOWNTOWN[1], expected_minutes=60)  # fmt: skip
        assert service.offers(wanted()) == []
        found = service.offers(service.wanted_by(job, earliest=make.at(8), latest=make.at(17)), limit=20)
    assert len(found) == 5


def test_whoever_was_there_before_is_preferred_and_it_is_said(company: Company) -> None:
    with company.acting("dispatcher"):
        make.technician("Ann Other")
        tina = make.technician()
        job = make.job("Done", start=make.at(6), end=make.at(6, 30), crew=(tina,), customer_name="John Smith")
        complete(job)
        found = service.offers(wanted(customer_id=job.customer_id))
    assert found[0].technician_name == "Tina Torres"
    assert found[0].why.endswith("They have been there before.")


def test_nobody_working_gives_no_slots_and_a_wrong_span_is_refused(company: Company) -> None:
    with company.acting("dispatcher"):
        assert service.offers(wanted()) == []
        with pytest.raises(errors.Invalid, match="ends before it begins"):
            service.offers(wanted(earliest=make.at(12), latest=make.at(9)))
        with pytest.raises(errors.Invalid, match="1 minute to 24 hours"):
            service.offers(wanted(expected_minutes=0))


def test_sooner_wins_more_the_more_urgent_it_is(company: Company) -> None:
    with company.acting("dispatcher"):
        make.technician()
        soon = service.offers(wanted(priority="urgent", latest=make.at(17) + timedelta(days=4)), limit=3)
    assert [o.starts_at for o in soon] == [make.at(8), make.at(10), make.at(12)]


def test_the_number_of_statements_does_not_grow(company: Company) -> None:
    with company.acting("dispatcher"):
        crew = [make.technician(f"Tech {n}") for n in range(6)]
        service.offers(wanted())  # the organization itself is read once
        with counted() as few:
            service.offers(wanted())
        for someone in crew:
            make.job("More", start=make.at(9), end=make.at(10), crew=(someone,))
        with counted() as many:
            service.offers(wanted())
    assert len(few) == len(many) == 6


def test_slots_over_the_api(company: Company) -> None:
    with company.acting("dispatcher"):
        make.technician()
        job = make.job("AC not cooling", latitude=DOWNTOWN[0], longitude=DOWNTOWN[1])
    api = company.api("dispatcher")
    span = "earliest=2026-11-30T13:00:00Z&latest=2026-11-30T22:00:00Z"
    data = api.get(f"/admin/dispatch/slots?zip=33601&{span}").json["data"]
    assert data[0]["technician_name"] == "Tina Torres"
    assert data[0]["starts_at"] == "2026-11-30T13:00:00Z"
    assert data[0]["window_end"] == "2026-11-30T15:00:00Z"
    assert len(api.get(f"/admin/dispatch/{job.id}/slots?{span}&limit=2").json["data"]) == 2
    assert api.get("/admin/dispatch/slots?latitude=27").status_code == 422
    assert api.get("/admin/dispatch/slots?skills=x").status_code == 422
    assert company.api("technician").get("/admin/dispatch/slots").status_code == 403
