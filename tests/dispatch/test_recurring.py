"""Jobs that come again: made ahead exactly once, in the company's zone, changed, paused, ended, one left out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import dispatch as make
from tests.factories.world import Company, csrf_of
from webapp.customers import service as customers
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import recurring as queries
from webapp.dispatch.service import recurring as service
from webapp.kit import clock, context, errors
from webapp.kit.db import db
from webapp.models import AuditEntry, DispatchJob, Property, RecurringJob

WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(8)):  # Monday, November 30, 2026
        yield


def weekly(**more: Any) -> RecurringJob:
    """Every Monday at nine, from today on."""
    values = {"title": "Filter change", "job_type": "maintenance"} | more.pop("values", {})
    given: dict[str, Any] = {"rule": "FREQ=WEEKLY;BYDAY=MO", "starts_at": make.at(9), "minutes": 60}
    return service.create(service.NewRecurring(values=values, **given | more))


def made(record: RecurringJob) -> list[DispatchJob]:
    mine = select(DispatchJob).where(
        DispatchJob.tenant_id == context.tenant_id(), DispatchJob.recurring_id == record.id
    )
    return list(db.session.scalars(mine.order_by(DispatchJob.scheduled_start, DispatchJob.id)))


def starts(record: RecurringJob) -> list[Any]:
    return [j.scheduled_start for j in made(record) if j.status != "cancelled"]


def mondays(count: int, hour: int = 9) -> list[Any]:
    return [make.at(hour) + n * WEEK for n in range(count)]


def test_the_jobs_of_the_next_weeks_are_made_at_once_and_later_ones_when_their_time_comes(
    company: Company,
) -> None:
    with company.acting("manager"):
        record = weekly(weeks_ahead=2)
        assert starts(record) == mondays(2)
        assert {(j.source, j.title, j.expected_minutes) for j in made(record)} == {
            ("recurring", "Filter change", 60)
        }
        assert service.make(record.id) == (0, False)
        clock.advance(WEEK)
        assert service.make(record.id) == (1, False)
        assert service.make(record.id) == (0, False)
        assert starts(record) == mondays(3)


def test_nine_in_the_morning_stays_so_when_the_clocks_are_put_forward(company: Company) -> None:
    with (
        clock.at(make.at(8) + 13 * WEEK),
        company.acting("manager"),
    ):  # March 1, 2027; the clocks change on the 14th
        record = weekly(starts_at=make.at(9) + 13 * WEEK, weeks_ahead=3)
        assert [j.scheduled_start.hour for j in made(record)] == [14, 14, 13, 13]  # type: ignore[union-attr]


def test_technicians_are_sent_unless_something_is_in_their_way_and_then_the_job_waits_and_says_why(
    company: Company,
) -> None:
    with company.acting("manager"):
        tina = make.technician()
        make.job("Water heater", start=make.at(9) + WEEK, end=make.at(10) + WEEK, crew=(tina,))
        record = weekly(technician_ids=[tina.id], weeks_ahead=2)
        assert [j.status for j in made(record)] == ["dispatched", "pending"]
        db.session.commit()
        mine = select(AuditEntry.payload).where(AuditEntry.tenant_id == company.tenant_id,
                                                AuditEntry.action == "dispatch.noted")  # fmt: skip
        (said,) = db.session.scalars(mine)
        assert "Nobody was sent: Tina Torres has “Water heater”" in said["note"]


def test_a_job_becomes_the_first_of_those_that_come_again_with_all_that_belongs_to_it(
    company: Company,
) -> None:
    with company.acting("manager"):
        tina, gas = make.technician(), make.skill("Gas fitting")
        customer = customers.create({"name": "Ann Lee"}, properties=[{"address": "9 Elm St", "zip": "33602"}])
        job = make.job("Tune-up", start=make.at(9), end=make.at(10, 30), customer_id=customer.id,
                       skills=[dispatch.SkillNeed(gas.id, 2)])  # fmt: skip
        dispatch.assign(job.id, [tina.id], override_reason="She learns it")
        record = service.from_job(job.id, "FREQ=MONTHLY;BYMONTHDAY=30", make.at(9), weeks_ahead=5)
        first, second, *rest = made(record)
        assert (first.id, first.occurrence_at, rest) == (
            job.id,
            make.at(9),
            [],
        )
        assert (second.customer_id, second.service_address, second.expected_minutes) == (
            customer.id,
            "9 Elm St",
            90,
        )
        with pytest.raises(errors.Invalid):
            service.from_job(job.id, "FREQ=SOMETIMES", make.at(9))


def test_a_pause_makes_nothing_and_what_fell_into_it_is_not_made_up_for(company: Company) -> None:
    with company.acting("manager"):
        record = weekly(weeks_ahead=1)
        service.pause(record.id)
        with pytest.raises(errors.Conflict):
            service.pause(record.id)
        clock.advance(3 * WEEK)
        assert service.make(record.id) == (0, False)
        service.resume(record.id)
        assert starts(record) == [make.at(9), make.at(9) + 3 * WEEK]


def test_the_end_cancels_what_was_made_where_that_is_wished(company: Company) -> None:
    with company.acting("manager"):
        kept, cancelled = weekly(), weekly()
        service.end(kept.id)
        service.end(cancelled.id, cancel_made=True, reason="Sold the house")
        assert starts(kept) == mondays(4)
        assert [j.cancel_reason for j in made(cancelled)] == ["Sold the house"] * 4
        for record in (kept, cancelled):
            with pytest.raises(errors.Conflict, match="has ended"):
                service.resume(record.id)
            clock.advance(WEEK)
            assert service.make(record.id) == (0, False)


def test_one_is_left_out_before_or_after_it_was_made_and_taken_back_in(company: Company) -> None:
    with company.acting("manager"):
        record = weekly(weeks_ahead=2)
        service.skip(record.id, make.at(9) + WEEK)  # made already
        service.skip(record.id, make.at(9) + 2 * WEEK)  # not yet
        assert starts(record) == mondays(1)
        clock.advance(WEEK - timedelta(hours=1))
        service.make(record.id)
        assert starts(record) == mondays(1)
        assert [o.skipped for o in queries.coming(record, 3)] == [True, True, False]
        with pytest.raises(errors.NotFound):
            service.skip(record.id, make.at(10) + 3 * WEEK)
        with pytest.raises(errors.Conflict):
            service.skip(record.id, make.at(9) + 2 * WEEK)
        service.skip(record.id, make.at(9) + WEEK, skipped=False)
        assert starts(record) == mondays(2)


def test_a_changed_time_moves_the_jobs_that_are_not_begun_and_leaves_those_moved_by_hand(
    company: Company,
) -> None:
    with company.acting("manager"):
        tina = make.technician()
        record = weekly(technician_ids=[tina.id])
        first, second, third, fourth = made(record)
        dispatch.assign(second.id, [tina.id], starts_at=make.at(13) + WEEK, ends_at=make.at(14) + WEEK)
        service.update(record.id, {"starts_at": make.at(11), "rule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"})
        db.session.expire_all()
        assert first.scheduled_start == make.at(11)
        assert second.scheduled_start == make.at(13) + WEEK  # somebody chose that time
        assert second.occurrence_at == make.at(11) + 2 * WEEK
        assert (third.status, fourth.status) == ("cancelled", "cancelled")
        clock.advance(2 * WEEK)
        service.make(record.id)
        assert starts(record)[-1] == make.at(11) + 4 * WEEK


def test_changed_details_reach_the_jobs_that_are_not_begun_but_not_what_was_changed_by_hand(
    company: Company,
) -> None:
    with company.acting("manager"):
        tina = make.technician()
        record = weekly(weeks_ahead=3)
        one, other, begun = made(record)
        dispatch.update(other.id, {"title": "Filter change and drain"})
        dispatch.assign(begun.id, [tina.id])
        dispatch.report(dispatch.current.visit_of(begun).id, dispatch.Report(status="on_site"))
        service.update(
            record.id, {"values": {"title": "Filters", "price_cents": 4900}, "technician_ids": [tina.id]}
        )
        db.session.expire_all()
        assert [(j.title, j.price_cents) for j in (one, other, begun)] == [
            ("Filters", 4900), ("Filter change and drain", 4900), ("Filter change", None)]  # fmt: skip
        assert one.technician_id == tina.id
        assert record.title == "Filters"


def test_what_is_not_there_any_more_does_not_keep_the_job_from_being_made(company: Company) -> None:
    with company.acting("manager"):
        tina = make.technician()
        customer = customers.create({"name": "Ann Lee"}, properties=[{"address": "9 Elm St", "zip": "33602"}])
        place = db.session.scalars(select(Property).where(Property.customer_id == customer.id)).one()
        record = weekly(
            weeks_ahead=1, customer_id=customer.id, property_id=place.id, technician_ids=[tina.id]
        )
        tina.ends_on = make.MONDAY
        place.archived = True
        clock.advance(WEEK)
        assert service.make(record.id) == (1, False)
        assert made(record)[-1].technician_id is None


def test_a_long_series_is_made_in_pieces(company: Company) -> None:
    with company.acting("manager"):
        record = weekly(rule="FREQ=DAILY", weeks_ahead=10)
        assert len(made(record)) == service.PIECE
        assert service.make(record.id) == (20, False)
        assert len({j.occurrence_at for j in made(record)}) == 70


def test_no_two_jobs_can_stand_for_one_occurrence(company: Company) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), company.acting("manager"):
        record = weekly()
        make.job(recurring_id=record.id, occurrence_at=record.starts_at)


# Pages and API --------------------------------------------------------------------------------------------------------


def post(client: Any, url: str, **form: Any) -> Any:
    token = csrf_of(client.get("/recurring-jobs").get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **form})


FORM = {"starts_at": "2026-11-30T09:00", "interval": "1", "frequency": "WEEKLY", "weekdays": ["MO"], "monthly": "day",
        "ends": "never", "weeks_ahead": "3", "keep_technicians": "y"}  # fmt: skip


def test_a_job_is_repeated_from_its_page_and_what_comes_is_seen_and_left_out(company: Company) -> None:
    with company.acting("manager"):
        number = make.job("Filter change", start=make.at(9), end=make.at(10)).id
    office = company.sign_in("dispatcher")
    assert f"/recurring-jobs/new?job={number}" in office.get(f"/jobs/{number}").get_data(as_text=True)
    assert 'value="2026-11-30T09:00"' in office.get(f"/recurring-jobs/new?job={number}").get_data(
        as_text=True
    )
    refused = post(office, f"/recurring-jobs/new?job={number}", **FORM | {"ends": "until"})
    assert refused.status_code == 422
    assert "Choose the last day." in refused.get_data(as_text=True)
    answer = post(office, f"/recurring-jobs/new?job={number}", **FORM)
    assert answer.status_code == 303
    home = answer.location
    page = office.get(home).get_data(as_text=True)
    for said in (
        "Filter change",
        "Every week on Monday",
        f"Job {number}",
        "Not made yet",
        "made it come again",
    ):
        assert said in page, said
    assert "Every week on Monday" in office.get("/recurring-jobs").get_data(as_text=True)
    post(office, f"{home}/skip?at=2026-12-07T09:00")
    assert "Take back in" in office.get(home).get_data(as_text=True)
    assert post(office, f"{home}/skip?at=2026-12-08T09:00").status_code == 404
    post(office, f"{home}/unskip?at=2026-12-07T09:00")
    assert "Take back in" not in office.get(home).get_data(as_text=True)
    post(office, f"{home}/pause")
    assert "Go on" in office.get(home).get_data(as_text=True)
    post(office, f"{home}/resume")
    change = FORM | {"title": "Filters", "priority": "high", "minutes": "45", "starts_at": "2026-11-30T11:00",
                     "interval": "2", "ends": "count", "count": "9"}  # fmt: skip
    assert post(office, f"{home}/edit", **change).status_code == 303
    page = office.get(home).get_data(as_text=True)
    assert "Every 2 weeks on Monday, 9 times" in page
    assert "Filters" in page
    post(office, f"{home}/end", cancel_made="y", reason="Sold the house")
    assert "It has ended." in office.get(home).get_data(as_text=True)
    assert office.get(f"/jobs/{number}").status_code == 200


def test_a_partner_makes_changes_and_ends_it_over_the_api(company: Company) -> None:
    api = company.api("manager")
    body = {"title": "Filter change", "rule": "FREQ=WEEKLY;BYDAY=MO", "starts_at": "2026-11-30T14:00:00Z", "weeks_ahead": 2,
            "customer_name": "Ann Lee", "service_zip": "33602"}  # fmt: skip
    made = api.post("/admin/dispatch/recurring", body)
    assert made.status_code == 201, made.get_data(as_text=True)
    number = made.json["data"]["id"]
    assert made.json["data"]["words"] == "Every week on Monday"
    path = f"/admin/dispatch/recurring/{number}"
    coming = api.get(f"{path}/occurrences").json["data"]
    assert [bool(o["job_id"]) for o in coming][:3] == [True, True, False]
    wrong = api.post("/admin/dispatch/recurring", body | {"rule": "FREQ=HOURLY"})
    assert (wrong.status_code, "FREQ must be" in wrong.get_data(as_text=True)) == (422, True)
    assert api.patch(f"{path}/skip", {"occurrence_at": coming[1]["occurrence_at"]}).json["data"][
        "skipped"
    ] == ["2026-12-07T09:00"]
    assert api.patch(f"{path}/pause").json["data"]["state"] == "paused"
    assert api.patch(path, {"title": "Filters"}).json["data"]["values"]["title"] == "Filters"
    assert api.patch(f"{path}/end", {"cancel_made": True}).json["data"]["state"] == "ended"
    assert api.patch(path, {"title": "Other"}).status_code == 409
