"""Skills: the catalogue, who has what, and what dispatch asks."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.factories import fleet, people
from tests.factories.world import Company
from tests.fleet.test_zones import journal_of, names_of_events
from webapp.fleet import queries
from webapp.fleet.queries import skilled
from webapp.fleet.queries.skilled import Filters, SkillHeld
from webapp.fleet.service import skills as service
from webapp.kit import errors
from webapp.kit.db import db
from webapp.models import TechnicianSkill
from webapp.technicians import service as technicians


def test_what_dispatch_asks(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician(), people.technician()
        gas, epa = fleet.skill("gas fitting"), fleet.skill("EPA 608")
        gone = fleet.skill("Old")
        day = date(2027, 3, 1)
        fleet.held(mike, gas, 4, expires_on=day)
        fleet.held(mike, epa, 2)
        service.update_skill(gone.id, {"archived": True})
        assert queries.skills() == [(epa.id, "EPA 608"), (gas.id, "gas fitting")]
        assert queries.skills_of([mike.id, ana.id]) == {
            mike.id: {gas.id: SkillHeld(4, day), epa.id: SkillHeld(2, None)}, ana.id: {},
        }  # fmt: skip
        assert queries.skills_of([]) == {}


def test_a_skill_is_given_changed_and_taken_and_the_technicians_timeline_tells_it(company: Company) -> None:
    with company.acting():
        mike = people.technician().id
        epa = fleet.skill("EPA 608").id
        held = service.create(
            mike, epa, {"level": 3, "expires_on": date(2027, 3, 1), "certificate": "A-1"}
        ).id
    with company.acting():
        service.update(held, {"level": 4, "expires_on": date(2028, 3, 1)})
        service.update(held, {"level": 4})  # nothing new
    with company.acting():
        was = service.remove(held)
        assert was == {"technician_id": mike, "skill_id": epa, "level": 4, "expires_on": "2028-03-01", "certificate": "A-1",
                       "notes": ""}  # fmt: skip
        assert queries.skills_of([mike]) == {mike: {}}
    with company.acting():
        told = [
            (e.action, e.payload["skill"], e.payload["words"])
            for e in journal_of("technician", mike)
            if "skill" in e.action
        ]
    assert told == [
        ("technician-skill.created", "EPA 608", "level 3, to Mar 1, 2027, certificate A-1"),
        ("technician-skill.updated", "EPA 608", "level 3 → 4, to Mar 1, 2028, certificate A-1"),
        ("technician-skill.removed", "EPA 608", "level 4, to Mar 1, 2028, certificate A-1"),
    ]
    assert [n for n in names_of_events(company) if "skill" in n] == [
        "skill.created", "technician-skill.created", "technician-skill.updated", "technician-skill.removed",
    ]  # fmt: skip


def test_an_expiry_in_the_past_is_taken_and_shown(company: Company) -> None:
    with company.acting():
        held = fleet.held(expires_on=skilled.today() - timedelta(days=3))
        assert held.id
        assert skilled.tallies()["expired"] == 1


@pytest.mark.parametrize("level", [0, 6, -1, 10**30, None])
def test_a_level_that_cannot_be_is_refused(company: Company, level: Any) -> None:
    with pytest.raises(errors.Invalid, match="level"), company.acting():
        fleet.held(level=level)


def test_the_same_skill_twice_an_unknown_one_and_an_archived_one_are_refused(company: Company) -> None:
    with company.acting():
        mike, epa = people.technician(name="Mike"), fleet.skill("EPA 608")
        fleet.held(mike, epa)
        with pytest.raises(errors.Conflict, match="Mike has the skill EPA 608 already"):
            fleet.held(mike, epa)
        with pytest.raises(errors.NotFound, match="No technician has the number"):
            service.create(2**40, epa.id, {"level": 3})
        with pytest.raises(errors.NotFound, match="No skill has the number"):
            service.create(mike.id, 2**40, {"level": 3})
        service.update_skill(epa.id, {"archived": True})
        with pytest.raises(errors.Invalid, match="The skill EPA 608 is archived"):
            fleet.held(people.technician(), epa)
        assert (
            service.put(mike.id, epa.id, {"level": 5}).level == 5
        )  # who has it keeps it, and may get better


def test_names_of_skills_are_taken_once_in_any_case(company: Company) -> None:
    with company.acting():
        epa, other = fleet.skill("EPA 608"), fleet.skill("Gas")
        with pytest.raises(errors.Conflict, match="There is a skill EPA 608 already"):
            fleet.skill("epa 608")
        with pytest.raises(errors.Conflict):
            service.update_skill(other.id, {"name": "Epa 608"})
        service.update_skill(epa.id, {"archived": True})
        with pytest.raises(errors.Conflict, match="archived; bring it back instead"):
            fleet.skill("EPA 608")


def test_lists_are_narrowed_and_leave_out_who_left(company: Company) -> None:
    with company.acting():
        today = skilled.today()
        mike, ana = people.technician(name="Mike Johnson"), people.technician(name="Ana Delgado")
        epa, gas = fleet.skill("EPA 608"), fleet.skill("Gas fitting")
        fleet.held(mike, epa, 4, expires_on=today + timedelta(days=10), certificate="608-117")
        fleet.held(mike, gas, 2)
        fleet.held(ana, epa, 5, expires_on=today - timedelta(days=1))

        def found(**filters: Any) -> list[tuple[str, str]]:
            rows = db.session.execute(skilled.rows(Filters(**filters)).order_by(TechnicianSkill.id)).all()
            return [(r.technician.split()[0], r.skill) for r in rows]

        everything = [("Mike", "EPA 608"), ("Mike", "Gas fitting"), ("Ana", "EPA 608")]
        assert found() == everything
        assert found(q="mike") == everything[:2]
        assert found(q="gas mike") == everything[1:2]
        assert found(q="608-117") == everything[:1] or found(q="608 117") == everything[:1]
        assert found(skill_ids=(epa.id,), levels=(5,)) == everything[2:]
        assert found(expiring_days=30, expired=False) == everything[:1]
        assert found(expired=True) == everything[2:]
        assert found(certified=True) == [everything[0], everything[2]]
        technicians.update(ana.id, {"ends_on": date(2020, 1, 1)})
        assert found() == everything[:2]
        assert found(everybody=True) == everything
        assert skilled.tallies() == {"all": 2, "expired": 0, "within_30": 1, "soon": 1, "certified": 1}


def test_several_certificates_get_one_expiry(company: Company) -> None:
    with company.acting():
        ids = [fleet.held().id for _ in range(3)]
        assert service.set_for_all(ids, {"expires_on": date(2027, 1, 1)}) == 3


def test_who_may_not_edit_is_refused(company: Company) -> None:
    with company.acting():
        held = fleet.held().id
    for role in ("dispatcher", "payroll", "technician"):
        for attempt in (
            lambda: fleet.skill("X"),
            lambda: service.update(held, {"level": 1}),
            lambda: service.remove(held),
        ):
            with company.acting(role), pytest.raises(errors.Forbidden):
                attempt()


def test_another_companys_skills_are_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        held = fleet.held()
        foreign, theirs, somebody = held.id, held.skill_id, held.technician_id
    with company.acting():
        own, mike = fleet.skill().id, people.technician().id
        for attempt in (lambda: service.update(foreign, {"level": 1}), lambda: service.remove(foreign),
                        lambda: service.create(mike, theirs, {"level": 1}), lambda: service.create(somebody, own, {"level": 1}),
                        lambda: service.update_skill(theirs, {"name": "Mine"})):  # fmt: skip
            with pytest.raises(errors.NotFound):
                attempt()
        assert queries.skills_of([somebody]) == {somebody: {}}
