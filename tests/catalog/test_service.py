"""Adding and changing items and categories, one by one and many at once."""

import pytest
from sqlalchemy import select

from tests.factories import people
from tests.factories.world import Company
from webapp.catalog import queries, service
from webapp.kit import errors, money
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Item


def test_an_item_is_found_by_name_code_and_description(company: Company) -> None:
    with company.acting():
        made = people.item(name="AC tune-up", code="AC-100", description="Two hours on site")
        for typed in ("tune", "ac 100", "hours"):
            assert [r.id for r in queries.options(typed)] == [made.id], typed
        service.update(made.id, {"archived": True})
        assert queries.options("tune") == []


def test_every_change_is_audited_and_told_by_its_own_name(company: Company) -> None:
    with company.acting():
        made_id = people.item(list_price_cents=100).id
        service.update(made_id, {"list_price_cents": 200})
        service.update(made_id, {"archived": True})
        service.update(made_id, {"archived": False})
        service.update(made_id, {"archived": False})  # changes nothing
    with company.acting():
        names = ["item.created", "item.updated", "item.archived", "item.unarchived"]
        audit = select(AuditEntry).where(
            AuditEntry.tenant_id == company.tenant_id, AuditEntry.record_type == "item"
        )
        entries = list(db.session.scalars(audit.order_by(AuditEntry.seq)))
        assert [e.action for e in entries] == names
        assert entries[1].payload["diff"] == {"list_price_cents": {"from": 100, "to": 200}}
        told = select(Event.name).where(Event.tenant_id == company.tenant_id, Event.record_type == "item")
        assert list(db.session.scalars(told.order_by(Event.seq))) == names


def test_no_two_items_share_a_code_and_no_two_categories_a_name(
    company: Company, other_company: Company
) -> None:
    with company.acting():
        people.item(name="First", code="A-1")
        with pytest.raises(errors.Conflict, match="A-1 is the code of “First”"):
            people.item(code="A-1")
        cooling = people.category("Cooling")
        with pytest.raises(errors.Conflict, match="already"):
            people.category("COOLING")
        service.update_category(cooling.id, {"name": "cooling"})  # its own name in another case
    with other_company.acting():
        people.item(code="A-1")
        people.category("Cooling")


def test_a_category_must_exist_here_and_be_in_use(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = people.category().id
    with company.acting():
        old = people.category("Old")
        inside = people.item(category_id=old.id)
        service.update_category(old.id, {"archived": True})
        for unknown in (foreign, 2**62):
            with pytest.raises(errors.NotFound, match="No category"):
                people.item(category_id=unknown)
        with pytest.raises(errors.Invalid, match="Old is archived"):
            people.item(category_id=old.id)
        service.update(inside.id, {"name": "Still there"})
        assert inside.category_id == old.id


def test_prices_change_together_and_back(company: Company) -> None:
    with company.acting():
        one, two = people.item(list_price_cents=10_000), people.item(list_price_cents=20_050)
        free = people.item(list_price_cents=None)
        ids = [one.id, two.id, free.id]
        batch, changed = service.change_prices(ids, 1_000, 100)
        assert changed == 2
        assert [one.list_price_cents, two.list_price_cents, free.list_price_cents] == [11_000, 22_100, None]
    with company.acting():
        service.update(ids[1], {"list_price_cents": 1})  # somebody changes one of them again
    with company.acting():
        assert service.undo(batch) == 1
        assert [db.session.get(Item, (company.tenant_id, i)).list_price_cents for i in ids] == [
            10_000,
            1,
            None,
        ]  # type: ignore[union-attr]
        newest = queries.history(ids[0])[0][0]
        assert newest["body"] == "All prices chosen changed by 10%"


def test_a_price_beyond_any_amount_stops_the_whole_change(company: Company) -> None:
    with company.acting():
        ids = [people.item(name="Huge", list_price_cents=money.MAX_CENTS).id]
        with pytest.raises(errors.Invalid, match="Huge would cost more"):
            service.change_prices(ids, 1, 1)


def test_one_field_of_many_is_set_and_undone(company: Company) -> None:
    with company.acting():
        items = [people.item() for _ in range(3)]
        category = people.category("Cooling")
        ids, category_id = [i.id for i in items], category.id
        moved, count = service.set_for_all(ids, "category_id", category_id)
        assert count == 3
    with company.acting():
        assert service.undo(moved) == 3
        assert queries.category_table()[0].items_on_sale == 0
    with company.acting():
        assert service.undo(moved) == 0  # a second click does nothing
        assert service.undo("batch_unknown") == 0


def test_who_may_not_edit_is_refused(company: Company) -> None:
    with company.acting():
        made_id = people.item().id
    for role in ("dispatcher", "payroll", "technician"):
        with company.acting(role), pytest.raises(errors.Forbidden):
            service.update(made_id, {"name": "New"})
        with company.acting(role), pytest.raises(errors.Forbidden):
            service.create_category({"name": "New"})
