"""Customers, their contacts and properties: kept, found, recognised, merged and parted again."""

import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import people
from tests.factories.world import Company
from webapp.customers import queries, service
from webapp.kit import context, errors
from webapp.kit.db import add, db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Customer, CustomerContact, Property, Sale

PHONE = "(813) 555-0142"


def actions(customer_id: int) -> list[str]:
    found = select(AuditEntry.action).where(AuditEntry.tenant_id == context.tenant_id(), AuditEntry.record_id == customer_id,
                                            AuditEntry.record_type == "customer")  # fmt: skip
    return list(db.session.scalars(found.order_by(AuditEntry.seq)))


def told(customer_id: int) -> list[str]:
    found = select(Event.name).where(Event.tenant_id == context.tenant_id(), Event.record_type == "customer",
                                     Event.record_id == customer_id)  # fmt: skip
    return list(db.session.scalars(found.order_by(Event.seq)))


def hits(words: str) -> list[int]:
    return [row["id"] for row in queries.options(words)]


def sale(customer_id: int, property_id: int | None = None) -> Sale:
    technician, item = people.technician(), people.item()
    return add(Sale(technician_id=technician.id, item_id=item.id, customer_id=customer_id, property_id=property_id,
                    sale_price_cents=100, sold_on=date(2026, 3, 1), snapshot={}))  # fmt: skip


def test_a_customer_is_found_by_everything_that_is_known_of_it(company: Company) -> None:
    with company.acting():
        made = people.customer(
            name="John Smith", company="Smith LLC", phone=PHONE, email="john@example.com", reference="C-77",
            address="123 Oak Street", city="Tampa", zip="33601",
            contacts=[{"name": "Mary Ellis", "phone": "8135550199", "email": "mary@example.com"}],
        )  # fmt: skip
        for typed in (
            "smi",
            "john oak",
            "555-0142",
            "0199",
            "mary",
            "tampa 123",
            "33601",
            "c-77",
            "john@exam",
        ):
            assert hits(typed) == [made.id], typed
        assert hits("jane") == []


def test_the_words_follow_every_change(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", address="123 Oak Street")
        service.update(made.id, {"name": "Karl Jones"})
        assert (hits("smith"), hits("jones")) == ([], [made.id])
        place = service.add_property(made.id, {"address": "9 Elm Ave"})
        assert hits("elm") == [made.id]
        service.set_property_archived(made.id, place.id, archived=True)
        assert hits("elm") == []
        contact = service.add_contact(made.id, {"name": "Dana Ellis"})
        service.update_contact(made.id, contact.id, {"name": "Dana Moss"})
        assert (hits("ellis"), hits("moss")) == ([], [made.id])
        service.remove_contact(made.id, contact.id)
        assert hits("moss") == []
        service.update(made.id, {"archived": True})
        assert hits("jones") == []


def test_every_change_is_audited_in_the_customers_own_line_and_told(company: Company) -> None:
    with company.acting():
        made_id = people.customer(phone=PHONE).id
    with company.acting():
        service.update(made_id, {"phone": "8135550199", "email": "A@Example.com"})
        contact = service.add_contact(made_id, {"name": "Dana"})
        service.remove_contact(made_id, contact.id)
        place = service.add_property(made_id, {"address": "1 Oak St"})
        service.update_property(made_id, place.id, {"unit": "4"})
        service.update(made_id, {"archived": True})
    with company.acting():
        assert actions(made_id) == [
            "customer.created", "customer.updated", "customer.contact_added", "customer.contact_removed",
            "customer.property_added", "customer.property_changed", "customer.archived"]  # fmt: skip
        assert told(made_id) == ["customer.created"] + ["customer.updated"] * 6
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "customer.updated")).all()[
            -1
        ]
        assert entry.payload["diff"] == {"phone": {"from": "+18135550142", "to": "+18135550199"},
                                         "email": {"from": "", "to": "a@example.com"}}  # fmt: skip


def test_there_is_always_exactly_one_primary_property(company: Company) -> None:
    def primary() -> list[str]:
        return [p.address for p in queries.properties(made.id, archived=False) if p.primary]

    with company.acting():
        made = people.customer(address="1 A St")
        second = service.add_property(made.id, {"address": "2 B St"})
        assert primary() == ["1 A St"]
        service.update_property(made.id, second.id, {"primary": True})
        assert primary() == ["2 B St"]
        with pytest.raises(errors.Invalid, match="another property"):
            service.update_property(made.id, second.id, {"primary": False})
        service.set_property_archived(made.id, second.id, archived=True)
        assert primary() == ["1 A St"]
        service.set_property_archived(made.id, second.id, archived=False)
        assert primary() == ["1 A St"]
        for place in queries.properties(made.id):
            service.set_property_archived(made.id, place.id, archived=True)
        assert primary() == []
        service.set_property_archived(made.id, second.id, archived=False)
        assert primary() == ["2 B St"]


def test_contacts_and_properties_of_another_customer_are_not_found(
    company: Company, other_company: Company
) -> None:
    with other_company.acting():
        foreign = people.customer(address="1 A St", contacts=[{"name": "X"}])
        foreign_id = foreign.id
        foreign_contact, foreign_place = (
            queries.contacts(foreign.id)[0].id,
            queries.properties(foreign.id)[0].id,
        )
    with company.acting():
        one, two = people.customer(address="1 A St", contacts=[{"name": "X"}]), people.customer()
        contact, place = queries.contacts(one.id)[0].id, queries.properties(one.id)[0].id
        for customer_id, contact_id, place_id in ((two.id, contact, place), (one.id, foreign_contact, foreign_place),
                                                  (foreign_id, foreign_contact, foreign_place)):  # fmt: skip
            for call in (
                lambda c=customer_id, n=contact_id: service.update_contact(c, n, {"name": "Y"}),
                lambda c=customer_id, n=contact_id: service.remove_contact(c, n),
                lambda c=customer_id, n=place_id: service.update_property(c, n, {"unit": "1"}),
            ):
                with pytest.raises(errors.NotFound):
                    call()
        with pytest.raises(errors.NotFound):
            service.merge(one.id, foreign_id)


# Recognising ----------------------------------------------------------------------------------------------------


def count() -> int:
    return int(
        db.session.scalar(
            select(func.count()).select_from(Customer).where(Customer.tenant_id == context.tenant_id())
        )
        or 0
    )


def test_a_new_name_makes_a_customer_with_its_property(company: Company) -> None:
    with company.acting("technician"):
        made = service.resolve(
            name="John Smith", phone=PHONE, address="123 Oak St", city="Tampa", state="FL", zip_code="33601"
        )
        assert isinstance(made, Customer)
        assert queries.properties(made.id)[0].address_key == "123 oak st"
        assert made.phone == "+18135550142"


def test_who_is_certain_is_found_and_what_was_not_known_is_filled_in(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", phone=PHONE)
        found = service.resolve(
            name="J. Smith", phone="813-555-0142", email="J@Example.com", address="123 Oak St"
        )
        assert found is made
        assert made.email == "j@example.com"
        assert [p.address for p in queries.properties(made.id)] == ["123 Oak St"]
        again = service.resolve(
            name="John Smith", phone="813-555-0142", email="other@example.com", address="123 OAK Street"
        )
        assert again is made
        assert made.email == "j@example.com"  # what is known is never replaced
        assert len(queries.properties(made.id)) == 1
        assert count() == 1
        assert hits("oak") == [made.id]


def test_a_name_alone_finds_the_only_one_and_asks_between_two(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", phone=PHONE)
        assert service.resolve(name="SMITH, John") is made
        people.customer(name="John Smith")
        unsure = service.resolve(name="John Smith")
        assert isinstance(unsure, service.Unsure)
        assert len(unsure.candidates) == 2
        assert count() == 2
        with pytest.raises(errors.Conflict, match="may be John Smith") as caught:
            service.find_or_create(name="John Smith")
        assert {c["customer_id"] for c in caught.value.details["candidates"]} == {
            c.id for c in unsure.candidates
        }
        third = service.resolve(name="John Smith", anyway=True)
        assert isinstance(third, Customer)
        assert count() == 3


def test_the_same_name_with_other_data_is_never_doubled_silently(company: Company) -> None:
    with company.acting():
        people.customer(name="John Smith", phone=PHONE)
        unsure = service.resolve(name="John Smith", phone="813-555-0199")
        assert isinstance(unsure, service.Unsure)
        assert unsure.candidates[0].reasons == ("Same name", "Another phone number")
        assert count() == 1


def test_a_contact_and_a_property_recognise_their_customer(company: Company) -> None:
    with company.acting():
        firm = people.customer(name="Acme Management", kind="commercial", address="9 Elm Ave", zip="33602",
                               contacts=[{"name": "Dana Ellis", "phone": PHONE}])  # fmt: skip
        assert service.resolve(name="Dana Ellis", phone=PHONE) is firm
        assert service.resolve(name="ACME Management, LLC", address="9 Elm Avenue") is firm
        assert count() == 1


def test_what_cannot_be_a_number_is_refused_before_anything_happens(company: Company) -> None:
    with company.acting():
        with pytest.raises(errors.Invalid) as caught:
            service.resolve(name="John", phone="12", email="nope")
        assert set(caught.value.details["fields"]) == {"phone", "email"}
        with pytest.raises(errors.Invalid):
            service.resolve(name=" ")


def test_another_companys_customers_are_never_recognised(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = people.customer(name="John Smith", phone=PHONE)
        foreign_id = foreign.id
    with company.acting():
        made = service.resolve(name="John Smith", phone=PHONE)
        assert isinstance(made, Customer)
        assert made.id != foreign_id


def test_two_at_the_same_time_make_one_customer(company: Company) -> None:
    found: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        with company.acting():
            start.wait()
            made = service.resolve(name="John Smith", phone=PHONE)
            assert isinstance(made, Customer)
            found.append(made.id)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(found) == 2
    assert len(set(found)) == 1
    with company.acting():
        assert count() == 1


# Merging --------------------------------------------------------------------------------------------------------


def pair() -> tuple[Customer, Customer]:
    kept = people.customer(
        name="John Smith", phone=PHONE, address="1 Oak St", tags=["VIP"], contacts=[{"name": "Mary"}]
    )
    other = people.customer(name="Jon Smith", email="jon@example.com", address="2 Elm St", tags=["Gold"],
                            contacts=[{"name": "Dana"}])  # fmt: skip
    return kept, other


def owners(model: Any) -> list[int]:
    found = select(model.customer_id).where(model.tenant_id == context.tenant_id()).order_by(model.id)
    return list(db.session.scalars(found))


def test_a_merge_moves_everything_and_leaves_a_pointer(company: Company) -> None:
    with company.acting():
        kept, other = pair()
        place = queries.properties(other.id)[0].id
        sold = sale(other.id, place)
        kept_id, other_id, sold_id = kept.id, other.id, sold.id
    with company.acting("manager"):
        service.merge(kept_id, other_id)
    with company.acting():
        for model in (CustomerContact, Property, Sale):
            assert set(owners(model)) == {kept_id}, model
        kept, other = (db.session.get(Customer, (company.tenant_id, i)) for i in (kept_id, other_id))  # type: ignore[assignment]
        assert (kept.email, kept.phone, kept.tags) == ("jon@example.com", "+18135550142", ["VIP", "Gold"])
        assert other.merged_into_id == kept_id
        assert [p.address for p in queries.properties(kept_id) if p.primary] == ["1 Oak St"]
        assert [hits(w) for w in ("elm", "dana", "jon@example")] == [[kept_id]] * 3
        assert actions(kept_id)[-1] == "customer.merged"
        assert actions(other_id)[-1] == "customer.merged_away"
        assert told(kept_id)[-1] == "customer.merged"
        moved = db.session.get(Sale, (company.tenant_id, sold_id))
        assert moved is not None
        assert moved.updated_at > moved.created_at  # partners who ask for changes see it
        with pytest.raises(errors.Conflict, match="was merged into customer"):
            service.update(other_id, {"name": "New"})


def test_undoing_a_merge_gives_everything_back(company: Company) -> None:
    with company.acting():
        kept, other = pair()
        kept_id, other_id = kept.id, other.id
        own, moved = sale(kept_id).id, sale(other_id).id
        before = {m: owners(m) for m in (CustomerContact, Property, Sale)}
    with company.acting():
        service.merge(kept_id, other_id, {"name": "other"})
    with company.acting():
        assert db.session.get(Customer, (company.tenant_id, kept_id)).name == "Jon Smith"  # type: ignore[union-attr]
        service.unmerge(other_id)
    with company.acting():
        assert {m: owners(m) for m in (CustomerContact, Property, Sale)} == before
        kept, other = (db.session.get(Customer, (company.tenant_id, i)) for i in (kept_id, other_id))  # type: ignore[assignment]
        assert (kept.name, kept.name_key, kept.email, kept.tags) == ("John Smith", "john smith", "", ["VIP"])
        assert other.merged_into_id is None
        assert [p.address for p in queries.properties(other_id) if p.primary] == ["2 Elm St"]
        assert (hits("jon"), hits("elm")) == ([other_id], [other_id])
        assert told(other_id)[-1] == "customer.unmerged"
        assert own != moved
        with pytest.raises(errors.Conflict, match="was not merged"):
            service.unmerge(other_id)


def test_what_was_changed_since_the_merge_stays(company: Company) -> None:
    with company.acting():
        kept, other = pair()
        service.merge(kept.id, other.id)
        service.update(kept.id, {"email": "new@example.com"})
        service.unmerge(other.id)
        assert kept.email == "new@example.com"


def test_a_merge_is_not_undone_over_somebodys_head(company: Company) -> None:
    with company.acting():
        kept, other = pair()
        third = people.customer(name="Third")
        sold = sale(other.id)
        service.merge(kept.id, other.id)
        sold.customer_id = third.id
        db.session.flush()
        with pytest.raises(errors.Conflict, match="1 of the sales"):
            service.unmerge(other.id)
        sold.customer_id = kept.id
        db.session.flush()
        service.unmerge(other.id)
        assert sold.customer_id == other.id


def test_a_merged_customer_is_recognised_as_the_one_it_became(company: Company) -> None:
    with company.acting():
        kept, other = pair()
        service.merge(kept.id, other.id, {"email": "kept"})
        assert service.resolve(name="Jon Smith", email="jon@example.com") is kept
        assert service.resolve(name="Jon Smith") is kept


def test_merging_needs_two_living_customers(company: Company) -> None:
    with company.acting():
        kept, other = pair()
        with pytest.raises(errors.Conflict, match="with itself"):
            service.merge(kept.id, kept.id)
        with pytest.raises(errors.NotFound):
            service.merge(kept.id, 2**62)
        service.merge(kept.id, other.id)
        for first, second in ((kept.id, other.id), (other.id, kept.id)):
            with pytest.raises(errors.Conflict, match="was merged"):
                service.merge(first, second)


def test_another_domains_rows_move_along_when_it_says_so(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [t.name for t in service.MERGE_TABLES[:3]] == ["customer_contacts", "properties", "sales"]
    monkeypatch.setattr(
        "webapp.customers.service.merging.MERGE_TABLES", [service.MergeTable(CustomerContact)]
    )
    with company.acting():
        kept, other = pair()
        service.merge(kept.id, other.id)
        assert set(owners(CustomerContact)) == {kept.id}
        assert set(owners(Property)) == {kept.id, other.id}


def test_many_are_tagged_and_archived_and_it_can_be_taken_back(company: Company) -> None:
    with company.acting():
        ids = [people.customer(tags=["VIP"]).id, people.customer().id]
        batch, changed = service.tag_all(ids, "vip")
        assert changed == 1  # one had it already
        archived, changed = service.set_archived_for_all(ids, archived=True)
        assert changed == 2
    with company.acting():
        assert service.undo(archived) == 2
        assert service.undo(batch) == 1
        assert db.session.get(Customer, (company.tenant_id, ids[1])).tags == []  # type: ignore[union-attr]


def test_roles_decide(company: Company) -> None:
    with company.acting():
        kept, other = pair()
        ids = kept.id, other.id
    refused = {
        "accountant": [lambda: people.customer(), lambda: service.update(ids[0], {"name": "A"}), lambda: service.merge(*ids)],
        "technician": [lambda: service.update(ids[0], {"name": "A"}), lambda: service.merge(*ids), lambda: service.unmerge(ids[0])],
        "payroll": [lambda: service.add_contact(ids[0], {"name": "A"}), lambda: service.merge(*ids)],
    }  # fmt: skip
    for role, calls in refused.items():
        for call in calls:
            with company.acting(role), pytest.raises(errors.Forbidden):
                call()
