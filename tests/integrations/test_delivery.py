"""From an event to a receiver: signed, tried again on schedule, in order, and nobody waits for anybody."""

import asyncio
import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from tests.factories.world import Company
from tests.integrations.receivers import Got, Receiver, reply
from tests.integrations.support import attempts, deliver, deliveries, drain, happen, register
from webapp.integrations import rules
from webapp.integrations.service import endpoints
from webapp.kit import clock, journal
from webapp.kit.db import db
from webapp.models import Message, Notice, WebhookEndpoint

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


def reload(company: Company, number: int) -> WebhookEndpoint:
    with company.acting():
        return db.session.get_one(WebhookEndpoint, (company.tenant_id, number), populate_existing=True)


def test_an_event_arrives_signed_and_is_shown_as_delivered(company: Company, receiver: Receiver) -> None:
    made = register(company, receiver.url(), "sale.created")
    happen(company, 42)
    happen(company, 42, "sale.approved")
    assert drain(company) >= 1
    (got,) = receiver.got
    got.verify(made.secret)
    assert list(got.json) == ["id", "event", "created_at", "organization_id", "data"]
    assert (got.json["event"], got.json["data"]) == ("sale.created", {"sale_id": 42})
    assert got.json["organization_id"] == str(company.tenant_id)
    (delivery,) = deliveries(company)
    assert (delivery.status, delivery.attempt, delivery.response_status) == ("delivered", 1, 200)
    assert str(delivery.event_id) == got.id == got.json["id"]
    assert [a.number for a in attempts(company)] == [1]


@pytest.mark.parametrize(
    ("api", "header"), [("growth", "x-eal-signature"), ("field", "x-tradekitt-signature")]
)
def test_each_api_has_its_own_signature_besides(
    company: Company, receiver: Receiver, api: str, header: str
) -> None:
    made = register(company, receiver.url(), "sale.created", api=api)
    happen(company)
    deliver(company)
    (got,) = receiver.got
    fields = dict(part.split("=") for part in got.headers[header].split(","))
    expected = hmac.new(
        made.secret.encode(), f"{fields['t']}.".encode() + got.body, hashlib.sha256
    ).hexdigest()
    assert fields["v1"] == expected
    assert got.headers["webhook-timestamp"] == fields["t"]
    with pytest.raises(WebhookVerificationError):
        Webhook(made.secret).verify(got.body + b" ", got.headers)


def test_for_a_day_after_a_rotation_both_secrets_verify_also_of_two_rotations(
    company: Company, receiver: Receiver
) -> None:
    made = register(company, receiver.url(), "sale.created")
    secrets = [made.secret]
    start = clock.now()
    for hours in (0, 1):
        with clock.at(start + timedelta(hours=hours)), company.acting():
            secrets.append(endpoints.rotate(made.endpoint).secret)
    for hours, valid in ((0, 3), (23.9, 3), (24.5, 2), (25.1, 1)):
        with clock.at(start + timedelta(hours=hours)):
            happen(company)
            deliver(company)
        got = receiver.got[-1]
        shown = [s for s in secrets if _verifies(got, s)]
        assert shown == secrets[-valid:], f"after {hours} hours"
        assert got.headers["x-eal-signature"].count("v1=") == valid


def _verifies(got: Got, secret: str) -> bool:
    signed = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    return rules.standard_signature(secret, got.id, int(got.headers["webhook-timestamp"]), got.body) in got.headers[
        "webhook-signature"].split(" ") and bool(signed)  # fmt: skip


def test_a_secret_rotated_too_often_in_a_day_is_refused_so_that_no_promise_is_broken(
    company: Company, receiver: Receiver
) -> None:
    made = register(company, receiver.url())
    with company.acting():
        for _ in range(rules.MOST_SECRETS - 1):
            endpoints.rotate(made.endpoint)
        with pytest.raises(Exception, match="rotated too often"):
            endpoints.rotate(made.endpoint)


def test_ten_attempts_are_made_at_the_delays_of_the_contract_and_then_it_is_given_up(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(503)
    register(company, receiver.url(), "sale.created")
    with clock.at(NOON):
        happen(company)
        for _ in range(12):
            deliver(company)
            (one,) = deliveries(company)
            if one.next_attempt_at is None:
                break
            clock.advance(one.next_attempt_at - clock.now())
    assert (one.status, one.attempt) == ("dead_letter", 10)
    made = attempts(company)
    waits = [round((b.at - a.at).total_seconds()) for a, b in pairwise(made)]
    assert waits == list(rules.DELAYS)
    assert (made[-1].at - made[0].at) == timedelta(seconds=272_105)
    assert len({got.id for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1


def test_the_jitter_is_a_tenth_each_way(company: Company, receiver: Receiver) -> None:
    receiver.answer = lambda got: reply(500)
    register(company, receiver.url(), "sale.created")
    with clock.at(NOON):
        for chance, seconds in ((0.0, 4.5), (0.999999, 5.5)):
            happen(company)
            deliver(company, chance=chance)
            wait = deliveries(company)[-1].next_attempt_at
            assert wait is not None
            assert (wait - NOON).total_seconds() == pytest.approx(seconds, abs=0.001)


def test_a_receiver_that_says_when_to_come_again_is_left_alone_until_then(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(429, Retry_After="900")
    register(company, receiver.url(), "sale.created")
    with clock.at(NOON):
        happen(company, 1)
        deliver(company)
        happen(company, 2)
        clock.advance(timedelta(seconds=600))
        deliver(company)
        assert len(receiver.got) == 1, "neither the first nor the second before its time"
        receiver.answer = lambda got: reply()
        clock.advance(timedelta(seconds=300))
        deliver(company)
    assert sorted(got.json["data"]["sale_id"] for got in receiver.got[1:]) == [1, 2]


def test_a_receiver_that_is_gone_is_paused_and_its_owners_are_told(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(410)
    made = register(company, receiver.url(), "sale.created")
    happen(company, 1)
    deliver(company)
    row = reload(company, made.endpoint.id)
    assert (row.enabled, row.paused_why) == (False, "gone")
    with company.acting():
        told = set(db.session.scalars(select(Notice.user_id).where(Notice.tenant_id == company.tenant_id)))
        assert {company.users["owner"], company.users["admin"]} <= told
        assert db.session.scalars(select(Message).where(Message.template == "webhook_paused")).one()
    happen(company, 2)
    receiver.answer = lambda got: reply()
    deliver(company)
    assert len(receiver.got) == 1
    with company.acting():
        endpoints.resume(made.endpoint)
    with clock.at(clock.now() + timedelta(minutes=1)):
        deliver(company)
    assert [got.json["data"]["sale_id"] for got in receiver.got] in ([1, 1, 2], [1, 2, 1])


def test_days_of_nothing_but_failures_pause_it_by_itself(company: Company, receiver: Receiver) -> None:
    receiver.answer = lambda got: reply(500)
    made = register(company, receiver.url(), "sale.created")
    with clock.at(NOON):
        for _ in range(6):
            happen(company)
            deliver(company)
            clock.advance(timedelta(days=1))
        deliver(company)
        row = reload(company, made.endpoint.id)
    assert (row.enabled, row.paused_why) == (False, "failing")


@pytest.mark.parametrize(
    ("status", "kind"), [(301, "answer"), (302, "answer"), (404, "answer"), (500, "answer"), (204, "")]
)  # fmt: skip
def test_only_a_2xx_is_a_success_and_no_redirect_is_followed(
    company: Company, receiver: Receiver, status: int, kind: str
) -> None:
    receiver.answer = lambda got: reply(status, b"", Location=receiver.url("/secret"))
    register(company, receiver.url(), "sale.created")
    happen(company)
    deliver(company)
    (made,) = attempts(company)
    assert (made.status, made.error_kind) == (status, kind)
    assert [got.path for got in receiver.got] == ["/hook"]


async def _drip(got: Got) -> bytes:
    await asyncio.sleep(30)
    return b""


LIES: dict[str, Any] = {
    "nothing": lambda got: b"",
    "nonsense": lambda got: b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "silence": _drip,
    "half": lambda got: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_receiver_that_lies_is_tried_again_and_the_failure_is_said(
    company: Company, receiver: Receiver, lie: str
) -> None:
    receiver.answer = LIES[lie]
    register(company, receiver.url(), "sale.created")
    happen(company)
    deliver(company, timeout=0.5)
    (made,) = attempts(company)
    assert made.error_kind == ("timeout" if lie in ("silence", "half") else "protocol")
    assert made.error
    assert deliveries(company)[0].status == "retrying"


def test_an_answer_of_100_mb_is_read_no_further_than_its_beginning(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 3_000_000
    register(company, receiver.url(), "sale.created")
    happen(company)
    deliver(company)
    (made,) = attempts(company)
    assert made.status == 200
    assert len(made.response_body) == 4096


def test_a_closed_port_is_a_failure_that_is_tried_again(company: Company, receiver: Receiver) -> None:
    register(company, receiver.url(), "sale.created")
    receiver.stop()
    happen(company)
    deliver(company)
    (made,) = attempts(company)
    assert (made.status, made.error_kind) == (None, "connect")


def test_numbers_too_large_for_a_receivers_json_come_as_text(company: Company, receiver: Receiver) -> None:
    register(company, receiver.url(), "sale.created")
    happen(company, 1, sale_id=2**53 + 1, exact=2**53 - 1, deep=[{"n": -(2**60)}])
    deliver(company)
    assert receiver.got[0].json["data"] == {
        "sale_id": "9007199254740993", "exact": 2**53 - 1, "deep": [{"n": str(-(2**60))}],
    }  # fmt: skip


def test_a_body_that_no_receiver_takes_is_left_out_and_said_to_be(
    company: Company, receiver: Receiver
) -> None:
    register(company, receiver.url(), "sale.created")
    happen(company, 1, text="x" * 300_000)
    deliver(company)
    assert (receiver.got[0].json["data"], receiver.got[0].json["too_large"]) == (None, True)


def test_groups_are_matched_and_audit_entries_come_only_when_asked_for(
    company: Company, receiver: Receiver
) -> None:
    register(company, receiver.url("/all"), "*")
    register(company, receiver.url("/sales"), "sale.*")
    register(company, receiver.url("/mail"), "outreach.email.*")
    register(company, receiver.url("/audit"), "audit.log.event")
    for name in ("sale.approved", "outreach.email.sent", "lead.created"):
        happen(company, 1, name)
    with company.acting("manager"):
        journal.audit("lead.updated", record_type="lead", record_id=7, diff={"score": {"from": 1, "to": 2}})
    deliver(company)
    got = [(g.path, g.json["event"]) for g in receiver.got]
    assert sorted(e for p, e in got if p == "/all") == [
        "lead.created",
        "outreach.email.sent",
        "sale.approved",
    ]
    assert [e for p, e in got if p == "/sales"] == ["sale.approved"]
    assert [e for p, e in got if p == "/mail"] == ["outreach.email.sent"]
    audits = [g.json for g in receiver.got if g.path == "/audit"]
    assert {a["event"] for a in audits} == {"audit.log.event"}
    mine = next(a for a in audits if a["data"]["action"] == "lead.updated")
    assert mine["data"]["payload"]["diff"] == {"score": {"from": 1, "to": 2}}
    assert mine["data"]["id"] == mine["id"]


def test_strictly_in_order_the_next_event_of_a_record_waits_and_others_do_not(
    company: Company, receiver: Receiver
) -> None:
    broken = {"on": True}
    receiver.answer = lambda got: reply(500 if broken["on"] and got.json["data"]["sale_id"] == 1 else 200)
    register(company, receiver.url(), "sale.*", in_order=True)
    with clock.at(NOON):
        for name in ("sale.created", "sale.updated", "sale.approved"):
            for record in (1, 2):
                happen(company, record, name)
        deliver(company)
        seen = [(g.json["data"]["sale_id"], g.json["event"]) for g in receiver.got]
        assert [e for r, e in seen if r == 2] == ["sale.created", "sale.updated", "sale.approved"]
        assert [e for r, e in seen if r == 1] == ["sale.created"]
        happen(company, 1, "sale.voided")
        deliver(company)
        assert len(receiver.got) == len(seen), "a later event does not overtake either"
        broken["on"] = False
        clock.advance(timedelta(seconds=6))
        deliver(company)
    first = [g.json["event"] for g in receiver.got if g.json["data"]["sale_id"] == 1]
    assert first == ["sale.created", "sale.created", "sale.updated", "sale.approved", "sale.voided"]


def test_a_slow_receiver_delays_no_other(company: Company, receiver: Receiver) -> None:
    async def slow(got: Got) -> bytes:
        if got.path == "/slow":
            await asyncio.sleep(2)
        return reply()

    receiver.answer = slow
    register(company, receiver.url("/slow"), "sale.created", concurrency=1)
    register(company, receiver.url("/fast"), "sale.created")
    for n in range(3):
        happen(company, n)
    times: list[float] = []
    start = time.monotonic()
    answer = receiver.answer

    async def timed(got: Got) -> bytes:
        if got.path == "/fast":
            times.append(time.monotonic() - start)
        return await answer(got)  # type: ignore[misc]

    receiver.answer = timed
    deliver(company)
    assert len(times) == 3
    assert max(times) < 1.5
    assert len(receiver.got) == 6


def test_an_endpoint_is_sent_no_more_at_once_and_no_faster_than_it_takes(
    company: Company, receiver: Receiver
) -> None:
    now, most = {"n": 0}, {"n": 0}

    async def watch(got: Got) -> bytes:
        now["n"] += 1
        most["n"] = max(most["n"], now["n"])
        await asyncio.sleep(0.02)
        now["n"] -= 1
        return reply()

    receiver.answer = watch
    register(company, receiver.url(), "sale.created", concurrency=2, rate_per_second=40)
    for n in range(20):
        happen(company, n)
    start = time.monotonic()
    deliver(company)
    assert len(receiver.got) == 20
    assert most["n"] <= 2
    assert time.monotonic() - start >= 19 / 40


def test_connections_are_kept(company: Company, receiver: Receiver) -> None:
    register(company, receiver.url(), "sale.created", concurrency=2)
    for n in range(30):
        happen(company, n)
    deliver(company)
    assert len(receiver.got) == 30
    assert receiver.connections <= 2


def test_another_organization_hears_nothing(
    company: Company, other_company: Company, receiver: Receiver
) -> None:
    register(company, receiver.url("/mine"), "*")
    register(other_company, receiver.url("/theirs"), "*")
    happen(company, 1)
    deliver(company)
    deliver(other_company)
    assert {got.path for got in receiver.got} == {"/mine"}
