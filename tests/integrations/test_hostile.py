"""Receivers that answer what no program expects: the attempt is written down like any other."""

from datetime import UTC, datetime

import pytest

from tests.factories.world import Company
from tests.integrations.connectors.support import call_off, console, describe, made
from tests.integrations.receivers import Receiver, reply
from webapp.integrations import rules

NOW = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "Jan 1 99999999999 00:00:00",
        "Mon, 01 Jan 2024 00:00:00 +99999999999",
        "1 Jan 2020 99999999999999:00:00 GMT",
        "9" * 5000 + " Jan 2024 00:00:00 GMT",
    ],
)
def test_a_moment_that_no_calendar_has_asks_for_nothing(value: str) -> None:
    assert rules.retry_after(value, NOW) is None


def test_a_receiver_with_an_impossible_retry_after_is_tried_again_by_the_schedule(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(503, Retry_After="Jan 1 99999999999 00:00:00")
    console(company, describe(company, receiver.url()), once=False, job_id=1)
    call_off(company)
    (call,) = made(company)
    assert (call.status, call.tries, call.response_status) == ("retrying", 1, 503)
