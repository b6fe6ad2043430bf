"""Checklists that jobs get: written in the settings, put on jobs of a type by themselves and on others by hand."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages
from webapp.dispatch.rules import checklists as rules
from webapp.dispatch.service import checklists as service
from webapp.kit import errors
from webapp.kit.db import db
from webapp.models import ChecklistTemplate

STEPS = [{"text": "Check for gas", "required": True}, {"text": "Sweep the floor", "required": False}]


def post(client: Any, url: str, **form: Any) -> Any:
    token = csrf_of(client.get("/settings/checklists").get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **form})


def bodies(job_id: int) -> list[str]:
    return [s.body for s in pages.steps(job_id)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"job_type": "magic"}, "job_type"),
        ({"steps": []}, "steps"),
        ({"steps": [{"text": "  "}]}, "steps"),
        ({"steps": [{"text": "x" * 201}]}, "steps"),
        ({"steps": [{"text": "Step"}] * 101}, "steps"),
    ],
)
def test_a_checklist_that_cannot_be_is_refused_at_its_field(values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        rules.cleaned({"name": "Repair", "steps": STEPS, **values})
    assert field in refused.value.details["fields"]


def test_jobs_of_a_type_get_its_lists_and_others_those_put_on_by_hand(company: Company) -> None:
    with company.acting("manager"):
        service.create({"name": "Repair", "job_type": "repair", "steps": STEPS})
        other = service.create({"name": "Water heater", "steps": [{"text": "Anode rod", "required": True}]})
        job = make.job(job_type="repair")
        assert bodies(job.id) == ["Check for gas", "Sweep the floor"]
        assert bodies(make.job(job_type="inspection").id) == []
        service.put_on(job.id, other.id)
        assert bodies(job.id) == ["Check for gas", "Sweep the floor", "Anode rod"]
        with pytest.raises(errors.Conflict, match="already"):
            service.put_on(job.id, other.id)
        dispatch.set_step(job.id, pages.steps(job.id)[0].id, done=True)
        service.take_off(job.id, "Repair")
        assert bodies(job.id) == ["Check for gas", "Anode rod"]  # what was done stays
        with pytest.raises(errors.Conflict):
            service.take_off(job.id, "Repair")
        dispatch.cancel(job.id, "Sold the house")
        with pytest.raises(errors.Conflict):
            service.put_on(job.id, other.id)


def test_a_required_step_of_a_list_put_on_by_hand_keeps_the_job_from_completing(company: Company) -> None:
    with company.acting("manager"):
        made = service.create({"name": "Water heater", "steps": [{"text": "Anode rod", "required": True}]})
        job = make.job()
        dispatch.assign(job.id, [make.technician().id])
        service.put_on(job.id, made.id)
        visit = reading.visits(job.id)[0].id
        for status in ("on_site", "in_progress"):
            dispatch.report(visit, dispatch.Report(status=status))
    with company.acting("manager"), pytest.raises(errors.Conflict, match="Anode rod"):
        dispatch.report(visit, dispatch.Report(status="completed"))


def test_a_changed_list_is_for_jobs_booked_from_now_on(company: Company) -> None:
    with company.acting("manager"):
        made = service.create({"name": "Repair", "job_type": "repair", "steps": STEPS})
        before = make.job().id
        service.update(made.id, {"steps": [{"text": "Only this"}]})
        assert bodies(before) == ["Check for gas", "Sweep the floor"]
        assert bodies(make.job().id) == ["Only this"]
        service.update(made.id, {"archived": True})
        assert bodies(make.job().id) == []
        again = service.create({"name": "REPAIR", "steps": STEPS})
        with pytest.raises(errors.Conflict):
            service.update(made.id, {"archived": False})
        assert again.job_type is None


def test_a_list_is_written_in_the_settings_with_its_steps_in_the_order_they_were_sent(
    company: Company,
) -> None:
    office = company.sign_in("manager")
    assert "No checklists yet" in office.get("/settings/checklists").get_data(as_text=True)
    answer = post(office, "/settings/checklists", name="Tune-up", job_type="maintenance", key=["b", "a", "n1"],
                  step=["Test the alarm", "Check for gas", ""], required=["a"])  # fmt: skip
    assert answer.status_code == 303
    with company.acting("manager"):
        made = db.session.scalars(
            select(ChecklistTemplate).where(ChecklistTemplate.tenant_id == company.tenant_id)
        ).one()
        assert made.steps == [
            {"text": "Test the alarm", "required": False},
            {"text": "Check for gas", "required": True},
        ]
        number = made.id
    page = office.get("/settings/checklists").get_data(as_text=True)
    for words in ("Tune-up", "2 steps, 1 required", "Every maintenance"):
        assert words in page, words
    empty = post(office, "/settings/checklists", name="Empty", key=["a"], step=[" "])
    assert empty.status_code == 422
    assert "Write at least one step." in empty.get_data(as_text=True)
    taken = post(office, "/settings/checklists", name="tune-UP", key=["a"], step=["Step"])
    assert "There is a checklist tune-UP already." in taken.get_data(as_text=True)
    form = office.get(f"/settings/checklists/{number}").get_data(as_text=True)
    assert form.index('value="Test the alarm"') < form.index('value="Check for gas"')
    post(office, f"/settings/checklists/{number}", name="Tune-up", key=["a"], step=["Only this"])
    post(office, f"/settings/checklists/{number}/archive")
    assert "Use again" in office.get("/settings/checklists").get_data(as_text=True)
    assert company.sign_in("dispatcher").get("/settings/checklists").status_code == 403


def test_a_list_is_put_on_a_job_and_taken_off_from_its_page(company: Company) -> None:
    with company.acting("manager"):
        made = service.create({"name": "Water heater", "steps": STEPS}).id
        number = make.job(job_type="inspection").id
    office = company.sign_in("manager")
    assert "Water heater (2)" in office.get(f"/jobs/{number}/checklists").get_data(as_text=True)
    assert post(office, f"/jobs/{number}/checklists", checklist_id="").status_code == 422
    post(office, f"/jobs/{number}/checklists", checklist_id=str(made))
    page = office.get(f"/jobs/{number}").get_data(as_text=True)
    for words in (
        "Check for gas",
        "0 of 2 done",
        "put the checklist Water heater on it",
        "Take off Water heater",
    ):
        assert words in page, words
    post(office, f"/jobs/{number}/checklists/remove?checklist=Water+heater")
    assert "0 of 2 done" not in office.get(f"/jobs/{number}").get_data(as_text=True)


def test_the_page_of_lists_costs_the_same_however_many_there_are(company: Company) -> None:
    office = company.sign_in("manager")
    costs = []
    for turn in range(2):
        office.get("/settings/checklists")
        with counted() as asked:
            office.get("/settings/checklists")
        costs.append(len(asked))
        with company.acting("manager"):
            for n in range(4):
                service.create({"name": f"List {turn} {n}", "steps": STEPS})
    assert costs[0] == costs[1], costs
