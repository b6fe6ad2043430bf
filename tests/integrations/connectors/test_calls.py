"""From an event or the console to a receiver: signed, tried again under one key, checked before and after."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories.world import Company
from tests.integrations.connectors.support import (
    ANSWER,
    attempts,
    call_off,
    console,
    describe,
    key_of,
    made,
    reload,
    verifies,
    when,
)
from tests.integrations.receivers import Got, Receiver, reply
from tests.integrations.support import drain, happen
from webapp.integrations.connectors import rules
from webapp.integrations.connectors.mapping import Condition, Source
from webapp.integrations.connectors.service import acting, calls, keys, registry
from webapp.integrations.connectors.service.work import CONNECTORS
from webapp.integrations.trade import LEASE
from webapp.kit import clock, errors, outbound
from webapp.kit.db import db
from webapp.models import Connector, Notice

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


def test_a_call_from_the_console_arrives_signed_and_its_answer_is_checked(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(200, b'{"ticket": "T-1"}', Content_Type="application/json")
    connector = describe(company, receiver.url("/jobs"), outputs=ANSWER)
    console(company, connector, job_id=42, note="café")
    call_off(company)
    (got,) = receiver.got
    assert got.body == '{"job_id":42,"note":"café"}'.encode()
    assert got.headers["content-type"] == "application/json"
    assert verifies(receiver, got, key_of(company))
    (call,) = made(company)
    assert (call.status, call.response_status, call.misfit) == ("delivered", 200, "")
    (attempt,) = attempts(company)
    assert attempt.request_line == f"POST {receiver.url('/jobs')}"
    assert attempt.request_headers["X-Idempotency-Key"] == call.idempotency_key
    assert attempt.request_headers["X-Signature"].endswith("…"), "the whole one is a key to the receiver"
    assert attempt.response_body == '{"ticket": "T-1"}'


def test_the_inputs_of_a_get_are_search_parameters_and_are_signed_as_sorted_json(
    company: Company, receiver: Receiver
) -> None:
    inputs = {
        "type": "object",
        "properties": {
            "zip": {"type": "string"},
            "order_id": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "express": {"type": "boolean"},
        },
    }
    connector = describe(company, receiver.url("/orders?shop=ñ 1".replace(" ", "%20")), method="GET", inputs=inputs)  # fmt: skip
    console(company, connector, zip="33 & 601", order_id=42, tags=["a"], express=True)
    call_off(company)
    (got,) = receiver.got
    assert (
        got.path == "/orders?shop=%C3%B1%201&zip=33%20%26%20601&order_id=42&tags=%5B%22a%22%5D&express=true"
    )
    assert got.body == b""
    assert verifies(receiver, got, key_of(company))


def test_an_event_calls_the_connector_with_mapped_inputs(company: Company, receiver: Receiver) -> None:
    connector = describe(company, receiver.url())
    when(
        company,
        connector,
        "sale.*",
        conditions=(Condition("data.sale_id", "at-least", "10"),),
        job_id=Source("path", "data.sale_id"),
        note=Source("template", "Sale {data.sale_id}: {event}"),
    )
    happen(company, 7)
    happen(company, 42)
    happen(company, 42, "sale.approved")
    assert drain(company) >= 1
    assert sorted(got.json["note"] for got in receiver.got) == [
        "Sale 42: sale.approved",
        "Sale 42: sale.created",
    ]
    assert [g.json["job_id"] for g in receiver.got] == [42, 42]
    assert {c.status for c in made(company)} == {"delivered"}
    assert {c.origin for c in made(company)} == {"event"}
    assert len({g.headers["x-idempotency-key"] for g in receiver.got}) == 2


def test_an_event_whose_inputs_do_not_fit_is_kept_with_what_is_wrong_and_never_sent(
    company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url())
    when(company, connector, job_id=Source("path", "data.sale_id"))
    happen(company, 1, sale_id="no number")
    call_off(company)
    (call,) = made(company)
    assert (call.status, call.tries) == ("dead_letter", 0)
    assert "“job_id” must be a whole number." in call.error
    assert receiver.got == []


def test_what_was_rolled_back_calls_nobody(company: Company, receiver: Receiver) -> None:
    when(company, describe(company, receiver.url()))
    with pytest.raises(RuntimeError), company.acting("manager"):
        from webapp.kit import events

        events.emit(events.CATALOGUE["sale.created"], 1, {"sale_id": 1})
        raise RuntimeError("the sale was not made")
    call_off(company)
    assert made(company) == []


def test_six_attempts_within_five_minutes_under_one_key_and_then_it_is_given_up(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(503)
    when(company, describe(company, receiver.url()))
    with clock.at(NOON):
        happen(company, 42)
        for _ in range(10):
            call_off(company)
            (call,) = made(company)
            if call.next_attempt_at is None:
                break
            clock.advance(call.next_attempt_at - clock.now())
    assert (call.status, call.attempt) == ("dead_letter", rules.ATTEMPTS)
    tried = attempts(company)
    assert [round((b.at - a.at).total_seconds()) for a, b in pairwise(tried)] == list(rules.DELAYS)
    assert tried[-1].at - tried[0].at < rules.WINDOW
    assert {g.headers["x-idempotency-key"] for g in receiver.got} == {call.idempotency_key}
    assert len({g.body for g in receiver.got}) == 1
    assert len({g.headers["x-timestamp"] for g in receiver.got}) == rules.ATTEMPTS, "each attempt is fresh"
    key = key_of(company)
    assert all(verifies(receiver, g, key) for g in receiver.got)


def test_a_console_call_is_tried_once_unless_it_is_to_be_as_real_ones(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(500)
    connector = describe(company, receiver.url())
    console(company, connector, job_id=1)
    console(company, connector, once=False, job_id=2)
    call_off(company)
    assert [c.status for c in made(company)] == ["dead_letter", "retrying"]


def test_the_key_of_a_call_is_never_used_after_its_five_minutes_whoever_died(
    company: Company, receiver: Receiver
) -> None:
    when(company, describe(company, receiver.url()))
    with clock.at(NOON):
        happen(company, 42)
        with company.acting():
            (held,) = CONNECTORS.visit("one", 5)
            assert CONNECTORS.begin(held.rows[0]), "its first attempt is written down before it is made"
        # that courier died; nobody is there for ten minutes
        clock.advance(timedelta(minutes=10))
        call_off(company)
        (call,) = made(company)
        assert call.status == "dead_letter"
        assert receiver.got == []
        with company.acting("admin"):
            calls.again(call)
        call_off(company)
    assert [c.status for c in made(company)] == ["dead_letter", "delivered"]
    assert receiver.got[0].headers["x-idempotency-key"] != call.idempotency_key


def test_a_call_that_nobody_tried_yet_waits_as_long_as_it_must(company: Company, receiver: Receiver) -> None:
    when(company, describe(company, receiver.url()))
    with clock.at(NOON):
        happen(company, 42)
        with company.acting():
            CONNECTORS.visit("one", 5)
        clock.advance(timedelta(hours=3))
        call_off(company)
    assert [c.status for c in made(company)] == ["delivered"]


def test_a_killed_couriers_call_goes_on_under_the_same_key(company: Company, receiver: Receiver) -> None:
    when(company, describe(company, receiver.url()))
    with clock.at(NOON):
        happen(company, 42)
        with company.acting():
            (held,) = CONNECTORS.visit("one", 5)
            CONNECTORS.begin(held.rows[0])
        call_off(company)
        assert receiver.got == [], "it is the other courier's"
        clock.advance(LEASE + timedelta(seconds=1))
        call_off(company)
    (call,) = made(company)
    assert call.status == "delivered"
    assert receiver.got[0].headers["x-idempotency-key"] == call.idempotency_key


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply(301, Location="https://example.com/"), "answer", "301"),
        (reply(404), "answer", "404"),
        (b"HTTP/1.1 banana\r\n\r\n", "protocol", "broke off"),
        (b"", "protocol", "broke off"),
    ],
)
def test_whatever_is_no_answer_is_a_failure_in_words(
    company: Company, receiver: Receiver, answer: bytes, kind: str, words: str
) -> None:
    receiver.answer = lambda got: answer
    console(company, describe(company, receiver.url()), once=False, job_id=1)
    call_off(company)
    (call,) = made(company)
    assert call.status == "retrying"
    (attempt,) = attempts(company)
    assert attempt.error_kind == kind
    assert words in attempt.error


def test_a_receiver_that_says_when_is_left_alone_until_then_also_by_the_calls_behind(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(429, Retry_After="60")
    when(company, describe(company, receiver.url()))
    with clock.at(NOON):
        happen(company, 1)
        call_off(company)
        happen(company, 2)
        clock.advance(timedelta(seconds=30))
        call_off(company)
        assert len(receiver.got) == 1
        receiver.answer = lambda got: reply()
        clock.advance(timedelta(seconds=31))
        call_off(company)
    assert [c.status for c in made(company)] == ["delivered", "delivered"]
    assert len({g.headers["x-idempotency-key"] for g in receiver.got}) == 2


def test_who_asks_for_longer_than_a_key_lives_gets_the_next_calls_then(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(503, Retry_After="3600")
    when(company, describe(company, receiver.url()))
    with clock.at(NOON):
        happen(company, 1)
        call_off(company)
        happen(company, 2)
        receiver.answer = lambda got: reply()
        clock.advance(timedelta(minutes=59))
        call_off(company)
        assert [c.status for c in made(company)] == ["dead_letter", "pending"]
        clock.advance(timedelta(minutes=2))
        call_off(company)
    assert [c.status for c in made(company)] == ["dead_letter", "delivered"]


def test_a_slow_connector_delays_no_other(company: Company, receiver: Receiver) -> None:
    async def never(got: Got) -> bytes:
        await asyncio.sleep(30)
        return reply()

    slow = Receiver().start()
    slow.answer = never
    try:
        first = describe(company, slow.url())
        second = describe(company, receiver.url(), name="Another")
        for connector in (first, second):
            when(company, connector)
        for n in range(1, 4):
            happen(company, n)
        began = clock.monotonic()
        arrived: list[float] = []

        def note(got: Got) -> bytes:
            arrived.append(clock.monotonic() - began)
            return reply()

        receiver.answer = note
        call_off(company, timeout=1.0)
        assert len(arrived) == 3
        assert max(arrived) < 1, "before the other one's first limit is over"
        by_state = {c.connector_id: c.status for c in made(company)}
        assert by_state[second.id] == "delivered"
        assert by_state[first.id] == "retrying"
    finally:
        slow.stop()


def test_calls_for_one_record_are_made_in_order_while_others_go_on(
    company: Company, receiver: Receiver
) -> None:
    bad = {1}
    receiver.answer = lambda got: reply(500 if got.json["job_id"] in bad else 200)
    connector = describe(company, receiver.url())
    when(company, connector, "sale.created", "sale.approved", job_id=Source("path", "data.sale_id"),
         note=Source("path", "event"))  # fmt: skip
    with clock.at(NOON):
        happen(company, 1)
        happen(company, 1, "sale.approved")
        happen(company, 2)
        call_off(company)
        assert {(g.json["job_id"], g.json["note"]) for g in receiver.got} == {
            (1, "sale.created"),
            (2, "sale.created"),
        }
        bad.clear()
        clock.advance(timedelta(seconds=3))
        call_off(company)
    assert [g.json["note"] for g in receiver.got if g.json["job_id"] == 1] == [
        "sale.created",
        "sale.created",
        "sale.approved",
    ]


def test_a_paused_connector_loses_nothing_and_one_that_is_gone_pauses_itself(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(410)
    connector = describe(company, receiver.url())
    when(company, connector)
    happen(company, 1)
    call_off(company)
    found = reload(company, connector)
    assert (found.enabled, found.paused_why) == (False, "gone")
    happen(company, 2)
    call_off(company)
    assert len(receiver.got) == 1
    receiver.answer = lambda got: reply()
    with company.acting("admin"):
        registry.resume(found)
    call_off(company)
    assert receiver.got[-1].json == {"job_id": 2}


def test_days_of_failure_pause_it_and_the_owners_are_told(company: Company, receiver: Receiver) -> None:
    receiver.answer = lambda got: reply(500)
    connector = describe(company, receiver.url())
    when(company, connector)
    with clock.at(NOON):
        for day in range(6):
            happen(company, day + 1)
            call_off(company)
            clock.advance(timedelta(days=1))
        happen(company, 9)
        call_off(company)
    found = reload(company, connector)
    assert (found.enabled, found.paused_why) == (False, "failing")
    with company.acting():
        told = db.session.scalars(select(Notice).where(Notice.tenant_id == company.tenant_id)).all()
    assert any(n.title == "Connector paused: Book the job" for n in told)


def test_resuming_without_what_was_missed_leaves_it_out(company: Company, receiver: Receiver) -> None:
    connector = describe(company, receiver.url())
    when(company, connector)
    with company.acting("admin"):
        registry.pause(connector)
    happen(company, 1)
    with company.acting("admin"):
        registry.resume(connector, skip_missed=True)
    happen(company, 2)
    call_off(company)
    assert [g.json["job_id"] for g in receiver.got] == [2]


def test_a_rule_that_is_off_makes_no_calls_then_nor_later(company: Company, receiver: Receiver) -> None:
    rule = when(company, describe(company, receiver.url()))
    with company.acting("admin"):
        acting.switch(rule, on=False)
    happen(company, 1)
    call_off(company)
    with company.acting("admin"):
        acting.switch(rule, on=True)
    happen(company, 2)
    call_off(company)
    assert [g.json["job_id"] for g in receiver.got] == [2]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"ticket": 5}', "“ticket” must be text."),
        (b"{}", "“ticket” is missing."),
        (b"hello", "The answer is not JSON."),
        (b"[" * 10_000, "The answer is not JSON."),
        (b"x" * 100_000, "longer than"),
    ],
)
def test_an_answer_that_is_not_as_described_is_said_so_and_not_tried_again(
    company: Company, receiver: Receiver, body: bytes, words: str
) -> None:
    receiver.answer = lambda got: reply(200, body)
    console(company, describe(company, receiver.url(), outputs=ANSWER), once=False, job_id=1)
    call_off(company)
    (call,) = made(company)
    assert call.status == "delivered"
    assert words in (call.misfit or "")
    assert len(receiver.got) == 1


def test_a_pattern_that_would_take_forever_does_not(company: Company, receiver: Receiver) -> None:
    receiver.answer = lambda got: reply(200, b'{"ticket": "' + b"a" * 5000 + b'!"}')
    outputs = {"type": "object", "properties": {"ticket": {"type": "string", "pattern": "^(a+)+$"}}}
    console(company, describe(company, receiver.url(), outputs=outputs), job_id=1)
    began = clock.monotonic()
    call_off(company)
    assert clock.monotonic() - began < 5
    (call,) = made(company)
    assert call.misfit == "“ticket” does not have the form that is wanted."


def test_a_new_key_signs_beside_for_a_day_and_then_alone(company: Company, receiver: Receiver) -> None:
    with clock.at(NOON):
        connector = describe(company, receiver.url())
        with company.acting("admin"):
            old = keys.shown()[0].text
            new = keys.rotate().text
            with pytest.raises(errors.Conflict):
                keys.rotate()
        for hours, current, other in ((1, old, new), (23, old, new), (25, new, None)):
            with clock.at(NOON + timedelta(hours=hours)):
                console(company, connector, job_id=hours)
                call_off(company)
                got = receiver.got[-1]
                assert verifies(receiver, got, current), f"after {hours} hours"
                assert ("x-signature-next" in got.headers) is (other is not None)
                if other:
                    assert verifies(receiver, got, other, "x-signature-next")


def test_an_address_inside_is_refused_when_it_is_saved(company: Company) -> None:
    for url in ("https://10.0.0.1/", "http://example.com/", "https://user:pw@example.com/", "https://[::1]/"):
        with pytest.raises(errors.Invalid) as found:
            describe(company, url)
        assert "url" in found.value.details["fields"]


def test_the_inputs_of_the_console_are_checked_before_anything_is_sent(
    company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url())
    given: list[dict[str, Any]] = [{}, {"job_id": "x"}, {"job_id": 1, "more": 2}]
    for inputs in given:
        with pytest.raises(errors.Invalid):
            console(company, connector, **inputs)
    assert made(company) == []


def test_a_rule_is_checked_against_the_inputs_before_it_is_saved(
    company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url())
    wrong: list[tuple[tuple[str, ...], dict[str, Source], str]] = [
        (("sale.created",), {}, "mapping-job_id"),
        (("sale.created",), {"job_id": Source("constant", "x")}, "mapping-job_id"),
        (("sale.created",), {"job_id": Source("path", "event")}, "mapping-job_id"),
        (("sale.created",), {"job_id": Source("path", "a b")}, "mapping-job_id"),
        (("sale.created",), {"job_id": Source("constant", "1"), "x": Source("constant", "1")}, "mapping-x"),
        (("nothing.ever",), {"job_id": Source("constant", "1")}, "events"),
    ]
    for names, mapping, field in wrong:
        with pytest.raises(errors.Invalid) as found, company.acting("admin"):
            acting.create(connector, acting.Wanted("R", names, (), mapping))
        assert field in found.value.details["fields"], (names, mapping)
    when(company, connector)
    with pytest.raises(errors.Invalid, match="does not fit these inputs"), company.acting("admin"):
        registry.change(connector, registry.Wanted("Book the job", "", receiver.url(), "POST",
                                                   {"type": "object", "properties": {}}, {"type": "object"}))  # fmt: skip


def test_an_address_that_turns_inside_after_it_was_saved_is_never_reached(
    company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url())
    console(company, connector, job_id=1)
    with company.acting("admin"):
        row = db.session.get_one(Connector, (company.tenant_id, connector.id))
        row.url = receiver.url().replace("http://", "https://").replace("127.0.0.1", "[::ffff:127.0.0.1]")
    call_off(company)
    assert receiver.connections == 0
    (attempt,) = attempts(company)
    assert attempt.error_kind == "refused"


def test_a_sandboxs_calls_are_kept_instead_of_made(
    company: Company, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "kept", lambda: "A sandbox calls nobody.")
    console(company, describe(company, receiver.url()), job_id=1)
    call_off(company)
    (call,) = made(company)
    assert (call.status, call.error) == ("cancelled", "A sandbox calls nobody.")
    assert receiver.got == []


def test_a_call_made_again_waits_for_the_one_of_its_record_that_is_put_off(
    company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url())
    when(company, connector, "sale.created", "sale.approved", job_id=Source("path", "data.sale_id"),
         note=Source("path", "event"))  # fmt: skip
    with clock.at(NOON):
        happen(company, 1)
        call_off(company)
        receiver.answer = lambda got: reply(500)
        happen(company, 1, "sale.approved")
        call_off(company)
        with company.acting("admin"):
            calls.again(made(company)[0])
        _, put_off, again = made(company)
        assert put_off.status == "retrying"
        assert again.next_attempt_at == put_off.next_attempt_at
        assert call_off(company) == 0, "nobody walks around what is not due"
        receiver.answer = lambda got: reply()
        clock.advance(timedelta(seconds=3))
        call_off(company)
    assert [g.json["note"] for g in receiver.got][-2:] == ["sale.approved", "sale.created"]
