"""Couriers as processes: both trades in one, and a death in the middle of a call."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.world import Company
from tests.faults.conftest import Crew
from tests.integrations.connectors.support import attempts, describe, key_of, made, verifies, when
from tests.integrations.receivers import Got, Receiver, reply
from tests.integrations.support import deliveries, happen, register
from tests.processes import wait_until
from webapp.config import Settings
from webapp.kit.web import App


@pytest.fixture
def crew(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    made = Crew(settings, tmp_path)
    yield made
    made.end()


def test_a_killed_couriers_call_is_made_again_under_its_key_and_webhooks_are_carried_beside(
    app: App, company: Company, receiver: Receiver, crew: Crew
) -> None:
    hold = {"on": True}

    async def slow(got: Got) -> bytes:
        if hold["on"] and got.path == "/jobs":
            await asyncio.sleep(60)
        return reply()

    receiver.answer = slow
    first = crew.start("worker", "hooks")
    when(company, describe(company, receiver.url("/jobs")))
    register(company, receiver.url("/hook"), "sale.created")
    happen(company, 1)
    wait_until(lambda: {got.path for got in receiver.got} == {"/jobs", "/hook"}, 30)
    wait_until(lambda: [d.status for d in deliveries(company)] == ["delivered"], 30)
    assert [c.first_at is not None for c in made(company)] == [True], "its key's five minutes have begun"
    first.send_signal(signal.SIGKILL)
    first.wait()
    hold["on"] = False
    app.extensions["redis"].flushdb()
    crew.start("worker", "hooks")
    wait_until(lambda: [c.status for c in made(company)] == ["delivered"], 60)
    sent = [got for got in receiver.got if got.path == "/jobs"]
    assert len(sent) == 2
    assert len({got.headers["x-idempotency-key"] for got in sent}) == 1
    assert len(attempts(company)) == 1, "what the dead one did is not known"
    key = key_of(company)
    assert all(verifies(receiver, got, key) for got in sent)
