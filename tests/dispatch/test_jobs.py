"""Booking, sending, stepping, holding and cancelling, through the services."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.factories import dispatch as make
from tests.factories.world import Company
from webapp.dispatch import service
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service.placing import Clashing
from webapp.dispatch.service.steps import NotAllowed
from webapp.kit import clock, context, errors
from webapp.kit.db import add, db, find
from webapp.models import ChecklistTemplate, Customer, DispatchJob, ZoneZip


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.NOW):
        yield


def only_visit(job: DispatchJob) -> int:
    return reading.visits(job.id)[0].id


def test_a_job_is_booked_with_one_visit_and_its_customer_is_found_or_made(company: Company) -> None:
    with company.acting("dispatcher"):
        first = make.job(customer_name="John Smith", customer_phone="(813) 555-0142", service_address="123 Oak St",
                         service_city="Tampa", service_state="FL", service_zip="33601")  # fmt: skip
        again = make.job(customer_name="John Smith", customer_phone="813-555-0142")
        assert (first.status, first.expected_minutes, first.customer_phone) == ("pending", 90, "+18135550142")
        assert first.customer_id == again.customer_id
        assert first.property_id is not None
        assert again.service_address == "123 Oak St"  # the customer's only property
        assert [v.status for v in reading.visits(first.id)] == ["pending"]


def test_sending_a_technician_dispatches_the_job_and_taking_everybody_off_brings_it_back(
    company: Company,
) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        job = make.job(start=make.at(9), end=make.at(11))
        service.assign(job.id, [tina.id, tom.id])
        assert (job.status, job.technician_id) == ("dispatched", tina.id)
        assert [(s.name, s.lead) for s in reading.sent([only_visit(job)])[only_visit(job)]] == [
            ("Tina Torres", True), ("Tom Tanner", False)]  # fmt: skip
        service.unassign(job.id)
        assert (job.status, job.technician_id) == ("pending", None)
        assert [s.to_status for s in reading.status_history(job.id)] == ["pending", "dispatched", "pending"]


def test_a_clash_is_refused_with_its_reason_and_accepted_with_one(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.job("Water heater", start=make.at(9), end=make.at(11), crew=(tina,))
        job = make.job(start=make.at(10), end=make.at(12))
        with pytest.raises(Clashing, match="Tina Torres has “Water heater” 9 AM–11 AM") as clash:
            service.assign(job.id, [tina.id])
        assert clash.value.details["clashes"][0]["kind"] == "job"
        assert job.technician_id is None
        service.assign(job.id, [tina.id], override_reason="Tom brings her the part")
        assert job.technician_id == tina.id


def test_somebody_who_left_is_never_sent(company: Company) -> None:
    with company.acting("dispatcher"):
        gone = make.technician("Gone Gary", ends_on=make.MONDAY - timedelta(days=3))
        job = make.job(start=make.at(9), end=make.at(11))
        with pytest.raises(Clashing, match="left on November 27"):
            service.assign(job.id, [gone.id], override_reason="he knows the house")


def test_two_dispatchers_moving_one_visit_the_second_is_told_and_nothing_is_lost(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        job = make.job(start=make.at(9), end=make.at(11), crew=(tina,))
        visit = reading.visits(job.id)[0]
        seen = visit.version
    with company.acting("manager"):
        service.place(visit.id, service.Placement(technician_ids=(tom.id,), version=seen))
    with company.acting("dispatcher"):
        with pytest.raises(
            service.Stale, match="Manager Person moved this visit meanwhile: it is with Tom Tanner"
        ) as stale:
            service.place(visit.id, service.Placement(starts_at=make.at(14), version=seen))
        assert stale.value.details["visit"]["technicians"][0]["name"] == "Tom Tanner"


def test_two_visits_dropped_on_one_lane_at_once_never_both_win(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician().id
        visits = [only_visit(make.job(f"Job {n}", start=make.at(9), end=make.at(11))) for n in range(2)]
    outcomes: list[str] = []

    def drop(visit_id: int) -> None:
        with company.acting("dispatcher"):
            try:
                service.place(visit_id, service.Placement(technician_ids=(tina,)))
            except Clashing:
                db.session.rollback()
                outcomes.append("clash")
            else:
                outcomes.append("placed")

    threads = [threading.Thread(target=drop, args=(v,)) for v in visits]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(outcomes) == ["clash", "placed"]


def test_a_moved_visit_keeps_its_length_and_loses_the_customers_confirmation(company: Company) -> None:
    with company.acting("dispatcher"):
        job = make.job(start=make.at(9), end=make.at(12))
        service.confirm(job.id)
        assert job.confirmed_at is not None
        service.place(only_visit(job), service.Placement(starts_at=make.at(13)))
        assert (job.scheduled_start, job.scheduled_end, job.confirmed_at) == (make.at(13), make.at(16), None)


def test_a_technician_steps_through_their_own_visit_only(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        make.signed_in_as(company.users["technician"], tina)
        mine = only_visit(make.job(start=make.at(9), end=make.at(11), crew=(tina,)))
        his = only_visit(make.job(start=make.at(9), end=make.at(11), crew=(tom,)))
    with company.acting("technician"):
        with pytest.raises(errors.NotFound):
            service.report(his, service.Report(status="acknowledged"))
        for status in ("acknowledged", "en_route", "on_site"):
            service.report(mine, service.Report(status=status, latitude=27.9506, longitude=-82.4572))
        with pytest.raises(NotAllowed, match=r"is on site already\. Allowed now: in_progress, cancelled"):
            service.report(mine, service.Report(status="on_site"))
        with pytest.raises(NotAllowed, match="would pass over in progress"):
            service.report(
                mine, service.Report(status="completed", reason="in a hurry")
            )  # technicians may not override
        service.report(mine, service.Report(status="in_progress"))
        done = service.report(mine, service.Report(status="completed", outcome="Replaced the capacitor"))
        job = db.session.get(DispatchJob, (context.tenant_id(), done.job_id))
        assert job is not None
        assert (job.status, job.completed_at, job.outcome) == (
            "completed",
            make.NOW,
            "Replaced the capacitor",
        )


def test_required_checklist_steps_block_completion(company: Company) -> None:
    with company.acting("admin"):
        add(
            ChecklistTemplate(
                name="Repair",
                job_type="repair",
                steps=[{"text": "Check for gas", "required": True}, {"text": "Sweep"}],
            )
        )
        tina = make.technician()
        visit = only_visit(make.job(start=make.at(9), end=make.at(11), crew=(tina,)))
        for status in ("on_site", "in_progress"):
            service.report(visit, service.Report(status=status))
        with pytest.raises(errors.Conflict, match="1 required step is not done: Check for gas"):
            service.report(visit, service.Report(status="completed"))


def test_a_report_from_a_phone_without_signal_keeps_its_time_and_one_from_the_future_is_refused(
    company: Company,
) -> None:
    with company.acting("dispatcher"):
        visit = only_visit(make.job(start=make.at(9), end=make.at(11), crew=(make.technician(),)))
        earlier = make.NOW - timedelta(hours=3)
        assert (
            service.report(visit, service.Report(status="acknowledged", happened_at=earlier)).acknowledged_at
            == earlier
        )
        with pytest.raises(errors.Invalid, match="future"):
            service.report(
                visit, service.Report(status="en_route", happened_at=make.NOW + timedelta(hours=1))
            )
        with pytest.raises(errors.Invalid, match="7 days"):
            service.report(visit, service.Report(status="en_route", happened_at=make.NOW - timedelta(days=8)))


def test_a_held_job_stands_still_until_it_is_released(company: Company) -> None:
    with company.acting("dispatcher"):
        job = make.job(start=make.at(9), end=make.at(11), crew=(make.technician(),))
        with pytest.raises(errors.Invalid, match="Say why"):
            service.hold(job.id, " ")
        service.hold(job.id, "Part ordered")
        with pytest.raises(errors.Conflict, match="on hold"):
            service.report(only_visit(job), service.Report(status="acknowledged"))
        service.release(job.id)
        service.report(only_visit(job), service.Report(status="acknowledged"))
        assert [s.to_status for s in reading.status_history(job.id)][-3:] == [
            "held",
            "released",
            "acknowledged",
        ]


def test_cancelling_ends_every_visit_and_a_completed_job_cannot_be_cancelled(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        job = make.job(start=make.at(9), end=make.at(11), crew=(tina,))
        service.add_visit(job.id, reason="Part ordered", starts_at=make.at(13), technician_ids=[tina.id])
        service.cancel(job.id, "Sold the house")
        assert (job.status, {v.status for v in reading.visits(job.id)}) == ("cancelled", {"cancelled"})
        done = make.job(start=make.at(9), end=make.at(11), crew=(tina,))
        for status in ("on_site", "in_progress", "completed"):
            service.report(only_visit(done), service.Report(status=status))
        with pytest.raises(errors.Conflict, match="completed already"):
            service.cancel(done.id, "no")


def test_the_window_promised_for_a_visit_that_is_over_is_not_that_of_the_next(company: Company) -> None:
    with company.acting("dispatcher"):
        promised = {"window_start": make.at(8), "window_end": make.at(10)}
        job = make.job(start=make.at(9), end=make.at(10), crew=(make.technician(),), **promised)
        service.add_visit(job.id, reason="Part ordered")
        assert job.window_end == make.at(10)  # the first visit is still to come
        with clock.at(make.at(10)):
            for status in ("on_site", "in_progress", "completed"):
                service.report(only_visit(job), service.Report(status=status))
            assert (job.status, job.window_start, job.window_end) == ("pending", None, None)
            service.update(job.id, {"window_start": make.at(13), "window_end": make.at(15)})
            service.confirm(job.id)
            assert job.window_end == make.at(15)


def test_a_further_visit_opens_a_completed_job_again(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        job = make.job(start=make.at(9), end=make.at(11), crew=(tina,))
        for status in ("on_site", "in_progress", "completed"):
            service.report(only_visit(job), service.Report(status=status))
        service.add_visit(job.id, reason="Came back cold", starts_at=make.at(15), technician_ids=[tina.id])
        assert (job.status, job.scheduled_start, job.completed_at) == ("dispatched", make.at(15), None)


def test_a_copy_has_the_work_but_not_what_became_of_it(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        gas = make.skill("Gas fitting", tina)
        job = make.job(start=make.at(9), end=make.at(11), crew=(tina,), customer_name="Ann Lee", tags=["warranty"],
                       skills=[service.SkillNeed(gas.id, 2)])  # fmt: skip
        service.cancel(job.id, "rain")
        twin = service.copy(job.id)
        assert (twin.status, twin.title, twin.customer_id, twin.tags) == (
            "pending",
            job.title,
            job.customer_id,
            ["warranty"],
        )
        assert reading.skills_needed([twin.id])[twin.id][0]["level"] == 2
        assert twin.copied_from_id == job.id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"expected_minutes": 0}, "expected_minutes"),
        ({"expected_minutes": 30 * 60}, "expected_minutes"),
        ({"latitude": 91.0, "longitude": 0.0}, "latitude"),
        ({"latitude": 10.0}, "longitude"),
        ({"window_start": make.at(11), "window_end": make.at(9)}, "window_end"),
        ({"window_start": make.at(11)}, "window_end"),
        ({"job_type": "party"}, "job_type"),
        ({"title": " "}, "title"),
        ({"customer_phone": "12"}, "customer_phone"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name_and_nothing_is_written(
    company: Company, values: dict[str, object], field: str
) -> None:
    with company.acting("dispatcher"):
        with pytest.raises(errors.Invalid) as refused:
            make.job(**values, customer_name="Nobody New")  # type: ignore[arg-type]  # wrong on purpose
        assert field in {p.field for p in refused.value.problems}
        assert db.session.query(Customer).count() == 0


def test_a_visit_that_ends_before_it_starts_or_lasts_thirty_hours(company: Company) -> None:
    with company.acting("dispatcher"):
        with pytest.raises(errors.Invalid, match="ends before it starts"):
            make.job(start=make.at(9), end=make.at(8))
        with pytest.raises(errors.Invalid, match="at most 24 hours"):
            make.job(start=make.at(9), end=make.at(9) + timedelta(hours=30))


def test_another_companys_job_is_not_found(company: Company, other_company: Company) -> None:
    with other_company.acting("dispatcher"):
        theirs = make.job().id
    with company.acting("dispatcher"):
        assert find(DispatchJob, theirs) is None
        with pytest.raises(errors.NotFound):
            service.hold(theirs, "mine now")


def test_a_job_is_placed_by_its_zip_code_and_falls_into_its_zone(company: Company) -> None:
    with company.acting("dispatcher"):
        north = make.zone("North")
        add(ZoneZip(tenant_id=north.tenant_id, zone_id=north.id, zip="33602"))
        job = make.job(service_address="9 Elm St", service_zip="33602-1111")
        assert (job.zone_id, job.place_source) == (north.id, "zip")
        assert job.latitude is not None
        service.update(job.id, {"service_zip": "99999"})
        assert (job.zone_id, job.latitude, job.place_source) == (None, None, "")
        service.update(job.id, {"latitude": 27.95, "longitude": -82.45})
        assert job.place_source == "person"
