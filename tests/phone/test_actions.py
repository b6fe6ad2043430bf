"""What the phone sends: each action once, in its order, never over the office's head."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import phone as make
from tests.factories.phone import Day, Phone
from tests.factories.world import Company
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages
from webapp.dispatch.service import conflicts
from webapp.kit import clock, files
from webapp.kit.db import db, get
from webapp.kit.tables import AuditEntry
from webapp.models import (
    DispatchJob,
    JobFile,
    JobMaterial,
    JobNote,
    JobTime,
    PhoneConflict,
    PositionReport,
    Sale,
    TechnicianPosition,
    TimeEntry,
    Visit,
)


@pytest.fixture
def day(company: Company) -> Day:
    return make.furnish(company)


@pytest.fixture
def phone(company: Company, day: Day) -> Phone:
    return Phone(company)


def how_many(company: Company, model: type) -> int:
    with company.acting("admin"):
        return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def done(answer: object) -> dict:
    assert answer.status_code == 200, answer.get_data(as_text=True)  # type: ignore[attr-defined]
    found: dict = answer.get_json()  # type: ignore[attr-defined]
    assert found["outcome"] == "done", found
    return found


def test_the_phone_gets_everything_it_needs_for_the_day(phone: Phone, day: Day) -> None:
    found = phone.day()
    assert [j["id"] for j in found["jobs"]] == [day.first, day.second]
    first, second = found["jobs"]
    assert first["customer_notes"] == "Dog in the yard. Pays by check."
    assert first["access_notes"] == "Gate code 4711"
    assert first["address"] == "123 Oak St, Tampa FL 33601"
    assert "123+Oak+St" in first["map_url"]
    assert [(u["kind"], u["serial"], u["concerned"]) for u in first["equipment"]] == [
        ("Condenser", "T-9981", True)
    ]
    assert first["equipment"][0]["readings"][0]["value"] == "118"
    assert [(s["body"], s["required"]) for s in first["steps"]] == [
        ("Power off at the disconnect", True), ("Sweep the floor", False)]  # fmt: skip
    assert second["drive_minutes"] is not None
    assert {p["name"] for p in phone.get("/my/phone/prices")} == {"Capacitor 45/5", "AC tune-up"}


def test_a_day_of_many_jobs_is_read_in_as_many_statements_as_one_of_two(
    company: Company, day: Day, phone: Phone
) -> None:
    from tests.factories import dispatch
    from tests.factories.queries import counted

    with counted() as few:
        phone.day()
    with company.acting("admin"):
        tina = make.technician(day)
        for n in range(12):
            made = dispatch.job(f"Job {n}", start=clock.now() + timedelta(hours=1, minutes=n), crew=(tina,),
                                customer_id=day.customer, override_reason="many")  # fmt: skip
            dispatch_note(made.id)
    with counted() as many:
        assert len(phone.day()["jobs"]) == 14
    assert len(many) == len(few)


def dispatch_note(job_id: int) -> None:
    dispatch.write_note(job_id, "Call ahead")
    dispatch.add_material(job_id, description="Tape")


def test_the_same_action_sent_twice_is_done_once_and_answered_alike(
    company: Company, phone: Phone, day: Day
) -> None:
    job = phone.job(day.first)
    first = done(phone.send("note", job, key="note-1-abcdef", body="Fuse was blown"))
    answer = phone.send("note", job, key="note-1-abcdef", body="Fuse was blown")
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert done(answer)["id"] == first["id"]
    assert how_many(company, JobNote) == 1


def test_a_photo_sent_twice_is_kept_once_although_its_envelope_differs(
    company: Company, phone: Phone, day: Day
) -> None:
    job, data = phone.job(day.first), make.picture()
    for _ in range(2):
        done(
            phone.send("photo", job, key="photo-1-abcdef", picture=data, stage="before", caption="Nameplate")
        )
    assert how_many(company, JobFile) == 1
    with company.acting("admin"):
        (row,) = pages.files(day.first)
        assert (row.JobFile.kind, row.JobFile.stage, row.JobFile.caption) == ("photo", "before", "Nameplate")
        assert row.StoredFile.media_type == "image/jpeg"


def test_a_key_used_for_something_else_is_refused(phone: Phone, day: Day) -> None:
    job = phone.job(day.first)
    done(phone.send("note", job, key="note-1-abcdef", body="One"))
    assert phone.send("note", job, key="note-1-abcdef", body="Two").status_code == 422


def test_a_whole_job_is_done_from_the_phone_with_its_true_times(
    company: Company, day: Day, phone: Phone
) -> None:
    start = clock.now().replace(microsecond=0)
    job = phone.job(day.first)
    done(phone.send("clock-in"))
    seen = "dispatched"
    for minutes, to in enumerate(("acknowledged", "en_route", "on_site", "in_progress")):
        done(
            phone.send(
                "status",
                job,
                at=start - timedelta(minutes=60 - minutes),
                status=to,
                seen=seen,
                visit_id=job["visit_id"],
            )
        )
        seen = to
    step = job["steps"][0]
    done(
        phone.send("checklist", job, step_id=step["id"], done=True, note="", seen={"done": False, "note": ""})
    )
    done(phone.send("material", job, item_id=day.item, description="Capacitor 45/5", quantity_milli=2000))
    done(phone.send("reading", job, equipment_id=day.unit, name="Suction pressure", value="120", unit="psi"))
    done(phone.send("signature", job, picture=make.picture("PNG"), signer="John Smith"))
    sold = done(phone.send("sale", job, item_id=day.item, price_cents=18_900))
    assert sold["earned_cents"] >= 0
    done(
        phone.send(
            "status",
            job,
            status="completed",
            seen="in_progress",
            outcome="Replaced the capacitor",
            seen_outcome="",
        )
    )
    with company.acting("admin"):
        found = get(DispatchJob, day.first)
        assert (found.status, found.outcome) == ("completed", "Replaced the capacitor")
        visit = reading.visits(day.first)[0]
        assert visit.on_site_at == start - timedelta(minutes=58)
        (material,) = pages.materials(day.first)
        assert (material.quantity_milli, material.unit_price_cents, material.added_by) == (
            2000,
            18_900,
            "Technician Person",
        )
        sale = get(Sale, sold["id"])
        assert (sale.customer_id, sale.sale_price_cents, sale.technician_id) == (
            day.customer,
            18_900,
            day.technician,
        )
        times = db.session.scalars(select(JobTime).order_by(JobTime.started_at)).all()
        assert [(t.kind, t.ended_at is not None) for t in times] == [("travel", True), ("work", True)]
        assert db.session.scalars(select(TimeEntry)).one().clock_out is None


def test_a_step_that_the_office_has_taken_meanwhile_is_no_contradiction(
    company: Company, day: Day, phone: Phone
) -> None:
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        dispatch.report(job["visit_id"], dispatch.Report(status="on_site"))
    done(phone.send("status", job, status="acknowledged", seen="dispatched"))
    done(phone.send("status", job, status="on_site", seen="acknowledged"))
    assert how_many(company, PhoneConflict) == 0
    with company.acting("admin"):
        assert get(Visit, job["visit_id"]).acknowledged_at is not None


# Two versions -----------------------------------------------------------------------------------------------------


def test_a_checklist_step_that_both_changed_shows_both_versions_and_the_office_decides(
    company: Company, day: Day, phone: Phone
) -> None:
    job = phone.job(day.first)
    step = job["steps"][1]
    with company.acting("dispatcher"):
        dispatch.set_step(day.first, step["id"], done=False, note="Customer does it")
    answer = phone.send(
        "checklist", job, step_id=step["id"], done=True, note="Swept", seen={"done": False, "note": ""}
    ).get_json()
    assert answer["outcome"] == "conflict"
    assert answer["conflict"]["phone"] == "Done: Swept"
    assert answer["conflict"]["office"] == "Not done: Customer does it"
    shown = phone.job(day.first)["conflicts"]
    assert [c["subject"] for c in shown] == ["checklist step “Sweep the floor”"]
    office = company.sign_in("dispatcher")
    page = office.get(f"/jobs/{day.first}").text
    assert "Two versions" in page and "Customer does it" in page and "Swept" in page
    assert "differ" in office.get("/notices").text
    from tests.factories.world import csrf_of

    answer = office.post(
        f"/jobs/{day.first}/conflicts/{shown[0]['id']}", data={"csrf_token": csrf_of(page), "choice": "phone"}
    )
    assert answer.status_code == 303
    kept = next(s for s in phone.job(day.first)["steps"] if s["id"] == step["id"])
    assert (kept["done"], kept["note"], kept["by"]) == (True, "Swept", "Tina Torres")
    assert phone.job(day.first)["conflicts"] == []


def test_the_technician_may_decide_too(company: Company, day: Day, phone: Phone) -> None:
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        dispatch.update(day.first, {"outcome": "Ordered a part"})
    answer = done(
        phone.send(
            "status", job, status="on_site", seen="dispatched", outcome="Cleaned the coil", seen_outcome=""
        )
    )
    conflict = answer["conflict"]
    assert (conflict["subject"], conflict["phone"], conflict["office"]) == (
        "what was done",
        "Cleaned the coil",
        "Ordered a part",
    )
    assert phone.post(f"/my/phone/conflicts/{conflict['id']}", {"choice": "phone"}).status_code == 200
    assert phone.job(day.first)["outcome"] == "Cleaned the coil"
    again = phone.post(f"/my/phone/conflicts/{conflict['id']}", {"choice": "office"})
    assert again.status_code == 409
    assert "decided already" in again.headers["HX-Trigger"]


def test_work_on_a_job_that_was_cancelled_meanwhile_is_kept_for_the_office_to_decide(
    company: Company, day: Day, phone: Phone
) -> None:
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        dispatch.cancel(day.first, "Customer sold the house")
    answer = phone.send("status", job, status="on_site", seen="dispatched").get_json()
    assert answer["outcome"] == "conflict"
    assert "Customer sold the house" in answer["conflict"]["office"]
    photo = phone.send("photo", job, picture=make.picture(), caption="Rust").get_json()
    assert photo["outcome"] == "conflict"
    assert how_many(company, JobFile) == 0
    assert [c["subject"] for c in phone.day()["conflicts"]] == ["status", "photo"]
    with company.acting("dispatcher"):
        dispatch.resolve_conflict(photo["conflict"]["id"], "phone")
    with company.acting("admin"):
        (row,) = pages.files(day.first)
        assert (row.JobFile.caption, row.JobFile.added_by) == ("Rust", "Tina Torres")


def test_a_job_given_to_somebody_else_keeps_what_the_first_one_did(
    company: Company, day: Day, phone: Phone
) -> None:
    from tests.factories import dispatch as dispatching

    job = phone.job(day.first)
    with company.acting("dispatcher"):
        other = dispatching.technician("Oscar Other")
        dispatch.assign(day.first, [other.id], override_reason="nearer")
    note = phone.send("note", job, body="Was there, nobody home").get_json()
    assert note["outcome"] == "conflict"
    assert "Oscar Other" in note["conflict"]["office"]
    with company.acting("dispatcher"):
        dispatch.resolve_conflict(note["conflict"]["id"], "phone")
        (kept,) = pages.notes(day.first)
        assert (kept.body, kept.author, kept.technician_id) == (
            "Was there, nobody home",
            "Tina Torres",
            day.technician,
        )


def test_a_job_that_never_was_mine_is_not_found(company: Company, day: Day, phone: Phone) -> None:
    from tests.factories import dispatch as dispatching

    with company.acting("dispatcher"):
        other = dispatching.job("Not mine")
        number = other.id
    answer = phone.send("note", {"id": number, "pass": "made up"}, body="Hello").get_json()
    assert (answer["outcome"], "No job" in answer["message"]) == ("refused", True)
    assert how_many(company, PhoneConflict) == 0


# Wrong clocks, wrong values ---------------------------------------------------------------------------------------


def test_a_phone_whose_clock_is_three_hours_fast_reports_the_true_times(
    company: Company, day: Day, phone: Phone
) -> None:
    now = clock.now().replace(microsecond=0)
    fast = timedelta(hours=3)
    job = phone.job(day.first)
    done(
        phone.send(
            "status",
            job,
            at=now - timedelta(minutes=30) + fast,
            sent_at=now + fast,
            status="on_site",
            seen="dispatched",
        )
    )
    done(phone.send("clock-in", at=now - timedelta(minutes=20) + fast, sent_at=now + fast))
    with company.acting("admin"):
        assert abs(reading.visits(day.first)[0].on_site_at - (now - timedelta(minutes=30))) < timedelta(
            seconds=30
        )  # type: ignore[operator]
        entry = db.session.scalars(select(TimeEntry)).one()
        assert abs(entry.clock_in - (now - timedelta(minutes=20))) < timedelta(seconds=30)
        assert entry.flag == "clock_skew"


def test_what_lies_in_the_future_or_long_ago_is_refused_in_words(phone: Phone, day: Day) -> None:
    job, now = phone.job(day.first), clock.now()
    future = phone.send("note", job, at=now + timedelta(hours=1), body="x").get_json()
    assert "future" in future["message"]
    old = phone.send("note", job, at=now - timedelta(days=9), body="x").get_json()
    assert "7 days ago" in old["message"]


@pytest.mark.parametrize(("kind", "data", "words"), [
    ("status", {"status": "flying"}, "must be one of"),
    ("status", {"status": "on_site", "latitude": 91.0, "longitude": 0.0}, "between -90 and 90"),
    ("material", {"description": "", "quantity_milli": 1000}, "Choose an item"),
    ("material", {"description": "Tape", "quantity_milli": 0}, "more than 0"),
    ("material", {"description": "Tape", "quantity_milli": "many"}, "cannot be read"),
    ("reading", {"equipment_id": 10**12, "name": "x", "value": "1"}, "no equipment"),
    ("checklist", {"step_id": 10**12, "done": True}, "not on the checklist"),
    ("note", {"body": "  "}, "Write something"),
    ("dance", {}, "must be one of"),
    ("sale", {"item_id": "x", "price_cents": 5}, "an item and a price"),
    ("clock-out", {}, "not clocked in"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_writes_nothing(
    company: Company, phone: Phone, day: Day, kind: str, data: dict, words: str
) -> None:
    answer = phone.send(kind, phone.job(day.first), **data)
    assert answer.status_code == 200
    found = answer.get_json()
    assert found["outcome"] == "refused"
    assert words in found["message"]
    assert [how_many(company, m) for m in (JobNote, JobMaterial, Sale, TimeEntry, PhoneConflict)] == [
        0,
        0,
        0,
        0,
        0,
    ]
    with company.acting("admin"):
        assert get(DispatchJob, day.first).status == "dispatched"


def test_what_is_no_picture_is_refused(company: Company, phone: Phone, day: Day) -> None:
    job = phone.job(day.first)
    answer = phone.send("photo", job, picture=b"<svg onload=alert(1)>").get_json()
    assert (answer["outcome"], "not a picture" in answer["message"]) == ("refused", True)
    assert (
        phone.send("signature", job, picture=make.picture("PNG"), signer=" ").get_json()["outcome"]
        == "refused"
    )
    assert how_many(company, JobFile) == 0


def test_nobody_sends_what_somebody_else_kept_on_the_phone(company: Company, phone: Phone, day: Day) -> None:
    answer = phone.send("note", phone.job(day.first), body="Mine", person="00000000-1")
    assert answer.status_code == 403
    assert how_many(company, JobNote) == 0


def test_a_phone_cannot_name_a_file_of_the_company_to_have_it_shown_or_deleted(
    company: Company, phone: Phone, day: Day
) -> None:
    with company.acting("admin"):
        secret = files.store("payroll.pdf", "application/pdf", b"%PDF", purpose="pay").id
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        dispatch.update(day.first, {"outcome": "The office wrote this"})
    answer = phone.send("outcome", job, outcome="Mine", seen_outcome="", kept_file=secret).get_json()
    with company.acting("admin"):
        assert "kept_file" not in get(PhoneConflict, answer["conflict"]["id"]).sent
    assert (
        phone.post(f"/my/phone/conflicts/{answer['conflict']['id']}", {"choice": "office"}).status_code == 200
    )
    with company.acting("admin"):
        assert files.read(files.find(secret)) == b"%PDF"


def test_when_a_step_was_that_the_office_passed_over_is_told_by_name_in_the_history(
    company: Company, phone: Phone, day: Day
) -> None:
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        visit = reading.visits(day.first)[0]
        dispatch.report(visit.id, dispatch.Report(status="in_progress", reason="Told by phone"))
    done(phone.send("status", job, status="on_site", seen="dispatched", at=clock.now() - timedelta(hours=3)))
    with company.acting("admin"):
        assert reading.visits(day.first)[0].on_site_at is not None
        (said,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "dispatch.step-time"))
        assert (said.actor_name, said.record_id) == ("Technician Person", day.first)


def test_what_is_no_picture_is_not_kept_for_a_job_that_went_to_somebody_else(
    company: Company, phone: Phone, day: Day
) -> None:
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        dispatch.unassign(day.first)
    answer = phone.send("photo", job, picture=b"<svg onload=alert(1)>" * 1000)
    assert answer.get_json()["outcome"] == "refused"
    assert how_many(company, PhoneConflict) == 0


def test_whoever_was_taken_off_a_job_cannot_decide_that_their_words_stand_on_it(
    company: Company, phone: Phone, day: Day
) -> None:
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        dispatch.unassign(day.first)
    answer = phone.send("outcome", job, outcome="Mine all the same").get_json()
    assert answer["outcome"] == "conflict"
    path = f"/my/phone/conflicts/{answer['conflict']['id']}"
    assert phone.post(path, {"choice": "phone"}).status_code == 409
    assert phone.post(path, {"choice": "office"}).status_code == 409, (
        "nor let it go before the office has seen it"
    )
    with company.acting("dispatcher"):
        assert get(DispatchJob, day.first).outcome == ""
        dispatch.resolve_conflict(answer["conflict"]["id"], "phone")
        assert get(DispatchJob, day.first).outcome == "Mine all the same"


def test_a_phone_cannot_fill_the_office_with_differences(
    company: Company, phone: Phone, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conflicts, "MOST_OPEN", 3)
    job = phone.job(day.first)
    with company.acting("dispatcher"):
        dispatch.unassign(day.first)
    answers = [phone.send("note", job, body=f"Note {n}").get_json() for n in range(5)]
    assert [a["outcome"] for a in answers] == ["conflict"] * 3 + ["refused"] * 2
    assert "wait for the office" in answers[-1]["message"]
    assert how_many(company, PhoneConflict) == 3


@pytest.mark.parametrize(("kind", "data"), [
    ("status", {"status": "en_route", "visit_id": {"a": 1}}), ("status", {"status": "en_route", "visit_id": 2**64 - 1}),
    ("status", {"status": "en_route", "latitude": True, "longitude": 1}), ("checklist", {"step_id": [1]}),
    ("sale", {"item_id": 1, "price_cents": 2**64 - 1}), ("material", {"item_id": "x", "quantity_milli": 1}),
    ("clock-in", {"latitude": "here", "longitude": "there"}),
])  # fmt: skip
def test_what_is_no_number_is_refused_for_good_and_not_sent_again_for_ever(
    phone: Phone, day: Day, kind: str, data: dict
) -> None:
    answer = phone.send(kind, phone.job(day.first), **data)
    assert answer.status_code == 200
    assert answer.get_json()["outcome"] == "refused"


# Positions --------------------------------------------------------------------------------------------------------


def test_a_position_is_kept_only_with_consent_and_while_clocked_in(
    company: Company, phone: Phone, day: Day
) -> None:
    here = {"latitude": 27.95, "longitude": -82.45, "speed": 31.4, "heading": 359.7}
    assert phone.post("/my/phone/location", here).status_code == 403
    done(phone.send("consent", agreed=True))
    assert phone.post("/my/phone/location", here).status_code == 409
    done(phone.send("clock-in"))
    assert phone.post("/my/phone/location", here).status_code == 200
    assert phone.post("/my/phone/location", here | {"latitude": 190.0}).status_code == 422
    done(
        phone.send(
            "status",
            phone.job(day.first),
            status="en_route",
            seen="dispatched",
            latitude=27.96,
            longitude=-82.46,
        )
    )
    with company.acting("admin"):
        place = db.session.scalars(select(TechnicianPosition)).one()
        assert (float(place.latitude), place.visit_id) == (27.96, reading.visits(day.first)[0].id)
    assert how_many(company, PositionReport) == 2
    done(phone.send("consent", agreed=False))
    assert phone.post("/my/phone/location", here).status_code == 403
    assert how_many(company, TechnicianPosition) == 0
    assert phone.day()["consent"] == {"agreed": False, "asked": True}
