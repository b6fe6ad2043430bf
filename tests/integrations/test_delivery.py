"""From an event to a receiver."""

from tests.factories.world import Company
from tests.integrations.receivers import Receiver
from tests.integrations.support import attempts, deliveries, drain, happen, register


def test_an_event_arrives_signed_and_is_shown_as_delivered(company: Company, receiver: Receiver) -> None:
    made = register(company, receiver.url(), "sale.created")
    happen(company, 42)
    happen(company, 42, "sale.approved")
    assert drain(company) == 1
    (got,) = receiver.got
    got.verify(made.secret)
    assert set(got.json) == {"id", "event", "created_at", "organization_id", "data"}
    assert (got.json["event"], got.json["data"]) == ("sale.created", {"sale_id": 42})
    (delivery,) = deliveries(company)
    assert (delivery.status, delivery.attempt, delivery.response_status) == ("delivered", 1, 200)
    assert str(delivery.event_id) == got.id == got.json["id"]
    assert [a.number for a in attempts(company)] == [1]
