"""Test keys: what they see and do, and that nothing of it reaches live data or anybody outside."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.accounts.support import call, counted
from tests.factories import people
from tests.factories.world import Company
from tests.integrations.receivers import Receiver
from webapp.accounts.service import keyring, keys, sandboxes
from webapp.integrations import courier
from webapp.integrations.connectors.calling import Caller
from webapp.integrations.connectors.service import calls, registry
from webapp.integrations.connectors.service.work import CONNECTORS
from webapp.kit import context, errors, files, ids, jobs, outbound, streams, tenancy
from webapp.kit.db import db
from webapp.kit.web import App
from webapp.messaging import service as messaging
from webapp.models import Customer, Message, Organization, WebhookDelivery
from webapp.sandbox import service

ADMIN = "/api/v1/admin"
CUSTOMERS, SALES, HOOKS = f"{ADMIN}/customers", "/api/v1/sales", f"{ADMIN}/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver().start()
    yield made
    made.stop()


def key_of(company: Company, product: str = "field_test") -> str:
    with company.acting("owner"):
        options = {"field_test": {"role": "admin"}, "growth_test": {"scope": "admin"}}.get(product, {})
        return keys.create("Try it", product, **options)[1]


def inside(app: App, company: Company) -> UUID:
    with company.acting():
        found = sandboxes.present(company.tenant_id)
    assert found is not None
    return found


def worked(app: App, tenant: UUID) -> None:
    with app.app_context():
        for queue in (jobs.QUICK, jobs.LONG, jobs.HOOKS):
            jobs.drain(queue, tenant)


@pytest.mark.parametrize(
    ("product", "start"),
    [("field_test", "tk_test_"), ("growth_test", "eal_test_"), ("closebot_test", "cb_test_"), ("fixflow_test", "ff_test_"),
     ("ledgerpilot_test", "lp_test_"), ("agents_test", "op_test_")],
)  # fmt: skip
def test_every_product_has_test_keys_that_act_in_the_sandbox(
    app: App, company: Company, product: str, start: str
) -> None:
    key = key_of(company, product)
    assert key.startswith(start)
    with app.test_request_context():
        who = keyring.find(key)
    assert who is not None
    assert (who.environment, who.tenant_id, who.product) == (
        "test",
        inside(app, company),
        product.removesuffix("_test"),
    )


def test_a_sandbox_is_a_company_to_try_things_with(app: App, company: Company) -> None:
    key = key_of(company)
    sandbox = inside(app, company)
    worked(app, sandbox)
    found = {path: call(app, "GET", path, token=key).json["data"]["total"]
             for path in (CUSTOMERS, SALES, f"{ADMIN}/dispatch", f"{ADMIN}/technicians", f"{ADMIN}/items")}  # fmt: skip
    assert list(found.values()) == [10, 6, 19, 4, 7]
    sales = call(app, "GET", SALES, token=key).json["data"]["items"]
    assert {s["status"] for s in sales} == {"approved", "pending", "rejected"}


def test_nothing_that_a_test_key_does_shows_in_live_lists_nor_the_other_way_round(
    app: App, company: Company
) -> None:
    with company.acting():
        live = people.customer(name="Live Customer")
    key = key_of(company)
    made = call(app, "POST", CUSTOMERS, {"name": "Sandy Box"}, token=key)
    assert made.status_code == 201
    number = made.json["data"]["id"]
    admin = company.api("admin")
    assert [c["name"] for c in admin.get("/admin/customers").json["data"]["items"]] == ["Live Customer"]
    assert admin.get(f"/admin/customers/{number}").status_code == 404
    assert call(app, "GET", f"{CUSTOMERS}/{live.id}", token=key).status_code == 404
    assert call(app, "PATCH", f"{CUSTOMERS}/{live.id}", {"name": "Mine now"}, token=key).status_code == 404
    # and the live audit log knows nothing of it
    page = company.sign_in("admin").get("/settings/audit-log").get_data(as_text=True)
    assert "Sandy Box" not in page


def test_a_client_may_name_the_organization_it_knows(
    app: App, company: Company, other_company: Company
) -> None:
    key = key_of(company)
    assert call(app, "GET", CUSTOMERS, token=key, tenant=company.tenant_id).status_code == 200
    assert call(app, "GET", CUSTOMERS, token=key, tenant=inside(app, company)).status_code == 200
    assert call(app, "GET", CUSTOMERS, token=key, tenant=other_company.tenant_id).status_code == 403


def test_messages_are_kept_and_shown(app: App, company: Company) -> None:
    key_of(company)
    sandbox = inside(app, company)
    with app.app_context(), context.acting(context.Principal(kind="system", tenant_id=sandbox)):
        with tenancy.across(sandbox):
            messaging.send_email("olivia@example.com", "Olivia", "Your visit", "We come at nine.")
            messaging.send_sms("+18135551000", "We come at nine.")
    worked(app, sandbox)
    with app.app_context():
        tenancy.use(sandbox)
        assert set(db.session.scalars(select(Message.status).where(Message.tenant_id == sandbox))) == {
            "outbox"
        }
    page = company.sign_in("admin").get("/settings/sandbox").get_data(as_text=True)
    assert "olivia@example.com" in page
    assert page.count("We come at nine.</pre>") == 2


def test_a_webhook_of_the_sandbox_calls_nobody_and_its_body_is_shown(
    app: App, company: Company, receiver: Receiver
) -> None:
    key = key_of(company)
    made = call(app, "POST", HOOKS, {"url": receiver.url(), "events": ["customer.created"]}, token=key)
    assert made.status_code == 201, made.json
    hook = made.json["data"]["id"]
    assert call(app, "POST", f"{HOOKS}/{hook}/test", {}, token=key).status_code < 300
    assert call(app, "POST", CUSTOMERS, {"name": "Sandy Box"}, token=key).status_code == 201
    sandbox = inside(app, company)
    courier.work_off(app, sandbox)
    assert (receiver.connections, receiver.got) == (0, [])
    listed = call(app, "GET", f"{HOOKS}/{hook}/deliveries", token=key).json["data"]["items"]
    assert listed
    assert {(d["status"], d["error"]) for d in listed} == {("cancelled", sandboxes.KEPT)}
    shown = call(app, "GET", f"{HOOKS}/{hook}", token=key).json["data"]
    assert shown["enabled"] is True  # what is kept is no failure
    page = company.sign_in("admin").get("/settings/sandbox").get_data(as_text=True)
    assert receiver.url() in page
    assert "customer.created" in page
    # the live company's webhooks go out all the same
    with company.acting():
        assert sandboxes.kept() == ""


def test_no_other_call_leaves_a_sandbox_either(app: App, company: Company, receiver: Receiver) -> None:
    key_of(company)
    with app.app_context():
        for tenant, reached in ((inside(app, company), False), (company.tenant_id, True)):
            with context.acting(context.Principal(kind="system", tenant_id=tenant)):
                if reached:
                    assert outbound.fetch("GET", receiver.url()).status == 200
                else:
                    with pytest.raises(outbound.Refused, match="test mode"):
                        outbound.fetch("GET", receiver.url())
    assert receiver.connections == 1


# Beginning anew -----------------------------------------------------------------------------------------------------


def test_a_reset_gives_the_same_keys_a_fresh_sandbox(app: App, company: Company) -> None:
    key = key_of(company)
    old = inside(app, company)
    worked(app, old)
    assert call(app, "POST", CUSTOMERS, {"name": "Sandy Box"}, token=key).status_code == 201
    with company.acting():
        people.customer(name="Live Customer")
    client = company.sign_in("admin")
    page = client.get("/settings/sandbox").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    assert client.post("/settings/sandbox/reset", data={"csrf_token": token}).status_code == 303
    fresh = inside(app, company)
    assert fresh != old
    assert "Being filled" in client.get("/settings/sandbox").get_data(as_text=True)
    worked(app, fresh)
    names = [c["name"] for c in call(app, "GET", CUSTOMERS, token=key).json["data"]["items"]]
    assert len(names) == 10 and "Sandy Box" not in names
    # live data was not touched
    with company.acting():
        assert db.session.scalars(
            select(Customer.name).where(Customer.tenant_id == company.tenant_id)
        ).all() == ["Live Customer"]


def test_what_a_retired_sandbox_held_is_deleted_and_nothing_runs_there(
    app: App, company: Company, superuser: Any
) -> None:
    key_of(company)
    old = inside(app, company)
    worked(app, old)
    with app.app_context():
        tenancy.use(old)
        with context.acting(context.Principal(kind="system", tenant_id=old)):
            kept_file = files.store("note.txt", "text/plain", b"kept", purpose="download")
            db.session.commit()
    # pay that was closed there holds nothing up
    superuser.execute("update pay_lines set frozen = true where tenant_id = %s", (old,))
    with company.acting("admin"):
        sandboxes.reset()
    worked(app, old)
    with app.app_context(), pytest.raises(Exception, match=r"(?i)not found|no such|not there"):
        files.read(kept_file)
    rows = {
        table: superuser.execute(f"select count(*) from {table} where tenant_id = %s", (old,)).fetchone()[0]
        for table in (
            "customers",
            "sales",
            "dispatch_jobs",
            "technicians",
            "search_words",
            "directory",
            "messages",
        )
    }
    assert rows == dict.fromkeys(rows, 0)
    left = superuser.execute(
        "select count(*) from jobs where tenant_id = %s and status = 'waiting'", (old,)
    ).fetchone()[0]
    assert left == 0
    kept = superuser.execute("select count(*) from audit_entries where tenant_id = %s", (old,)).fetchone()[0]
    assert kept > 0  # no role of the application may delete it


def test_live_records_are_never_deleted_by_that_job(app: App, company: Company) -> None:
    with company.acting():
        people.customer(name="Live Customer")
        jobs.add(sandboxes.FORGET)
        jobs.add(service.FILL)
    worked(app, company.tenant_id)
    with company.acting():
        assert db.session.scalars(select(Customer.name)).all() == ["Live Customer"]
        assert db.session.get(Organization, company.tenant_id) is not None
    key_of(company)
    present = inside(app, company)
    with app.app_context(), context.acting(context.Principal(kind="system", tenant_id=present)):
        with tenancy.across(present):
            jobs.add(sandboxes.FORGET)  # of the one that keys work in
    worked(app, present)
    with app.app_context():
        tenancy.use(present)
        assert len(db.session.scalars(select(Customer.id).where(Customer.tenant_id == present)).all()) == 10


def test_who_may_not_manage_keys_neither_sees_nor_resets_it(company: Company) -> None:
    client = company.sign_in("manager")
    assert client.get("/settings/sandbox").status_code == 403
    with pytest.raises(errors.Forbidden), company.acting("manager"):
        sandboxes.reset()


def test_a_company_without_test_keys_is_told_how_to_get_one(company: Company) -> None:
    page = company.sign_in("admin").get("/settings/sandbox").get_data(as_text=True)
    assert "It is made with the first test key" in page


def test_a_stream_of_a_test_key_goes_on_until_the_key_is_revoked(app: App, company: Company) -> None:
    key = key_of(company)
    with app.test_request_context():
        who = keyring.find(key)
    assert who is not None and who.tenant_id is not None
    hub: streams.Hub = app.extensions["streams"]
    with app.app_context():
        assert hub.still_valid(who.tenant_id, [who]) == [who]
    with company.acting("owner"):
        keys.revoke(who.id or 0)
    with app.app_context():
        assert hub.still_valid(who.tenant_id, [who]) == []


def test_the_page_costs_the_same_however_much_was_kept(
    app: App, company: Company, receiver: Receiver
) -> None:
    key = key_of(company)
    call(app, "POST", HOOKS, {"url": receiver.url(), "events": ["customer.created"]}, token=key)
    sandbox = inside(app, company)
    worked(app, sandbox)
    client, costs = company.sign_in("admin"), []
    for more in (1, 8):
        for n in range(more):
            call(app, "POST", CUSTOMERS, {"name": f"Sandy {more} {n}"}, token=key)
            with app.app_context(), context.acting(context.Principal(kind="system", tenant_id=sandbox)):
                with tenancy.across(sandbox):
                    messaging.send_email("olivia@example.com", "Olivia", f"Visit {n}", "Nine.")
        courier.work_off(app, sandbox)
        with counted(app) as asked:
            assert client.get("/settings/sandbox").status_code == 200
        costs.append(len(asked))
    assert costs[0] == costs[1] <= 11
    with app.app_context():
        tenancy.use(sandbox)
        assert (
            len(
                db.session.scalars(
                    select(WebhookDelivery.id).where(WebhookDelivery.tenant_id == sandbox)
                ).all()
            )
            >= 9
        )


def test_a_connector_of_the_sandbox_calls_nobody_and_its_inputs_are_shown(
    app: App, company: Company, receiver: Receiver
) -> None:
    key_of(company)
    sandbox = inside(app, company)
    inputs = {"type": "object", "properties": {"job_id": {"type": "integer"}}}
    with app.app_context(), context.acting(context.Principal(kind="system", tenant_id=sandbox)):
        with tenancy.across(sandbox):
            wanted = registry.Wanted(
                "Book it", "Books it", receiver.url(), "POST", inputs, {"type": "object"}
            )
            calls.make(registry.create(wanted).connector, {"job_id": 4711})
    courier.work_off(app, sandbox, Caller(app), CONNECTORS)
    assert (receiver.connections, receiver.got) == (0, [])
    page = company.sign_in("admin").get("/settings/sandbox").get_data(as_text=True)
    assert "4711" in page and "Book it" in page and sandboxes.KEPT.split(":")[0] in page


def test_what_an_organization_is_is_not_remembered_before_it_is_there(app: App, company: Company) -> None:
    key = key_of(company)
    sandbox = inside(app, company)
    unknown = ids.uuid4()
    with app.app_context():
        assert not sandboxes.is_one(unknown)
        assert unknown not in sandboxes._known
        assert sandboxes.is_one(sandbox)
        assert sandboxes._known[sandbox] is True
    assert key
