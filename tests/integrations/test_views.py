"""The pages of webhooks."""

import re
from typing import Any

from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from tests.integrations.receivers import Receiver, reply
from tests.integrations.support import deliver, deliveries, happen, register

HERE = "/settings/webhooks"


def post(client: Any, path: str, **form: Any) -> Any:
    token = csrf_of(client.get(HERE).get_data(as_text=True))
    return client.post(path, data={"csrf_token": token, **form})


def test_registering_shows_the_secret_once_and_sends_a_test(company: Company, receiver: Receiver) -> None:
    client = company.sign_in("admin")
    form = {
        "url": receiver.url(),
        "events": ["sale.*"],
        "api": "growth",
        "concurrency": "5",
        "rate_per_second": "0",
    }
    page = post(client, HERE, **form)
    assert page.status_code == 200
    secret = re.search(r"whsec_[A-Za-z0-9]{32}", page.get_data(as_text=True))
    assert secret is not None
    deliver(company)
    (got,) = receiver.got
    got.verify(secret[0])
    assert got.json["event"] == "webhook.test"
    (made,) = deliveries(company)
    shown = client.get(f"{HERE}/{made.endpoint_id}").get_data(as_text=True)
    assert secret[0] not in shown
    assert secret[0][:12] in shown


def test_an_address_that_cannot_be_is_refused_at_its_field(company: Company) -> None:
    client = company.sign_in("admin")
    form = {
        "url": "http://example.com/",
        "events": ["sale.*"],
        "api": "field",
        "concurrency": "5",
        "rate_per_second": "0",
    }
    page = post(client, HERE, **form)
    assert page.status_code == 422
    assert "must begin with https" in page.get_data(as_text=True)
    page = post(client, HERE, **form | {"url": "https://10.0.0.1/", "events": []})
    assert page.status_code == 422


def test_a_delivery_shows_what_was_sent_and_answered_and_is_sent_again(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(500, b"out of order")
    endpoint = register(company, receiver.url(), "sale.created").endpoint
    happen(company, 42)
    deliver(company)
    client = company.sign_in("admin")
    listed = client.get(f"{HERE}/{endpoint.id}/deliveries?q=42").get_data(as_text=True)
    assert "Trying again" in listed
    (made,) = deliveries(company)
    path = f"{HERE}/{endpoint.id}/deliveries/{made.public_id}"
    page = client.get(path).get_data(as_text=True)
    for part in ("out of order", "500", "webhook-id", "sale_id"):
        assert part in page
    receiver.answer = lambda got: reply()
    assert post(client, f"{path}/replay").status_code == 303
    deliver(company)
    assert "Delivered" in client.get(path).get_data(as_text=True)
    assert len({got.id for got in receiver.got}) == 1


def test_pausing_keeps_what_happens_and_resuming_sends_it(company: Company, receiver: Receiver) -> None:
    endpoint = register(company, receiver.url(), "sale.created").endpoint
    client = company.sign_in("admin")
    post(client, f"{HERE}/{endpoint.id}/pause")
    happen(company, 1)
    deliver(company)
    assert receiver.got == []
    assert "What happens meanwhile is kept" in client.get(f"{HERE}/{endpoint.id}").get_data(as_text=True)
    post(client, f"{HERE}/{endpoint.id}/resume")
    deliver(company)
    assert [got.json["data"]["sale_id"] for got in receiver.got] == [1]


def test_pages_ask_no_more_of_the_database_for_more_rows(company: Company, receiver: Receiver) -> None:
    endpoint = register(company, receiver.url(), "sale.created").endpoint
    client = company.sign_in("manager")
    counts = []
    for more in (2, 20):
        for n in range(more):
            happen(company, n)
            register(company, receiver.url(f"/{more}/{n}"), "claim.*")
        deliver(company)
        found = []
        for path in ("", f"/{endpoint.id}", f"/{endpoint.id}/deliveries"):
            with counted() as queries:
                assert client.get(HERE + path).status_code == 200
            found.append(len(queries))
        counts.append(found)
    assert counts[0] == counts[1]


def test_a_manager_looks_and_changes_nothing(company: Company, receiver: Receiver) -> None:
    endpoint = register(company, receiver.url(), "sale.created").endpoint
    client = company.sign_in("manager")
    assert client.get(f"{HERE}/{endpoint.id}").status_code == 200
    assert client.get(f"{HERE}/new").status_code == 403
    assert company.sign_in("dispatcher").get(HERE).status_code == 403
