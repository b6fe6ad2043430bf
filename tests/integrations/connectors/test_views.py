"""The pages of connectors."""

import html
import json
import re
from typing import Any

from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from tests.integrations.connectors.support import (
    JOB,
    call_off,
    console,
    describe,
    made,
    verifies,
    when,
)
from tests.integrations.receivers import Receiver, reply
from tests.integrations.support import happen

HERE = "/settings/connectors"


def post(client: Any, path: str, **form: Any) -> Any:
    token = csrf_of(client.get(HERE).get_data(as_text=True))
    return client.post(path, data={"csrf_token": token, **form})


def text(answer: Any) -> str:
    return html.unescape(answer.get_data(as_text=True))


def form(url: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "Book the job", "description": "Books it", "url": url, "method": "POST", "concurrency": "5",
        "rate_per_second": "0", "inputs-mode": "rows", "inputs-0-name": "job_id", "inputs-0-kind": "integer",
        "inputs-0-required": "1", "inputs-0-description": "The job", "inputs-1-name": "", "inputs-1-kind": "text",
        "outputs-mode": "json", "outputs-json": '[{"name": "ticket", "type": "string", "required": true}]', **more,
    }  # fmt: skip


def test_describing_with_rows_and_json_leads_to_the_console_and_a_signed_call(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(200, b'{"ticket": "T-9"}')
    client = company.sign_in("admin")
    saved = post(client, HERE, **form(receiver.url("/jobs")))
    assert saved.status_code == 303, text(saved)
    assert saved.location.endswith("/console")
    shown = text(client.get(saved.location))
    assert "The job" in shown
    preview = text(post(client, saved.location, **{"input-job_id": "42", "action": "preview"}))
    assert "X-Signature: " in preview
    assert re.search(rf"{re.escape(receiver.url('/jobs'))}:idem_\w+:\d+:\{{\"job_id\":42\}}", preview)
    assert receiver.got == []
    sent = post(client, saved.location, **{"input-job_id": "42"})
    assert sent.status_code == 303
    assert "On its way" in text(client.get(sent.location))
    call_off(company)
    page = text(client.get(sent.location))
    for part in ("The answer is as described.", '{"ticket": "T-9"}', "X-Idempotency-Key", "200"):
        assert part in page
    key = re.search(r"sk_live_\w{40}", text(post(client, f"{HERE}/key/show")))
    assert key is not None
    assert verifies(receiver, receiver.got[0], key[0])
    assert key[0] not in text(client.get(f"{HERE}/key"))


def test_a_wrong_description_is_refused_in_words_at_its_place(company: Company, receiver: Receiver) -> None:
    client = company.sign_in("admin")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"url": "http://example.com/"}, "must begin with https"),
        ({"url": "https://10.0.0.1/"}, "not on the public internet"),
        ({"name": ""}, "Give it a name."),
        ({"outputs-json": "{"}, "This is not JSON"),
        ({"outputs-json": '{"type": "object", "properties": {"a": {"type": "strin"}}}'}, "not a JSON Schema"),
        ({"outputs-json": '{"type": "object", "properties": {"a": {"$ref": "#"}}}'}, "goes in a circle"),
        ({"inputs-1-name": "job_id"}, "is there twice"),
        ({"method": "GET", "url": receiver.url("/a?job_id=1")}, "in the address and among the inputs"),
    ]
    for change, words in cases:
        page = post(client, HERE, **(form(receiver.url()) | change))
        assert page.status_code == 422, change
        assert words in text(page), change
    assert "No connectors yet" in text(client.get(HERE))
    describe(company, receiver.url())
    assert "is called “Book the job” already" in text(post(client, HERE, **form(receiver.url())))


def test_rows_are_added_and_removed_and_become_json_and_back(company: Company, receiver: Receiver) -> None:
    client = company.sign_in("admin")
    page = text(post(client, HERE, **form(receiver.url(), add="inputs")))
    assert 'name="inputs-1-name"' in page
    page = text(post(client, HERE, **form(receiver.url(), drop="inputs-0")))
    assert 'value="job_id"' not in page
    page = text(post(client, HERE, **form(receiver.url(), switch="inputs-json")))
    assert '"job_id": {' in page
    page = text(post(client, HERE, **form(receiver.url(), switch="outputs-rows")))
    assert 'value="ticket"' in page
    nested = '{"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}}'
    page = text(
        post(client, HERE, **{**form(receiver.url()), "outputs-json": nested, "switch": "outputs-rows"})
    )
    assert "more than rows can show" in page


def test_a_rule_shows_what_it_makes_of_the_last_event_and_then_calls(
    company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url())
    happen(company, 77)
    client = company.sign_in("admin")
    here = f"{HERE}/{connector.id}/rules"
    given = {"name": "When sold", "events": ["sale.created"], "conditions-0-path": "data.sale_id",
             "conditions-0-op": "at-least", "conditions-0-value": "50", "from-job_id": "path",
             "value-job_id": "data.sale_id", "from-note": "template", "value-note": "Sale {data.sale_id}"}  # fmt: skip
    preview = text(post(client, f"{here}/preview", **given))
    assert '"job_id": 77' in preview
    assert "Made of the last sale.created" in preview
    assert '"note": "Sale 77"' in preview
    wrong = post(client, here, **{**given, "value-job_id": "event"})
    assert wrong.status_code == 422
    assert "“job_id” must be a whole number." in text(wrong)
    missing = post(client, here, **{**given, "from-job_id": ""})
    assert "is required: say what it is taken from" in text(missing)
    assert post(client, here, **given).status_code == 303
    happen(company, 12)
    happen(company, 90)
    call_off(company)
    assert [g.json for g in receiver.got] == [{"job_id": 90, "note": "Sale 90"}]
    shown = text(client.get(f"{HERE}/{connector.id}"))
    assert "When sold" in shown
    number = re.search(rf"{here}/(\d+)", shown)
    assert number is not None
    assert "data.sale_id" in text(client.get(f"{here}/{number[1]}"))
    assert post(client, f"{here}/{number[1]}/switch").status_code == 303
    assert post(client, f"{here}/{number[1]}/delete").status_code == 303
    assert "When sold" not in text(client.get(f"{HERE}/{connector.id}")).split("Timeline")[0]


def test_calls_are_found_filtered_opened_and_made_again(company: Company, receiver: Receiver) -> None:
    receiver.answer = lambda got: reply(500, b"out of order")
    connector = describe(company, receiver.url())
    console(company, connector, job_id=42)
    call_off(company)
    client = company.sign_in("admin")
    (call,) = made(company)
    for find in (
        f"q={call.idempotency_key}",
        "q=500",
        f"connector={connector.id}",
        "status=dead_letter",
        "origin=console",
    ):
        assert call.public_id in text(client.get(f"{HERE}/calls?{find}")), find
    for find in ("q=404", "connector=999", "status=delivered", "origin=event", "misfit=1", "from=2031-01-01"):
        assert call.public_id not in text(client.get(f"{HERE}/calls?{find}")), find
    page = text(client.get(f"{HERE}/calls/{call.public_id}"))
    assert "out of order" in page
    receiver.answer = lambda got: reply()
    again = post(client, f"{HERE}/calls/{call.public_id}/again")
    assert again.status_code == 303
    call_off(company)
    assert call.public_id in text(client.get(again.location)), "it says what it repeats"
    assert post(client, f"{HERE}/calls/bulk/again", ids=[str(call.id)]).status_code == 303
    call_off(company)
    keys = [g.headers["x-idempotency-key"] for g in receiver.got]
    assert len(keys) == len(set(keys)) == 3
    assert '"42"' in text(client.get(f"{HERE}/{connector.id}/console?from={call.public_id}")).replace(
        "value=42", '"42"'
    )


def test_the_console_says_what_an_input_must_be_and_keeps_what_was_typed(
    company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url(), inputs=JOB)
    client = company.sign_in("admin")
    page = post(client, f"{HERE}/{connector.id}/console", **{"input-job_id": "many", "input-note": "keep me"})
    assert page.status_code == 422
    assert "“job_id” must be a whole number." in text(page)
    assert "keep me" in text(page)
    assert made(company) == []


def test_the_key_is_rotated_used_and_withdrawn(company: Company, receiver: Receiver) -> None:
    client = company.sign_in("admin")
    assert "No key yet" in text(client.get(f"{HERE}/key"))
    assert post(client, f"{HERE}/key/make").status_code == 303
    fresh = re.search(r"sk_live_\w{40}", text(post(client, f"{HERE}/key/rotate")))
    assert fresh is not None
    assert "Signs next" in text(client.get(f"{HERE}/key"))
    assert post(client, f"{HERE}/key/withdraw").status_code == 303
    assert "Signs next" not in text(client.get(f"{HERE}/key"))
    second = re.search(r"sk_live_\w{40}", text(post(client, f"{HERE}/key/rotate")))
    assert second is not None
    assert second[0] != fresh[0]
    assert post(client, f"{HERE}/key/use").status_code == 303
    assert second[0] in text(post(client, f"{HERE}/key/show"))


def test_pausing_keeps_what_happens_and_deleting_ends_it(company: Company, receiver: Receiver) -> None:
    connector = describe(company, receiver.url())
    when(company, connector)
    client = company.sign_in("admin")
    post(client, f"{HERE}/{connector.id}/pause")
    happen(company, 1)
    call_off(company)
    assert receiver.got == []
    assert "What happens meanwhile is kept" in text(client.get(f"{HERE}/{connector.id}"))
    post(client, f"{HERE}/{connector.id}/resume")
    call_off(company)
    assert len(receiver.got) == 1
    assert post(client, f"{HERE}/{connector.id}/delete").status_code == 303
    happen(company, 2)
    call_off(company)
    assert len(receiver.got) == 1
    assert client.get(f"{HERE}/{connector.id}").status_code == 404
    (call,) = made(company)
    assert client.get(f"{HERE}/calls/{call.public_id}").status_code == 200, "the calls stay"


def test_pages_ask_no_more_of_the_database_for_more_rows(company: Company, receiver: Receiver) -> None:
    connector = describe(company, receiver.url())
    rule = when(company, connector)
    client = company.sign_in("admin")
    counts = []
    for more in (2, 12):
        for n in range(more):
            happen(company, n + 1)
            other = describe(company, receiver.url(), name=f"Number {more} {n}")
            when(company, other, "claim.*", job_id=_constant())
        call_off(company)
        call = made(company)[0].public_id
        found = []
        for path in ("", f"/{connector.id}", "/calls", f"/calls/{call}", f"/{connector.id}/rules/{rule.id}",
                     f"/{connector.id}/console", "/key"):  # fmt: skip
            with counted() as queries:
                assert client.get(HERE + path).status_code == 200
            found.append(len(queries))
        counts.append(found)
    assert counts[0] == counts[1]


def _constant() -> Any:
    from webapp.integrations.connectors.mapping import Source

    return Source("constant", "1")


def test_a_manager_looks_and_changes_nothing(company: Company, receiver: Receiver) -> None:
    connector = describe(company, receiver.url())
    console(company, connector, job_id=1)
    (call,) = made(company)
    client = company.sign_in("manager")
    for path in ("", f"/{connector.id}", "/calls", f"/calls/{call.public_id}", "/key"):
        assert client.get(HERE + path).status_code == 200
    for path in ("/new", f"/{connector.id}/edit", f"/{connector.id}/console", f"/{connector.id}/rules/new"):
        assert client.get(HERE + path).status_code == 403
    for path in (f"/{connector.id}/pause", f"/calls/{call.public_id}/again", "/key/show", "/key/rotate"):
        assert post(client, HERE + path).status_code == 403
    assert company.sign_in("dispatcher").get(HERE).status_code == 403


def test_another_organization_sees_none_of_it(
    company: Company, other_company: Company, receiver: Receiver
) -> None:
    connector = describe(company, receiver.url())
    console(company, connector, job_id=1)
    (call,) = made(company)
    client = other_company.sign_in("admin")
    assert client.get(f"{HERE}/{connector.id}").status_code == 404
    assert client.get(f"{HERE}/calls/{call.public_id}").status_code == 404
    assert "No connectors yet" in text(client.get(HERE))


def test_what_is_done_is_written_into_the_audit_log(company: Company, receiver: Receiver) -> None:
    from sqlalchemy import select

    from webapp.kit.db import db
    from webapp.models import AuditEntry

    client = company.sign_in("admin")
    saved = post(client, HERE, **form(receiver.url()))
    post(client, saved.location, **{"input-job_id": "1"})
    key = re.search(r"sk_live_\w{40}", text(post(client, f"{HERE}/key/show")))
    assert key is not None
    with company.acting():
        rows = db.session.scalars(select(AuditEntry).where(AuditEntry.tenant_id == company.tenant_id)).all()
    actions = {row.action for row in rows}
    assert {
        "connector.created",
        "connector.called",
        "connector_key.created",
        "connector_key.viewed",
    } <= actions
    assert key[0] not in json.dumps([row.payload for row in rows])
