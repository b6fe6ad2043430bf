"""The dispatch API: the document's own examples, and what it answers to what cannot be."""

from dataclasses import replace

import pytest

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock, context

SMITH = {
    "title": "AC Repair - Smith Residence", "description": "Unit not cooling, thermostat reads 85F", "priority": "high",
    "customer_name": "John Smith", "service_address": "123 Oak St", "service_city": "Tampa", "service_state": "FL",
    "service_zip": "33601", "scheduled_start": "2026-03-28T09:00:00Z", "scheduled_end": "2026-03-28T11:00:00Z",
}  # fmt: skip


def test_the_documents_job_is_booked_assigned_and_worked(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.shift(tina)
        make.signed_in_as(company.users["technician"], tina)
        number = tina.id
    api = company.api("dispatcher")
    made = api.post("/admin/dispatch", SMITH)
    assert made.status_code == 201
    job = made.json["data"]
    assert (job["status"], job["priority"], job["scheduled_start"]) == (
        "pending",
        "high",
        "2026-03-28T09:00:00Z",
    )
    sent = api.patch(f"/admin/dispatch/{job['id']}/assign", {"technician_id": number}).json["data"]
    assert (sent["status"], sent["technician_id"], sent["visits"][0]["technicians"][0]["name"]) == (
        "dispatched",
        number,
        "Tina Torres",
    )
    phone = company.api("technician")
    mine = phone.get("/tech/dispatch/my-jobs?date=2026-03-28").json["data"]
    assert [j["id"] for j in mine["items"]] == [job["id"]]
    assert (
        phone.patch(f"/tech/dispatch/my-jobs/{job['id']}/acknowledge").json["data"]["status"]
        == "acknowledged"
    )
    there = phone.patch(
        f"/tech/dispatch/my-jobs/{job['id']}/status",
        {"status": "on_site", "latitude": 27.9506, "longitude": -82.4572},
    )
    assert there.json["data"]["status"] == "on_site"
    history = api.get(f"/admin/dispatch/{job['id']}/history").json["data"]
    assert [h["to_status"] for h in history] == ["pending", "dispatched", "acknowledged", "on_site"]
    assert (history[-1]["passed_over"], history[-1]["latitude"]) == (["en_route"], 27.9506)


def test_an_illegal_move_is_409_with_every_reason(company: Company) -> None:
    with clock.at(make.NOW), company.acting("dispatcher"):
        tina = make.technician()
        make.job("Water heater", start=make.at(9), end=make.at(11), crew=(tina,))
        job = make.job(start=make.at(10), end=make.at(12))
        visit = f"/admin/dispatch/{job.id}/visits/{reading.visits(job.id)[0].id}"
        number = tina.id
    with clock.at(make.NOW):
        api = company.api("dispatcher")
        refused = api.patch(visit, {"technician_ids": [number]})
        assert refused.status_code == 409
        assert refused.json["error"]["details"]["clashes"][0]["kind"] == "job"
        accepted = api.patch(visit, {"technician_ids": [number], "override_reason": "She does both"})
        assert accepted.status_code == 200
        stale = api.patch(visit, {"scheduled_start": "2026-11-30T20:00:00Z", "version": 1})
    assert stale.status_code == 409
    assert "moved this visit meanwhile" in stale.json["error"]["message"]


@pytest.mark.parametrize(
    ("status", "code"),
    [("en_route", 200), ("completed", 409), ("dispatched", 409), ("pending", 409), ("flying", 422)],
)
def test_steps_over_the_api(company: Company, status: str, code: int) -> None:
    with clock.at(make.NOW), company.acting("dispatcher"):
        number = make.job(start=make.at(9), end=make.at(11), crew=(make.technician(),)).id
    answer = company.api("dispatcher").patch(f"/admin/dispatch/{number}/status", {"status": status})
    assert answer.status_code == code
    if code == 409:
        assert "allowed" in answer.json["error"]["message"].lower()


def test_a_technician_sees_nobody_elses_jobs(company: Company) -> None:
    with clock.at(make.NOW), company.acting("dispatcher"):
        make.signed_in_as(company.users["technician"], make.technician())
        his = make.job(start=make.at(9), end=make.at(11), crew=(make.technician("Tom"),)).id
    phone = company.api("technician")
    assert phone.get(f"/tech/dispatch/my-jobs/{his}").status_code == 404
    assert phone.patch(f"/tech/dispatch/my-jobs/{his}/acknowledge").status_code == 404
    assert phone.get("/admin/dispatch").status_code == 403


def test_the_list_takes_filters_and_reads_a_fixed_number_of_statements(company: Company) -> None:
    with clock.at(make.NOW), company.acting("dispatcher"):
        tina = make.technician()
        for hour in (8, 10, 12):
            make.job(
                f"Job at {hour}",
                start=make.at(hour),
                end=make.at(hour + 1),
                crew=(tina,),
                tags=["warranty"] if hour == 8 else [],
            )
        make.job("Unscheduled thing")
        number = tina.id
    api = company.api("dispatcher")

    def titles(query: str) -> list[str]:
        answer = api.get(f"/admin/dispatch?{query}")
        assert answer.status_code == 200, answer.json
        return [j["title"] for j in answer.json["data"]["items"]]

    assert len(titles("")) == 4
    assert titles("status=pending") == ["Unscheduled thing"]
    assert titles(f"technician_id={number}&date_from=2026-11-30&date_to=2026-11-30")[0] == "Job at 8"
    assert titles("tag=warranty") == ["Job at 8"]
    assert titles("q=unsched") == ["Unscheduled thing"]
    assert titles("unassigned=true") == ["Unscheduled thing"]
    assert titles("date_from=2026-12-01") == []
    with counted() as few:
        titles("limit=1")
    with counted() as many:
        titles("")
    assert len(few) == len(many) == 7


def test_the_stream_tells_nobody_of_what_they_may_not_open(company: Company) -> None:
    from webapp.dispatch.api import stream

    with company.acting("dispatcher"):
        assert {"dispatch", "time", "sla"} <= stream.heard()
    with company.acting("accountant"):
        assert "dispatch" in stream.heard()
        assert "sla" not in stream.heard()
    with company.acting() as who, context.acting(replace(who, permissions=frozenset({"dispatch.read"}))):
        assert stream.heard().isdisjoint({"time", "sla"})
