"""What is kept in the field, as the office sees and changes it; and the time that a visit's steps keep."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import dispatch as dispatching
from tests.factories import phone as make
from tests.factories.phone import Day
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.dispatch import service
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages
from webapp.dispatch.service import positions
from webapp.kit import clock, errors, files
from webapp.kit.db import add, db, get
from webapp.kit.tables import StoredFile
from webapp.models import DispatchJob, JobMaterial, JobTime, PositionReport, Technician


@pytest.fixture
def day(company: Company) -> Day:
    return make.furnish(company)


def test_the_office_adds_and_removes_materials(company: Company, day: Day) -> None:
    office = company.sign_in("dispatcher")
    token = csrf_of(office.get(f"/jobs/{day.first}/materials").text)
    sent = {
        "csrf_token": token,
        "item_id": str(day.item),
        "quantity": "2.5",
        "description": "",
        "unit_price_cents": "",
    }
    assert office.post(f"/jobs/{day.first}/materials", data=sent).status_code == 303
    page = office.get(f"/jobs/{day.first}").text
    assert "Capacitor 45/5" in page
    assert "× 2.5" in page
    assert "$189.00" in page
    with company.acting("admin"):
        number = pages.materials(day.first)[0].id
    office.post(f"/jobs/{day.first}/materials/{number}/remove", data={"csrf_token": token})
    page = office.get(f"/jobs/{day.first}").text
    assert "Nothing used yet." in page
    assert "took 2.5 × Capacitor 45/5 off" in page


@pytest.mark.parametrize(("sent", "words"), [
    ({"quantity": "0", "description": "Tape"}, "more than 0"),
    ({"quantity": "some", "description": "Tape"}, "more than 0"),
    ({"quantity": "1", "description": ""}, "Choose an item"),
])  # fmt: skip
def test_a_material_that_cannot_be_is_refused_in_words(
    company: Company, day: Day, sent: dict[str, str], words: str
) -> None:
    office = company.sign_in("dispatcher")
    token = csrf_of(office.get(f"/jobs/{day.first}/materials").text)
    answer = office.post(
        f"/jobs/{day.first}/materials",
        data={"csrf_token": token, "item_id": "", "unit_price_cents": ""} | sent,
    )
    assert answer.status_code == 422
    assert words in answer.text


def test_a_price_that_changes_later_leaves_what_was_used_as_it_was(company: Company, day: Day) -> None:
    from webapp.models import Item

    with company.acting("admin"):
        service.add_material(day.first, item_id=day.item)
        get(Item, day.item).list_price_cents = 99_900
    with company.acting("admin"):
        assert db.session.scalars(select(JobMaterial.unit_price_cents)).one() == 18_900


def test_the_office_adds_photos_and_documents_and_removes_them_bytes_and_all(
    company: Company, day: Day
) -> None:
    office = company.sign_in("dispatcher")
    token = csrf_of(office.get(f"/jobs/{day.first}/files").text)
    sent = {
        "csrf_token": token, "caption": "From the customer",
        "files": [(io.BytesIO(make.picture("PNG")), "leak.png"), (io.BytesIO(b"%PDF-1.7"), "quote.pdf")],
    }  # fmt: skip
    assert office.post(f"/jobs/{day.first}/files", data=sent).status_code == 303
    with company.acting("admin"):
        photo, document = pages.files(day.first)
        assert [photo.JobFile.kind, document.JobFile.kind] == ["photo", "document"]
        number, kept = photo.JobFile.id, photo.StoredFile
        assert files.read(kept) == make.picture("PNG")
    page = office.get(f"/jobs/{day.first}").text
    assert 'alt="From the customer"' in page
    assert "quote.pdf" in page
    office.post(f"/jobs/{day.first}/files/{number}/remove", data={"csrf_token": token})
    with company.acting("admin"):
        assert [row.JobFile.kind for row in pages.files(day.first)] == ["document"]
        assert db.session.get(StoredFile, (company.tenant_id, kept.id)) is None
        with pytest.raises(errors.NotFound):
            files.read(kept)


def test_a_technician_removes_only_what_is_their_own(company: Company, day: Day) -> None:
    with company.acting("dispatcher"):
        photo = service.add_photo(day.first, make.picture())
        material = service.add_material(day.first, description="Tape")
    with company.acting("technician"):
        with pytest.raises(errors.NotFound):
            service.remove_file(day.first, photo.id)
        with pytest.raises(errors.NotFound):
            service.remove_material(day.first, material.id)


def test_the_jobs_page_costs_the_same_however_much_is_kept_on_it(company: Company, day: Day) -> None:
    office = company.sign_in("dispatcher")
    office.get(f"/jobs/{day.first}")
    with counted() as few:
        office.get(f"/jobs/{day.first}")
    with company.acting("technician"):
        for n in range(6):
            service.add_photo(day.first, make.picture(), caption=f"Photo {n}")
            service.add_material(day.first, description=f"Tape {n}")
            service.take_reading(day.first, day.unit, "Superheat", str(n))
    with counted() as many:
        office.get(f"/jobs/{day.first}")
    assert len(many) == len(few)


def test_steps_keep_the_time_of_everybody_on_the_visit(company: Company, day: Day) -> None:
    start = clock.now().replace(microsecond=0) - timedelta(hours=2)
    with company.acting("dispatcher"):
        helper = dispatching.technician("Hal Helper")
        service.assign(day.first, [day.technician, helper.id], override_reason="heavy")
        visit = reading.visits(day.first)[0].id
        service.set_step(day.first, pages.steps(day.first)[0].id, done=True)
        for minutes, status in ((0, "en_route"), (20, "on_site"), (25, "in_progress"), (70, "completed")):
            service.report(
                visit, service.Report(status=status, happened_at=start + timedelta(minutes=minutes))
            )
        times = db.session.scalars(select(JobTime).order_by(JobTime.technician_id, JobTime.started_at)).all()
        spans = [(t.kind, (t.ended_at - t.started_at).seconds // 60) for t in times if t.ended_at]
        assert spans == [("travel", 20), ("work", 50)] * 2


def test_a_cancelled_job_ends_the_time_on_it(company: Company, day: Day) -> None:
    with company.acting("dispatcher"):
        visit = reading.visits(day.first)[0].id
        service.report(visit, service.Report(status="on_site"))
        service.cancel(day.first, "Nobody home")
        assert db.session.scalars(select(JobTime)).one().ended_at is not None


def test_the_trail_is_kept_for_thirty_days(company: Company, day: Day) -> None:
    with company.acting("admin"):
        for days in (1, 29, 31, 40):
            add(PositionReport(technician_id=day.technician, latitude=27.9, longitude=-82.4,
                               seen_at=clock.now() - timedelta(days=days)))  # fmt: skip
        assert positions.forget_old() == 2
        assert len(db.session.scalars(select(PositionReport)).all()) == 2


def test_the_office_sees_who_agreed_to_positions(company: Company, day: Day) -> None:
    office = company.sign_in("dispatcher")
    assert "Not asked, or not agreed" in office.get(f"/technicians/{day.technician}").text
    with company.acting("technician"):
        positions.agree()
    assert "Agreed to positions" in office.get(f"/technicians/{day.technician}").text
    with company.acting("technician"):
        positions.withdraw()
    assert "Consent taken back" in office.get(f"/technicians/{day.technician}").text
    with company.acting("admin"):
        assert get(Technician, day.technician).name == "Tina Torres"
        assert get(DispatchJob, day.first).status == "dispatched"
