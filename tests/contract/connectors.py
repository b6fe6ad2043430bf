"""Connectors of a company under the contract's tests."""

from typing import Any

from tests.contract.house import House
from tests.contract.webhooks import url
from webapp.integrations.connectors.mapping import Source
from webapp.integrations.connectors.service import acting, calls, registry
from webapp.models import Connector

INPUTS = {"type": "object", "properties": {"sale_id": {"type": "integer"}, "note": {"type": "string"}},
          "required": ["sale_id"]}  # fmt: skip


def fill(house: House) -> None:
    """A connector with a rule and a call that is over, and more of them than a page of the tests."""
    for _ in range(9):
        made = connector(house)
        house.values |= {"connector_id": made.id, "rule_id": rule(made).id}
        call = calls.make(made, {"sale_id": 42})
        call.status, call.next_attempt_at, call.response_status, call.tries = "delivered", None, 200, 1
        house.values["call_id"] = call.public_id


def connector(house: House) -> Connector:
    wanted = registry.Wanted(
        f"Book {house.number()}", "Books it", url(house), "POST", INPUTS, {"type": "object"}
    )
    return registry.create(wanted).connector


def rule(made: Connector) -> Any:
    wanted = acting.Wanted("When claimed", ("claim.*",), (), {"sale_id": Source("constant", "1")})
    return acting.create(made, wanted)


def ways(house: House, maker: Any) -> None:
    """For calls that use a connector up."""

    def fresh() -> dict[str, Any]:
        made = connector(house)
        return {"connector_id": made.id, "rule_id": rule(made).id}

    maker("connector_id", fresh)
    maker("rule_id", fresh)
