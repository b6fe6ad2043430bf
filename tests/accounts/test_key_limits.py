"""What a narrowed key may not reach by detours: rights of other matters, what a stream tells, streams from before."""

from datetime import timedelta
from typing import Any

from tests.accounts.support import call
from tests.factories.world import Company
from webapp.accounts.service import keyring, keys
from webapp.dispatch.api import stream
from webapp.kit import clock, context, streams
from webapp.kit.context import Principal
from webapp.kit.web import App


def made(company: Company, **options: Any) -> tuple[int, str]:
    with company.acting("owner"):
        row, key = keys.create("Website", "field", role="admin", **options)
        return row.id, key


def holder(app: App, key: str) -> Principal:
    with app.test_request_context():
        who = keyring.find(key)
    assert who is not None
    return who


def test_a_key_has_no_rights_beyond_the_matters_it_was_narrowed_to(app: App, company: Company) -> None:
    _, key = made(company, access="chosen", chosen=["sales:read", "dispatch:write"])
    who = holder(app, key)
    assert {"sales.read", "sales.read-all", "dispatch.read"} <= who.permissions
    assert {one.partition(".")[0] for one in who.permissions} == {"sales", "dispatch"}
    for access in ("full", "read"):
        _, other = made(company, access=access)
        assert "payroll.read" in holder(app, other).permissions


def test_a_stream_tells_a_narrowed_key_of_nothing_else(app: App, company: Company) -> None:
    for chosen, hears in (
        (["dispatch:read"], False),
        (["dispatch:read", "timesheets:read", "sla:read"], True),
    ):
        _, key = made(company, access="chosen", chosen=chosen)
        with app.app_context(), context.acting(holder(app, key)):
            assert "dispatch" in stream.heard()
            assert ({"time", "sla"} <= stream.heard()) is hears
            assert hears or not {"time", "sla"} & stream.heard()


def test_a_stream_from_before_a_key_was_narrowed_ends_whatever_it_opens_after(
    app: App, company: Company
) -> None:
    number, key = made(company)
    hub: streams.Hub = app.extensions["streams"]
    with app.app_context():
        before = hub.join(holder(app, key), None)
        with company.acting("owner"):
            keys.change(number, keys.Wanted("Website", "chosen", ["dispatch:read"]))
        after = hub.join(holder(app, key), None)
    try:
        hub._end_revoked(before.channel)
        assert (before.ended, after.ended) == (True, False)
    finally:
        hub.leave(before)
        hub.leave(after)


def test_a_stream_opened_with_a_secret_ends_with_that_secret(app: App, company: Company) -> None:
    number, key = made(company)
    hub: streams.Hub = app.extensions["streams"]
    with app.app_context():
        before = hub.join(holder(app, key), None)
    try:
        with clock.at(clock.now()):
            with company.acting("owner"):
                keys.rotate(number, 1)
            hub._end_revoked(before.channel)
            assert not before.ended, "it works on for an hour"
            clock.advance(timedelta(hours=1))
            hub._end_revoked(before.channel)
            assert before.ended, "who holds nothing but the old secret hears nothing more"
    finally:
        hub.leave(before)


def test_a_ticket_asked_for_with_a_secret_is_over_with_that_secret(app: App, company: Company) -> None:
    number, key = made(company)
    ticket = call(app, "POST", "/api/v1/admin/dispatch/stream-ticket", {}, token=key).json["data"]["ticket"]
    with company.acting("owner"):
        keys.rotate(number, 0)
    assert call(app, "GET", f"/api/v1/admin/dispatch/stream?ticket={ticket}").status_code == 401
