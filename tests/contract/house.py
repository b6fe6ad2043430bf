"""Two companies with some of everything, so that any address can be asked with ids that exist."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from tests.accounts.support import totp
from tests.contract import house_fleet
from tests.factories import people, sales
from tests.factories.world import PASSWORD, ApiClient, Company, make_company
from webapp.accounts import queries as accounts
from webapp.accounts.service import company as companies
from webapp.accounts.service import factors, keys, links, notices, saved_views, users
from webapp.customers import service as customers
from webapp.downloads import service as downloads
from webapp.imports import service as imports
from webapp.kit import clock, context, files, ids, jobs, journal
from webapp.kit.db import add, db, get
from webapp.kit.tables import AuditEntry
from webapp.kit.web import App
from webapp.messaging import links as mail_links
from webapp.messaging import service as messaging
from webapp.models import CustomerContact, Download, ImportRow, Property, SsoIdentity, User, UserSession
from webapp.sales import service as selling
from webapp.sales.pay import closing, manual, periods

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)  # midday where the companies are
# one dot
BITMAP = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGPgL8sDAAGLAPQ8xSAqAAAAAElFTkSuQmCC"
)
OLD = date(2026, 9, 8)  # in a pay period that is closed


@dataclass(slots=True)
class House:
    """A company and what is in it. `values` holds an existing id (or code, token) for each path variable."""

    company: Company
    values: dict[str, Any] = field(default_factory=dict)
    fresh: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    api: dict[str, ApiClient] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    made: int = 0

    @property
    def app(self) -> App:
        return self.company.app

    @contextmanager
    def acting(self, role: str = "admin") -> Iterator[context.Principal]:
        with self.company.acting(role) as who:
            yield who

    def number(self) -> int:
        self.made += 1
        return self.made

    def variables(self, names: list[str], *, new: bool = False) -> dict[str, Any]:
        """A value for each path variable; `new` makes records of their own where a call would use them up."""
        found: dict[str, Any] = {}
        for name in names:
            if name in found:
                continue
            assert name in self.values, f"put a value for <{name}> into tests/contract/house.py"
            if new and name in self.fresh:
                found |= {k: v for k, v in self.fresh[name]().items() if k in names}
            else:
                found[name] = self.values[name]
        return found


def build(app: App, name: str) -> House:
    """A company with staff, price book, customers, sales in every state, a closed period, files and messages."""
    company = make_company(app)
    from tests.contract import (
        appointments,
        connectors,
        dispatch,
        phone,
        promises,
        routing,
        timesheets,
        webhooks,
    )  # they need House

    house = House(company)
    with house.acting():
        _records(house)
        _sales(house)
        dispatch.fill(house)
        appointments.fill(house)
        house_fleet.records(house)
        promises.fill(house)
        webhooks.fill(house)
        connectors.fill(house)
        _accounts(house, name)
        _messages(house)
        _import(house)
    timesheets.fill(house)
    routing.fill(house)
    phone.fill(house)
    with app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)
    with house.acting():
        _files(house)
    _ways_to_make_more(house)
    return house


def _records(house: House) -> None:
    boss = people.technician(name="Dana Boss", pay_type="salary", base_pay_cents=250_000)
    mike = people.technician(name="Mike Johnson", supervisor_id=boss.id, email="mike@example.com")
    first, second = people.category("Maintenance"), people.category("Repairs")
    item = people.item(name="AC tune-up", category_id=first.id, code="AC-1")
    other = people.item(name="Capacitor", category_id=second.id)
    place = {"address": "123 Oak St", "city": "Tampa", "state": "FL", "zip": "33601"}
    people_at = [
        {"name": "John Doe", "phone": "(813) 555-0101"},
        {"name": "Jane Doe", "email": "jane@example.com"},
    ]
    buyer = people.customer(name="John Doe", email="john@example.com", contacts=people_at, **place)
    customers.add_property(buyer.id, {"address": "9 Elm St", "city": "Tampa", "state": "FL", "zip": "33602"})
    neighbour = people.customer(name="John M. Doe", phone="(813) 555-0199", address="77 Pine St")
    sales.rate(mike.id, item.id)
    sales.rate(rate_bps=500)
    for spot in ({"technician_id": boss.id}, {"item_id": other.id}):  # routes that remove a rate leave some
        sales.rate(**spot, rate_bps=600)
    sales.link(house.company.users["technician"], mike)
    contact = db.session.scalars(
        select(CustomerContact.id).where(CustomerContact.customer_id == buyer.id)
    ).first()
    lot = db.session.scalars(select(Property.id).where(Property.customer_id == buyer.id)).first()
    house.values |= {
        "technician_id": mike.id, "supervisor_id": boss.id, "item_id": item.id, "category_id": first.id,
        "customer_id": buyer.id, "other_id": neighbour.id, "contact_id": contact, "property_id": lot,
        "second_item_id": other.id,
    }  # fmt: skip


def _sales(house: House) -> None:
    mike, item, customer = (house.values[n] for n in ("technician_id", "item_id", "customer_id"))

    def sell(day: date | None = None, **more: Any) -> Any:
        buyer = selling.Buyer(customer_id=customer)
        new = selling.NewSale(
            technician_id=mike, item_id=item, sale_price_cents=150_000, sold_on=day, buyer=buyer, **more
        )
        return selling.record(new).sale

    old = sell(OLD)
    selling.approve(old.id)
    selling.set_payment(old.id, "paid", OLD)
    closed = periods.covering(OLD)
    open_ = periods.covering(periods.today())
    closing.close(closed.id)
    first, second, third, pending = sell(), sell(), sell(), sell()
    selling.approve(first.id)
    selling.reject(second.id, "Sold twice")
    selling.void(third.id, "Cancelled by the customer")
    draft = manual.Draft(
        technician_id=mike, kind="bonus", amount_cents=5_000, reason="Best reviews of the month"
    )
    line = manual.add(open_.id, draft)
    manual.add(open_.id, draft)
    house.values |= {"sale_id": pending.id, "period_id": open_.id, "line_id": line.id}
    house.secrets |= {"closed": closed.id, "approved": first.id, "sell": sell, "old": old.id}


def _accounts(house: House, name: str) -> None:
    admin = house.company.users["admin"]
    office, _ = keys.create("Website", "field", role="admin")
    growth = {scope: keys.create(f"Growth {scope}", "growth", scope=scope)[1] for scope in keys.SCOPES}
    intake = {p: keys.create(p, p)[1] for p in ("closebot", "fixflow", "ledgerpilot", "agents")}
    notice = notices.notify(admin, "info", "An export is ready", "Sales of November", "/downloads")
    notices.notify(house.company.users["technician"], "info", "Your statement is ready")
    view = saved_views.save("/sales", "Pending", "status=pending")
    invited, _ = users.invite(
        username="newcomer", name="Nora Newcomer", email="nora@example.com", roles=["dispatcher"]
    )
    reset = links.make(get(User, house.company.users["dispatcher"]), links.RESET)
    identity = add(SsoIdentity(user_id=admin, provider="google", issuer="https://accounts.google.com", subject=name,
                               email="admin@example.com", created_at=clock.now()))  # fmt: skip
    seat = add(UserSession(user_id=admin, kind="browser", token_hash=bytes(32), created_at=clock.now(),
                           last_used_at=clock.now(), expires_at=clock.now() + timedelta(days=1)))  # fmt: skip
    mine = accounts.organization()
    companies.change(
        companies.Changes(mine.name, mine.display_name, "#0f766e", mine.time_zone), ("logo.png", BITMAP)
    )
    house.values |= {
        "key_id": office.id, "notice_id": notice, "view_id": view.id, "user_id": invited.id, "identity_id": identity.id,
        "session_id": seat.id, "code": house.company.code, "provider": "google", "target": "sales",
    }  # fmt: skip
    house.secrets |= {
        "growth": growth, "intake": intake, "invite": links.make(invited, links.INVITE), "reset": reset,
        "address": links.make(get(User, house.company.users["manager"]), links.ADDRESS, "new@example.com"),
        "logo": mine.logo_file_id,
    }  # fmt: skip


def _messages(house: House) -> None:
    mail = messaging.send_email(
        "john@example.com", "John Doe", "Your receipt", "Thank you.", template="receipt"
    )
    entry = messaging.suppress("email", "stop@example.com", "asked by hand")
    house.values |= {"message_id": mail.id}
    house.secrets |= {
        "suppression": entry.id,
        "unsubscribe": mail_links.unsubscribe_url("email", "john@example.com").rpartition("/")[2],
    }


TECHNICIANS = b"Name,Employee number,Pay type,Base pay\nTina Turner,T-9,Hourly,28.50\nNobody,T-10,Weekly,x\n"


def _import(house: House) -> None:
    record = imports.upload("technicians", "technicians.csv", TECHNICIANS)
    imports.map_columns(record.id, record.mapping)
    house.values |= {"import_id": record.id, "kind": "technicians"}


def _files(house: House) -> None:
    row = db.session.scalars(
        select(ImportRow.id).where(ImportRow.import_id == house.values["import_id"])
    ).first()
    assert row is not None, "the import was not checked"
    kept = files.store("note.txt", "text/plain", b"kept", purpose="download")
    made = downloads.request("pay.statements", "All statements", {"pay_period_id": house.secrets["closed"]})
    ready = add(Download(user_id=made.user_id, kind=made.kind, title="All", status="ready", file_id=kept.id))
    house.values |= {"file_id": house.secrets["logo"], "download_id": ready.id, "row_id": row}
    house.secrets |= {"file": files.link(kept).rpartition("/")[2]}
    house.values |= {"position": 1, "entry_id": _some_entry()}


def _some_entry() -> str:
    journal.commit()
    return str(
        db.session.scalar(select(AuditEntry.id).where(AuditEntry.tenant_id == context.tenant_id()).limit(1))
    )


def _ways_to_make_more(house: House) -> None:
    """For calls that use a record up: each gets one of its own."""
    from tests.contract import connectors, dispatch, phone, promises, timesheets, webhooks

    def maker(name: str, make: Callable[[], Any]) -> None:
        def call() -> dict[str, Any]:
            with house.acting():
                made = make()
                return made if isinstance(made, dict) else {name: made.id}

        house.fresh[name] = call

    def contact() -> dict[str, Any]:
        made = customers.add_contact(house.values["customer_id"], {"name": f"Contact {house.number()}"})
        return {"customer_id": made.customer_id, "contact_id": made.id}

    def lot() -> dict[str, Any]:
        made = customers.add_property(house.values["customer_id"], {"address": f"{house.number()} Birch St"})
        return {"customer_id": made.customer_id, "property_id": made.id}

    def line() -> dict[str, Any]:
        draft = manual.Draft(
            technician_id=house.values["technician_id"], kind="bonus", amount_cents=100, reason="Extra"
        )
        made = manual.add(house.values["period_id"], draft)
        return {"period_id": made.pay_period_id, "line_id": made.id}

    def period() -> Any:
        return periods.covering(date(2026, 8, 20) - timedelta(days=16 * house.number()))

    maker("sale_id", house.secrets["sell"])
    maker("job_id", lambda: dispatch.job(house))
    maker("block_id", lambda: dispatch.block(house))
    maker("shift_id", lambda: dispatch.shift(house))
    maker("turn_id", lambda: dispatch.turn(house))
    maker("time_entry_id", lambda: timesheets.entry(house))
    maker("sheet_id", lambda: timesheets.sheet(house))
    for name, make in phone.FRESH.items():
        house.fresh[name] = partial(make, house)
    house.fresh["correction_id"] = lambda: timesheets.correction(house)
    maker("contact_id", contact)
    maker("property_id", lot)
    maker("line_id", line)
    maker("period_id", period)
    maker("customer_id", lambda: people.customer(name=f"Buyer {house.number()} {ids.token(6)}"))
    maker("technician_id", people.technician)
    maker("item_id", people.item)
    maker("category_id", people.category)
    house_fleet.ways(house, maker)
    promises.ways(house, maker)
    webhooks.ways(house, maker)
    connectors.ways(house, maker)


def with_second_factor(house: House, role: str) -> str:
    """A challenge of a user who has codes from an app; `house.secrets["totp"]` then holds the secret."""
    with house.acting(role):
        user = get(User, house.company.users[role])
        secret = factors.begin_totp(user)
        factors.confirm_totp(user.id, totp(secret, -1))
    house.secrets["totp"] = secret
    return challenge(house, role)


def challenge(house: House, role: str) -> str:
    """The first step of signing in as somebody with a second factor."""
    answer = house.app.test_client().post("/api/v1/auth/login", json={"username": role, "password": PASSWORD},
                                          headers={"X-Tenant-Id": str(house.company.tenant_id)})  # fmt: skip
    found = answer.get_json()["data"]
    assert found["mfa_required"] is True
    return str(found["mfa_challenge_token"])
