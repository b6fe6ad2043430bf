"""Merges of merges: everything lands on the last one, and each undo gives back exactly what was theirs."""

import itertools
import threading
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.customers.test_matching import together
from tests.factories import people, sales
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.customers import queries, service
from webapp.customers.queries import merges
from webapp.kit import context, errors
from webapp.kit.db import Base, add, db
from webapp.kit.tables import AuditEntry
from webapp.models import Customer, CustomerContact, Sale
from webapp.sales.service import Buyer
from webapp.sales.service import people as buyers

FIELDS = (
    "name",
    "name_key",
    "company",
    "kind",
    "phone",
    "email",
    "reference",
    "tags",
    "notes",
    "merged_into_id",
)
PHONES = ("+18135550142", "+18135550143", "+18135550144")


@dataclass
class Three:
    """Three customers with a contact, two properties and a sale each; `a` lacks a company, `b` an email, `c` both."""

    a: int
    b: int
    c: int


def three() -> Three:
    technician, item = people.technician(), people.item()
    made = []
    for number, letter in enumerate("ABC"):
        customer = people.customer(
            name=f"{letter} Smith", phone=PHONES[number], email="a@example.com" if letter == "A" else "",
            company="B Company" if letter == "B" else "", tags=[letter, "VIP"], notes=f"Notes of {letter}.",
            reference="R-A" if letter == "A" else None, contacts=[{"name": f"Contact {letter}"}],
            address=f"{number} {letter} St", city="Tampa",
        )  # fmt: skip
        service.add_property(customer.id, {"address": f"{number} {letter} Ave"})
        add(Sale(technician_id=technician.id, item_id=item.id, customer_id=customer.id, sale_price_cents=100,
                 sold_on=date(2026, 3, 1), snapshot={}, customer_name=letter))  # fmt: skip
        made.append(customer.id)
    return Three(*made)


def whole(customer_id: int) -> dict[str, Any]:
    """All that is somebody's."""
    db.session.expire_all()
    customer = db.session.get(Customer, (context.tenant_id(), customer_id))
    found: dict[str, Any] = {name: getattr(customer, name) for name in FIELDS}
    for model in (CustomerContact, Sale):
        ids = select(model.id).where(model.tenant_id == context.tenant_id(), model.customer_id == customer_id)
        found[model.__tablename__] = sorted(db.session.scalars(ids))
    found["properties"] = [
        (p.id, p.primary, p.archived) for p in sorted(queries.properties(customer_id), key=lambda p: p.id)
    ]
    return found


def everything(them: Three) -> dict[str, Any]:
    return {name: whole(getattr(them, name)) for name in "abc"}


@pytest.fixture
def chain(company: Company) -> Three:
    with company.acting():
        return three()


def merge(kept: int, other: int, choices: dict[str, str] | None = None) -> None:
    service.merge(kept, other, choices)


# Where everything lands -------------------------------------------------------------------------------------------


def test_sales_search_look_ups_and_imports_land_on_the_last_one(company: Company, chain: Three) -> None:
    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
    with company.acting():
        for said in (
            Buyer(customer_id=chain.a), Buyer(customer_id=chain.b), Buyer(name="A Smith"), Buyer(name="B Smith"),
            Buyer(name="A S", chosen=str(chain.a)), Buyer(name="A Smith", phone=PHONES[0]),
            Buyer(name="Ann Smith", email="a@example.com"), Buyer(name="B Smith", address="1 B St, Tampa"),
        ):  # fmt: skip
            assert buyers.match(said).customer_id == chain.c, said
        assert sales.sale(buyer=Buyer(customer_id=chain.a)).customer_id == chain.c
        for words in (
            "A Smith",
            "B Smith",
            "C Smith",
            "B Company",
            "555-0142",
            "R-A",
            "a@example.com",
            "Contact A",
        ):
            assert [row["id"] for row in queries.options(words)] == [chain.c], words
        assert whole(chain.a)["sales"] == whole(chain.b)["sales"] == []
        assert len(whole(chain.c)["sales"]) == 4
        assert [c.id for c in service.match(name="A J Smith").candidates] == [chain.c]


def test_who_a_customer_became_is_asked_with_one_statement_built_once(company: Company, chain: Three) -> None:
    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
    with company.acting():
        for hold in (False, True):
            first = merges._survivor(hold)
            for one in (chain.a, chain.b, chain.c):
                with counted() as statements:
                    found = merges.survivor(one, hold=hold)
                assert found is not None
                assert (found.id, len(statements)) == (chain.c, 1)
            assert merges._survivor(hold) is first
        assert merges.survivor(2**62) is None


def test_the_api_reads_the_last_one_of_a_chain(company: Company, chain: Three) -> None:
    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
        mine = {p.id for p in queries.properties(chain.c)}
        contact = queries.contacts(chain.c)[0].id
    api = company.api()
    for number in (chain.a, chain.b):
        url = f"/admin/customers/{number}"
        one = api.get(url).json["data"]
        assert (one["id"], one["merged_into_id"]) == (number, chain.c)
        assert {p["id"] for p in one["properties"]} == mine
        assert {p["id"] for p in api.get(f"{url}/properties").json["data"]["items"]} == mine
        assert api.get(f"{url}/contacts").json["data"]["total"] == 3
        assert api.get(f"{url}/contacts/{contact}").json["data"]["customer_id"] == chain.c
        assert api.get(f"{url}/properties/{min(mine)}").json["data"]["customer_id"] == chain.c
        refused = api.patch(url, {"name": "X"})
        assert refused.status_code == 409
        assert f"customer {chain.c}" in refused.json["error"]["message"]
    merged = api.get("/admin/customers?merged=true").json["data"]["items"]
    assert [(c["id"], c["merged_into_id"]) for c in merged] == [(chain.a, chain.c), (chain.b, chain.c)]


def test_pages_of_the_merged_lead_to_the_last_one(company: Company, chain: Three) -> None:
    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
    client = company.sign_in()
    for path in ("", "/edit", "/timeline", "/contacts/new", "/properties/new", "/merge"):
        answer = client.get(f"/customers/{chain.a}{path}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/customers/{chain.c}{path}"), path
    page = client.get(f"/customers/{chain.c}").text
    assert "A Smith" in page  # its merge can be undone from here as well
    assert f"/customers/{chain.a}/unmerge" in page
    assert f"/customers/{chain.b}/unmerge" in page


def test_a_customer_imported_under_the_number_of_a_merged_one_is_the_last_one(
    company: Company, chain: Three
) -> None:
    from webapp.customers import imports
    from webapp.imports.registry import SAME, Context

    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
        row: dict[str, Any] = dict.fromkeys([f.name for f in imports.FIELDS])
        for said in ({"name": "C Smith", "reference": "R-A"}, {"name": "B Smith"}):
            found = imports.check({**row, **said}, Context(zone="UTC"))
            assert (found.record_id, found.status) == (chain.c, SAME), said


# Undoing in any order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize(
    "choices", [None, {"name": "other", "phone": "other", "tags": "other", "notes": "other"}]
)
def test_undoing_a_chain_in_either_order_gives_each_exactly_what_was_theirs(
    company: Company, chain: Three, order: str, choices: dict[str, str] | None
) -> None:
    with company.acting():
        before = everything(chain)
        merge(chain.b, chain.a, choices)
        merge(chain.c, chain.b, choices)
    for name in order:
        with company.acting():
            service.unmerge(getattr(chain, name))
            assert whole(getattr(chain, name)) == before[name] or name == "b", name
    with company.acting():
        assert everything(chain) == before
        for name, phone in zip("abc", PHONES, strict=True):
            assert [row["id"] for row in queries.options(phone)] == [getattr(chain, name)]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_two_merged_into_one_part_in_either_order(company: Company, chain: Three, order: str) -> None:
    with company.acting():
        before = everything(chain)
        merge(chain.c, chain.a)
        merge(chain.c, chain.b)
        for name in order:
            service.unmerge(getattr(chain, name))
            assert whole(getattr(chain, name)) == before[name]
        assert everything(chain) == before


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_what_was_added_in_between_stays_with_the_survivor(
    company: Company, chain: Three, order: str
) -> None:
    with company.acting():
        before = everything(chain)
        merge(chain.b, chain.a)
        to_b = service.add_contact(chain.b, {"name": "Added to B"}).id
        merge(chain.c, chain.b)
        to_c = service.add_contact(chain.c, {"name": "Added to C"}).id
        sold = sales.sale(buyer=Buyer(customer_id=chain.a)).id
        place = service.add_property(chain.c, {"address": "77 New St"}).id
        service.update(chain.c, {"tags": [*whole(chain.c)["tags"], "Gold"], "company": "C Company"})
        for name in order:
            service.unmerge(getattr(chain, name))
        now = everything(chain)
        assert now["a"] == before["a"]
        assert now["b"] == {**before["b"], "customer_contacts": [*before["b"]["customer_contacts"], to_b]}
        assert now["c"] == {
            **before["c"],
            "customer_contacts": [*before["c"]["customer_contacts"], to_c],
            "sales": [*before["c"]["sales"], sold],
            "properties": [*before["c"]["properties"], (place, False, False)],
            "tags": [*before["c"]["tags"], "Gold"],
            "company": "C Company",
        }


def test_a_value_that_came_through_the_chain_goes_with_the_one_it_came_from(
    company: Company, chain: Three
) -> None:
    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
        assert (whole(chain.c)["email"], whole(chain.c)["reference"]) == ("a@example.com", "R-A")
        service.unmerge(chain.a)
        now = whole(chain.c)
        assert (now["email"], now["reference"], now["company"]) == ("", None, "B Company")
        assert (now["tags"], now["notes"]) == (["C", "VIP", "B"], "Notes of C.\n\nNotes of B.")
        assert {row["id"] for row in queries.options("smith")} == {chain.a, chain.c}


def test_a_value_that_stood_in_the_way_lets_the_other_ones_in_when_it_goes(company: Company) -> None:
    with company.acting():
        c = people.customer(name="C").id
        a = people.customer(name="A", email="a@example.com").id
        b = people.customer(name="B", email="b@example.com").id
        merge(c, a)
        merge(c, b)
        service.unmerge(a)
        assert whole(c)["email"] == "b@example.com"
        service.unmerge(b)
        assert whole(c)["email"] == ""


def test_everybody_has_exactly_one_primary_property_after_parting(company: Company, chain: Three) -> None:
    with company.acting():
        bare = people.customer(name="Without a place").id
        merge(bare, chain.a)  # its primary one becomes theirs
        own = service.add_property(bare, {"address": "5 Own St"}).id
        second = next(p.id for p in queries.properties(bare) if p.address == "0 A Ave")
        service.update_property(bare, second, {"primary": True})
        merge(chain.c, bare)
        service.unmerge(chain.a)
        service.unmerge(bare)
        for number in (bare, chain.a, chain.b, chain.c):
            assert sum(p.primary for p in queries.properties(number, archived=False)) == 1, number
        assert [p.address for p in queries.properties(chain.a) if p.primary] == ["0 A St"]
        assert [p.id for p in queries.properties(bare) if p.primary] == [own]


def test_a_sale_that_was_given_to_another_customer_since_stops_the_undo_and_says_so(
    company: Company, chain: Three
) -> None:
    with company.acting():
        third = people.customer(name="Third").id
        sold = whole(chain.a)["sales"][0]
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
        row = db.session.get(Sale, (company.tenant_id, sold))
        assert row is not None
        row.customer_id = third
        db.session.flush()
        for number in (chain.a, chain.b):
            with pytest.raises(errors.Conflict, match="1 of the sales"):
                service.unmerge(number)


def test_a_long_chain_comes_apart_in_any_order(company: Company) -> None:
    with company.acting():
        made = [people.customer(name=f"N {n}", tags=[f"t{n}"], address=f"{n} A St").id for n in range(6)]
        before = {n: whole(n) for n in made}
        for other, kept in itertools.pairwise(made):
            merge(kept, other)
        assert {queries.survivor(n).id for n in made} == {made[-1]}  # type: ignore[union-attr]
        for n in (made[2], made[0], made[4], made[1], made[3]):
            service.unmerge(n)
            assert whole(n)["merged_into_id"] is None
        assert {n: whole(n) for n in made} == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_merged_and_undone_in_whatever_order_all_is_as_it_was(
    company: Company, data: st.DataObject
) -> None:
    values = st.fixed_dictionaries(
        {
            "company": st.sampled_from(["", "X", "Y"]),
            "email": st.sampled_from(["", "x@example.com", "y@example.com"]),
            "tags": st.lists(st.sampled_from(["p", "q", "r"]), unique=True, max_size=2),
            "notes": st.sampled_from(["", "One.", "Two."]),
        }
    )
    with company.acting():
        made = [people.customer(name=f"N {n}", address=f"{n} A St", **data.draw(values)).id for n in range(4)]
        before = {n: whole(n) for n in made}
        alive, gone = list(made), []
        for _ in range(3):
            kept, other = data.draw(st.permutations(alive))[:2]
            chosen = st.dictionaries(
                st.sampled_from(["company", "email", "tags", "notes"]),
                st.sampled_from(["kept", "other", "both"]),
            )
            merge(kept, other, data.draw(chosen))
            alive.remove(other)
            gone.append(other)
        for n in data.draw(st.permutations(gone)):
            service.unmerge(n)
            assert whole(n)["merged_into_id"] is None
        assert {n: whole(n) for n in made} == before


def test_an_undo_in_the_middle_is_told_on_all_three(company: Company, chain: Three) -> None:
    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
    with company.acting():
        service.unmerge(chain.a)
    with company.acting():
        found = select(AuditEntry.record_id).where(
            AuditEntry.tenant_id == context.tenant_id(), AuditEntry.action == "customer.unmerged"
        )
        assert sorted(db.session.scalars(found)) == sorted([chain.a, chain.b, chain.c])


def test_every_table_with_something_of_a_customers_moves_along() -> None:
    owned = {
        (table.name, key.columns.keys()[-1])
        for table in Base.metadata.tables.values()
        for key in table.foreign_key_constraints
        if key.referred_table.name == "customers"
    }
    merges = {(table.name, table.column) for table in service.MERGE_TABLES}
    own = {("customers", "merged_into_id"), ("customer_merges", "kept_id"), ("customer_merges", "merged_id")}
    assert owned - own == merges


# What cannot be merged --------------------------------------------------------------------------------------------


def test_what_is_one_already_cannot_be_merged(company: Company, chain: Three) -> None:
    with company.acting():
        merge(chain.b, chain.a)
        merge(chain.c, chain.b)
        wrong = [
            (chain.c, chain.c, "A customer cannot be merged with itself."),
            (chain.a, chain.a, "A customer cannot be merged with itself."),
            (chain.c, chain.a, "A Smith was merged into C Smith already."),
            (chain.a, chain.c, "A Smith was merged into C Smith already."),
            (chain.b, chain.a, "A Smith and B Smith were both merged into C Smith already."),
        ]
        for kept, other, sentence in wrong:
            with pytest.raises(errors.Conflict) as caught:
                service.merge(kept, other)
            assert caught.value.message == sentence
        fresh = people.customer(name="Fresh").id
        for kept, other in ((fresh, chain.a), (chain.a, fresh)):
            with pytest.raises(errors.Conflict, match=f"A Smith was merged into customer {chain.c}, C Smith"):
                service.merge(kept, other)
    api, client = company.api(), company.sign_in()
    assert api.post(f"/admin/customers/{chain.c}/merge", {"other_id": chain.a}).status_code == 409
    assert client.get(f"/customers/{chain.c}/merge-with/{chain.a}").status_code == 409
    assert client.get(f"/customers/{chain.c}/merge-with/{chain.c}").status_code == 409


# At the same time -------------------------------------------------------------------------------------------------


def attempt(company: Company, call: Any) -> Any:
    def work() -> str:
        with company.acting():
            try:
                call()
            except errors.Conflict as refused:
                return refused.message
        return "done"

    return work


def test_two_merges_of_one_pair_at_once_make_one(company: Company, chain: Three) -> None:
    found = together(
        attempt(company, lambda: service.merge(chain.a, chain.b)),
        attempt(company, lambda: service.merge(chain.b, chain.a)),
    )
    assert sorted(f == "done" for f in found) == [False, True], found
    assert any("was merged" in f for f in found)
    with company.acting():
        pointing = [whole(n)["merged_into_id"] for n in (chain.a, chain.b)]
        assert sorted(p is None for p in pointing) == [False, True]


def test_three_merges_in_a_ring_at_once_leave_one_standing(company: Company, chain: Three) -> None:
    ring = [(chain.a, chain.b), (chain.b, chain.c), (chain.c, chain.a)]
    found = together(*(attempt(company, lambda k=k, o=o: service.merge(k, o)) for k, o in ring))
    assert set(map(type, found)) == {str}, found
    assert found.count("done") in (1, 2)
    with company.acting():
        standing = [n for n in (chain.a, chain.b, chain.c) if whole(n)["merged_into_id"] is None]
        assert len(standing) == 3 - found.count("done")
        assert {queries.survivor(n).id for n in (chain.a, chain.b, chain.c)} == set(standing)  # type: ignore[union-attr]


def test_a_merge_and_an_undo_of_the_same_chain_at_once_lose_nothing(company: Company, chain: Three) -> None:
    with company.acting():
        before = everything(chain)
        merge(chain.b, chain.a)
    found = together(
        attempt(company, lambda: service.merge(chain.c, chain.b)),
        attempt(company, lambda: service.unmerge(chain.a)),
    )
    assert found[0] == "done", found
    with company.acting():
        if found[1] != "done":
            service.unmerge(chain.a)
        assert whole(chain.a) == before["a"]
        service.unmerge(chain.b)
        assert everything(chain) == before


def test_two_undos_of_one_merge_at_once_part_once(company: Company, chain: Three) -> None:
    with company.acting():
        before = everything(chain)
        merge(chain.b, chain.a)
    found = together(*[attempt(company, lambda: service.unmerge(chain.a))] * 2)
    assert sorted(f == "done" for f in found) == [False, True], found
    with company.acting():
        assert everything(chain) == before


@pytest.mark.parametrize("said", ["name", "number"])
def test_a_sale_recorded_while_its_customer_is_merged_goes_along(
    company: Company, chain: Three, said: str
) -> None:
    recognised, merging = threading.Event(), threading.Event()

    def selling() -> int:
        with company.acting():
            technician, item = people.technician(), people.item()
            found = buyers.match(Buyer(name="A Smith") if said == "name" else Buyer(customer_id=chain.a))
            assert found.customer_id == chain.a
            recognised.set()
            merging.wait(timeout=20)
            db.session.execute(select(Customer.id).limit(1))
            threading.Event().wait(0.3)  # the merge is under way, and waits
            made = add(Sale(technician_id=technician.id, item_id=item.id, customer_id=found.customer_id,
                            sale_price_cents=100, sold_on=date(2026, 3, 1), snapshot={}))  # fmt: skip
            return made.id

    def joining() -> str:
        recognised.wait(timeout=20)
        with company.acting():
            merging.set()
            service.merge(chain.b, chain.a)
        return "done"

    sold, done = together(selling, joining)
    assert done == "done"
    with company.acting():
        assert sold in whole(chain.b)["sales"]
        assert whole(chain.a)["sales"] == []


def test_a_customer_recognised_while_it_is_being_merged_is_the_one_it_becomes(
    company: Company, chain: Three
) -> None:
    moved, asked = threading.Event(), threading.Event()

    def joining() -> str:
        with company.acting():
            service.merge(chain.b, chain.a)
            moved.set()
            asked.wait(timeout=20)
            threading.Event().wait(0.3)
        return "done"

    def selling() -> list[int | None]:
        moved.wait(timeout=20)
        with company.acting():
            asked.set()
            return [
                buyers.match(said).customer_id for said in (Buyer(name="A Smith"), Buyer(customer_id=chain.a))
            ]

    done, found = together(joining, selling)
    assert (done, found) == ("done", [chain.b, chain.b])
