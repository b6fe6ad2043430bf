"""Zones: commands on them, and what dispatch asks."""

from datetime import date
from typing import Any

import pytest

from tests.factories import fleet, people
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.fleet import queries
from webapp.fleet.queries import zones as reading
from webapp.fleet.service import zones as service
from webapp.kit import context, errors
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event
from webapp.technicians import service as technicians


def journal_of(record_type: str, record_id: int) -> list[AuditEntry]:
    found = db.session.query(AuditEntry).filter_by(
        tenant_id=context.tenant_id(), record_type=record_type, record_id=record_id
    )
    return list(found.order_by(AuditEntry.seq))


def names_of_events(company: Company) -> list[str]:
    with company.acting():
        found = db.session.query(Event).filter_by(tenant_id=company.tenant_id).order_by(Event.seq)
        return [e.name for e in found]


def order() -> list[str]:
    return [z.name for z in reading.in_order()]


def test_a_place_finds_its_zone_in_one_query(company: Company) -> None:
    with company.acting():
        listed = fleet.zone("Listed", zips=["33606"]).id
        drawn = fleet.zone("Drawn", polygon=fleet.SQUARE).id
        for n in range(15):
            fleet.zone(f"Far {n}", zips=["10001-10010"])
    with company.acting():
        queries.zone_of("33606", None, None)
        with counted() as asked:
            found = queries.zone_of("33606", None, None)
        assert len(asked) == 1
        assert found == listed
        assert queries.zone_of("33609", None, None) == drawn
        assert queries.zone_of("", 27.95, -82.46) == drawn
        assert queries.zone_of("99999", None, None) is None
        assert queries.zone_of("", None, None) is None
        places = [
            queries.Place("33606"),
            queries.Place("", 27.95, -82.46),
            queries.Place("10001"),
            queries.Place("x"),
        ]
        with counted() as asked:
            several = queries.zones_at(places)
        assert len(asked) == 1
        assert several[:2] == [listed, drawn]
        assert several[3] is None


def test_an_archived_zone_serves_nobody(company: Company) -> None:
    with company.acting():
        zone = fleet.zone(zips=["33606"])
        service.update(zone.id, {"archived": True})
        assert queries.zone_of("33606", None, None) is None
        service.update(zone.id, {"archived": False})
        assert queries.zone_of("33606", None, None) == zone.id


def test_who_serves_which_zones(company: Company) -> None:
    with company.acting():
        mike, ana, tom = (people.technician() for _ in range(3))
        north = fleet.zone(technician_ids=[mike.id, ana.id]).id
        south = fleet.zone(technician_ids=[mike.id]).id
        gone = fleet.zone(technician_ids=[tom.id]).id
        service.update(gone, {"archived": True})
        found = queries.zones_of([mike.id, ana.id, tom.id])
        assert found == {mike.id: {north, south}, ana.id: {north}}  # Tom's is archived: he serves all
        assert queries.zones_of([]) == {}
        assert reading.who_serves(south) == [mike.id, tom.id]
        technicians.update(mike.id, {"ends_on": date(2020, 1, 1)})
        assert reading.who_serves(south) == [tom.id]


def test_a_zone_is_added_changed_and_told_of(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician(name="Mike"), people.technician(name="Ana")
        zone = service.create(
            {"name": "North", "zips": "33601-33603", "technician_ids": [mike.id], "notes": "Gate"}
        )
        number = zone.id
        before = zone.updated_at
    with company.acting():
        changed = service.update(number, {"zips": ["33601", "33606"], "technician_ids": [ana.id]})
        assert changed.updated_at > before  # lists of changed records have it
        assert reading.zips_of([number]) == {number: ["33601", "33606"]}
        assert reading.technicians_of([number]) == {number: [ana.id]}
        assert service.update(number, {"zips": "33601 33606"}).updated_at == changed.updated_at  # nothing new
    with company.acting():
        said = [(e.action, e.payload.get("changes")) for e in journal_of("service_zone", number)]
    assert said == [
        ("service-zone.created", None),
        ("service-zone.updated", "Added 33606. Removed 33602 and 33603. Now served by Ana. No longer served by Mike."),
    ]  # fmt: skip
    assert [n for n in names_of_events(company) if "zone" in n] == [
        "service-zone.created",
        "service-zone.updated",
    ]


def test_a_list_becomes_an_area_and_back(company: Company) -> None:
    with company.acting():
        zone = fleet.zone(zips=["33606"])
        service.update(zone.id, {"polygon": fleet.SQUARE})
        assert (zone.kind, reading.zips_of([zone.id])) == ("polygon", {})
        service.update(zone.id, {"zips": ["33609"]})
        assert (zone.kind, zone.polygon, reading.zips_of([zone.id])) == ("zip", None, {zone.id: ["33609"]})
    with company.acting():
        assert queries.zone_of("", 27.95, -82.46) is None


def test_unknown_zip_codes_are_named_and_can_be_kept(company: Company) -> None:
    with company.acting():
        with pytest.raises(errors.Invalid, match="00000 and 99999 are no ZIP codes that we know"):
            service.create({"name": "A", "zips": "33606 00000 99999"})
        zone = service.create({"name": "A", "zips": "33606 00000"}, keep_unknown=True)
        # what was kept once is not asked about again, what is new is
        service.update(zone.id, {"zips": "33606 33609 00000"})
        with pytest.raises(errors.Invalid, match="99999"):
            service.update(zone.id, {"zips": "33606 00000 99999"})
        assert queries.zone_of("00000", None, None) == zone.id


@pytest.mark.parametrize(("values", "kind", "words"), [
    ({"name": "north", "zips": "33606"}, errors.Conflict, "There is a zone north already"),
    ({"name": "B", "zips": "33606", "technician_ids": [2**40]}, errors.NotFound, "No technician has the number"),
    ({"name": "B", "polygon": [[0, 0], [2, 2], [2, 0], [0, 2]]}, errors.Invalid, "crosses itself"),
    ({"name": "B"}, errors.Invalid, "at least one ZIP code"),
])  # fmt: skip
def test_a_zone_that_cannot_be_is_refused_and_nothing_is_left(
    company: Company, values: dict[str, Any], kind: type[errors.AppError], words: str
) -> None:
    with company.acting():
        fleet.zone("North")
    with pytest.raises(kind, match=words), company.acting():
        service.create(values)
    with company.acting():
        assert order() == ["North"]


def test_an_archived_name_is_free_until_it_comes_back(company: Company) -> None:
    with company.acting():
        old = fleet.zone("North").id
        service.update(old, {"archived": True})
        fleet.zone("North")
        with pytest.raises(errors.Conflict):
            service.update(old, {"archived": False})


def test_zones_move_in_the_order_and_the_first_wins(company: Company) -> None:
    with company.acting():
        a, b, c = (fleet.zone(name, zips=["33606"]).id for name in "ABC")
        assert order() == ["A", "B", "C"]
        service.move(c, "up")
        assert order() == ["A", "C", "B"]
        service.move(a, "up")  # at the top it stays
        assert order() == ["A", "C", "B"]
        service.place(b, 1)
        assert order() == ["B", "A", "C"]
        assert queries.zone_of("33606", None, None) == b
        service.place(b, 99)
        assert order() == ["A", "C", "B"]
        service.update(c, {"archived": True})
        service.update(c, {"archived": False})
        assert order() == ["A", "B", "C"]  # what comes back comes last
        service.update(a, {"archived": True})
        with pytest.raises(errors.Conflict, match="has no place in the order"):
            service.place(a, 1)


def test_several_are_archived_and_taken_back_together(company: Company) -> None:
    with company.acting():
        ids = [fleet.zone().id for _ in range(3)]
        batch, changed = service.archive_all(ids, archived=True)
        assert changed == 3
    with company.acting():
        service.update(ids[0], {"archived": False})  # somebody was faster
        assert service.undo(batch) == 2
        assert len(order()) == 3
        assert service.undo("batch_unknown") == 0


def test_archiving_says_who_would_serve_everywhere(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician(), people.technician()
        north, south = fleet.zone(technician_ids=[mike.id, ana.id]).id, fleet.zone(technician_ids=[ana.id]).id
        assert reading.serving_only([north]) == 1
        assert reading.serving_only([north, south]) == 2


def test_overlaps_name_both_zones(company: Company) -> None:
    with company.acting():
        fleet.zone("Listed", zips=["33606", "10001"])
        fleet.zone("Drawn", polygon=fleet.SQUARE)
        fleet.zone("Apart", zips=["90210"])
        (found,) = reading.overlapping()
        pair, names = found
        assert (names[pair.first], names[pair.second], pair.zips) == ("Listed", "Drawn", ("33606",))


def test_who_may_not_edit_is_refused(company: Company) -> None:
    with company.acting():
        zone = fleet.zone().id
    for role in ("dispatcher", "payroll", "technician"):
        for attempt in (
            lambda: fleet.zone("X"),
            lambda: service.update(zone, {"notes": "x"}),
            lambda: service.move(zone, "up"),
        ):
            with company.acting(role), pytest.raises(errors.Forbidden):
                attempt()


def test_another_companys_zone_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign, somebody = fleet.zone("Theirs", zips=["33606"]).id, people.technician().id
    with company.acting():
        assert queries.zone_of("33606", None, None) is None
        for attempt in (lambda: service.update(foreign, {"notes": "x"}), lambda: service.place(foreign, 1),
                        lambda: fleet.zone(technician_ids=[somebody])):  # fmt: skip
            with pytest.raises(errors.NotFound):
                attempt()
        assert queries.zones_of([somebody]) == {}
