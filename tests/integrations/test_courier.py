"""The courier among many: places for everybody, stopping, and going on after a death."""

import asyncio
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.factories.world import Company
from tests.faults.conftest import Crew
from tests.integrations.receivers import Got, Receiver, reply
from tests.integrations.support import deliver, deliveries, happen, register
from tests.loops import run
from tests.processes import wait_until
from webapp.config import Settings
from webapp.integrations.courier import Courier
from webapp.integrations.service.work import WEBHOOKS
from webapp.kit import clock
from webapp.kit.web import App


@pytest.fixture
def crew(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    made = Crew(settings, tmp_path)
    yield made
    made.end()


def test_an_organization_with_many_endpoints_leaves_places_for_the_others(
    app: App, company: Company, other_company: Company, receiver: Receiver
) -> None:
    async def hang(got: Got) -> bytes:
        await asyncio.sleep(0.3)
        return reply()

    receiver.answer = hang
    for n in range(8):
        register(company, receiver.url(f"/mine/{n}"), "sale.created")
    register(other_company, receiver.url("/theirs"), "sale.created")
    happen(company, 1)
    happen(other_company, 1)

    async def scene() -> tuple[int, int, int]:
        courier = Courier(app, slots=20)  # of which 16 are kept for those who have none
        try:
            first = await courier.visit(company.tenant_id)
            second = await courier.visit(company.tenant_id)
            theirs = await courier.visit(other_company.tenant_id)
            await courier.idle()
            return first, second, theirs
        finally:
            courier.close()

    first, second, theirs = run(scene())
    assert (first, theirs) == (8, 1)
    assert second == 0
    assert {g.path for g in receiver.got} == {f"/mine/{n}" for n in range(8)} | {"/theirs"}


def test_two_couriers_never_serve_one_endpoint_at_a_time(
    app: App, company: Company, receiver: Receiver
) -> None:
    register(company, receiver.url(), "sale.created")
    happen(company, 1)
    with company.acting():
        assert len(WEBHOOKS.visit("one", 10)) == 1
    with company.acting():
        assert WEBHOOKS.visit("two", 10) == []
    with clock.at(clock.now() + timedelta(seconds=31)), company.acting():
        assert len(WEBHOOKS.visit("two", 10)) == 1, "the first one died"
        assert WEBHOOKS.renew("one", [1, 2, 3]) == set()


def test_a_killed_couriers_deliveries_go_on_in_another_and_redis_may_be_empty(
    app: App, company: Company, receiver: Receiver, crew: Crew
) -> None:
    hold = {"on": True}

    async def slow(got: Got) -> bytes:
        if hold["on"]:
            await asyncio.sleep(60)
        return reply()

    receiver.answer = slow
    first = crew.start("worker", "hooks")
    register(company, receiver.url(), "sale.created")
    happen(company, 1)
    wait_until(lambda: len(receiver.got) == 1, 30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    hold["on"] = False
    app.extensions["redis"].flushdb()
    crew.start("worker", "hooks")
    wait_until(lambda: [d.status for d in deliveries(company)] == ["delivered"], 60)
    assert len({got.id for got in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_a_courier_that_is_told_to_stop_finishes_what_is_under_way(
    company: Company, receiver: Receiver, crew: Crew
) -> None:
    async def slow(got: Got) -> bytes:
        await asyncio.sleep(1.5)
        return reply()

    receiver.answer = slow
    courier = crew.start("worker", "hooks")
    register(company, receiver.url(), "sale.created")
    happen(company, 1)
    wait_until(lambda: len(receiver.got) == 1, 30)
    courier.terminate()
    assert courier.wait(25) == 0
    assert [d.status for d in deliveries(company)] == ["delivered"]
    deliver(company)
    assert len(receiver.got) == 1
