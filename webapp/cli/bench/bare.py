"""The yardstick: the least Flask + psycopg can do for the same answers on the same data. Not part of the product.

No sign-in, limits, policies' checks beyond the database's own, templates beyond one table. It reads the same rows,
computes the same total and writes the same rows as the product's routes.
"""

import os
import threading
import uuid
from datetime import UTC, date, datetime
from typing import Any

import orjson
import psycopg
from flask import Flask, Response, render_template_string, request
from psycopg.types.json import Jsonb

app = Flask(__name__)
_local = threading.local()
TENANT = os.environ.get("BENCH_TENANT", "")

PAGE = """<!doctype html><title>Sales</title><table>{% for r in rows %}<tr><td>{{ r[0] }}<td>{{ r[1] }}<td>{{ r[2] }}
<td>{{ r[3] }}<td>{{ r[4] }}<td>{{ "%d.%02d"|format(r[5] // 100, r[5] % 100) }}<td>{{ r[6] }}<td>{{ r[7] }}
<td>{{ "%d.%02d"|format(r[8] // 100, r[8] % 100) }}</tr>{% endfor %}</table><p>{{ total }}</p>"""

ROWS = """
select s.id, s.sold_on, t.name, i.name, s.customer_name, s.sale_price_cents, s.status, s.payment_status,
       s.commission_cents, s.technician_id, s.item_id, s.customer_id, s.voided_at, s.notes, s.payment_type
from sales s join technicians t on t.tenant_id = s.tenant_id and t.id = s.technician_id
join items i on i.tenant_id = s.tenant_id and i.id = s.item_id
where s.tenant_id = %(tenant)s and s.sold_on between %(first)s and %(last)s
order by s.sold_on desc, s.id desc limit 50 offset %(offset)s
"""
TOTAL = """select coalesce(sum(count), 0) from sale_tallies
where tenant_id = %(tenant)s and technician_id = 0 and sold_on between %(first)s and %(last)s"""


def connection() -> "psycopg.Connection[tuple[Any, ...]]":
    found: psycopg.Connection[tuple[Any, ...]] | None = getattr(_local, "connection", None)
    if found is None:
        found = psycopg.connect(os.environ["BENCH_DATABASE_URL"])
        found.execute("select set_config('app.tenant_id', %s, false)", (TENANT,))
        found.commit()
        _local.connection = found
    return found


def sales() -> tuple[list[tuple[Any, ...]], int]:
    values = {"tenant": TENANT, "first": request.args.get("date_from", "1900-01-01"),
              "last": request.args.get("date_to", "2999-12-31"),
              "offset": 50 * (int(request.args.get("page", 1)) - 1)}  # fmt: skip
    link = connection()
    rows = link.execute(ROWS, values).fetchall()
    total = link.execute(TOTAL, values).fetchone()
    link.commit()
    assert total is not None
    return rows, int(total[0])


@app.get("/page")
def page() -> str:
    rows, total = sales()
    return render_template_string(PAGE, rows=rows, total=total)


@app.get("/json")
def listing() -> Response:
    rows, total = sales()
    items = [
        {"id": r[0], "sold_on": str(r[1]), "technician_name": r[2], "item_name": r[3], "customer_name": r[4],
         "sale_price_cents": r[5], "status": r[6], "payment_status": r[7], "commission_cents": r[8],
         "technician_id": r[9], "item_id": r[10], "customer_id": r[11], "voided": r[12] is not None, "notes": r[13],
         "payment_type": r[14]}
        for r in rows
    ]  # fmt: skip
    return Response(orjson.dumps({"items": items, "total": total}), mimetype="application/json")


VISITS = """
select v.id, v.job_id, j.title, j.job_type, j.priority, v.status, j.customer_name, j.service_address, j.service_city,
       j.latitude, j.longitude, v.scheduled_start, v.scheduled_end, v.pinned, v.version, x.technician_id, t.name
from visit_technicians x join visits v on v.tenant_id = x.tenant_id and v.id = x.visit_id
join dispatch_jobs j on j.tenant_id = v.tenant_id and j.id = v.job_id
join technicians t on t.tenant_id = x.tenant_id and t.id = x.technician_id
where x.tenant_id = %(tenant)s and x.starts_at >= now() - interval '36 hours' and x.starts_at < now() + interval '36 hours'
order by t.name, x.starts_at
"""
LANES = """<!doctype html><title>Board</title><table>{% for r in rows %}<tr><td>{{ r[16] }}<td>{{ r[2] }}<td>{{ r[4] }}
<td>{{ r[5] }}<td>{{ r[6] }}<td>{{ r[7] }}<td>{{ r[11] }}<td>{{ r[12] }}</tr>{% endfor %}</table>"""


def visits() -> list[tuple[Any, ...]]:
    link = connection()
    rows = link.execute(VISITS, {"tenant": TENANT}).fetchall()
    link.commit()
    return rows


@app.get("/board")
def board() -> str:
    return render_template_string(LANES, rows=visits())


@app.get("/board.json")
def board_json() -> Response:
    names = ("id", "job_id", "title", "job_type", "priority", "status", "customer_name", "service_address", "service_city",
             "latitude", "longitude", "scheduled_start", "scheduled_end", "pinned", "version", "technician_id",
             "technician_name")  # fmt: skip
    items = [dict(zip(names, row, strict=True)) for row in visits()]
    return Response(orjson.dumps({"visits": items}, default=str), mimetype="application/json")


@app.get("/sales/<int:sale_id>")
def one(sale_id: int) -> Response:
    link = connection()
    row = link.execute(
        "select s.*, t.name, i.name from sales s join technicians t on t.tenant_id = s.tenant_id and t.id = s.technician_id"
        " join items i on i.tenant_id = s.tenant_id and i.id = s.item_id where s.tenant_id = %s and s.id = %s",
        (TENANT, sale_id),
    ).fetchone()
    link.commit()
    return Response(orjson.dumps(row, default=str), mimetype="application/json")


NUMBER = """insert into number_heads (tenant_id, kind, last) values (%s, 'sale', 1)
on conflict (tenant_id, kind) do update set last = number_heads.last + 1 returning last"""
SALE = """insert into sales (tenant_id, public_id, number, technician_id, item_id, customer_name, sale_price_cents, sold_on,
payment_type, payment_status, notes, status, rejected_reason, void_reason, refund_due, commission_cents, override_cents,
period_note, snapshot, source, recorded_by, created_at, updated_at, pay_period_id, list_price_cents)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'credit_card', 'unpaid', '', 'pending', '', '', false, %s, 0, '', %s, 'api', 'bare', %s, %s,
%s, 160000) returning id"""
LINE = """insert into pay_lines (tenant_id, pay_period_id, technician_id, kind, state, amount_cents, sale_id, role, share_bps,
description, note, reason, frozen, created_at, updated_at)
values (%s, %s, %s, 'commission', 'pending', %s, %s, 'seller', 10000, '', '', '', false, %s, %s)"""
EVENT = """insert into events (tenant_id, seq, id, name, record_type, record_id, payload, correlation_id, created_at)
values (%s, %s, %s, %s, 'sale', %s, %s, '', %s)"""
AUDIT = """insert into audit_entries (tenant_id, created_at, seq, id, action, source, actor, actor_name, address,
correlation_id, record_type, record_id, payload, hash)
values (%s, %s, %s, %s, 'sale.created', 'api', 'bare', '', '', '', 'sale', %s, %s, %s)"""
TALLY = """insert into sale_tallies (tenant_id, technician_id, sold_on, status, count, price_cents, commission_cents)
values (%s, %s, %s, 'pending', 1, %s, %s) on conflict (tenant_id, technician_id, sold_on, status) do update set
count = sale_tallies.count + 1, price_cents = sale_tallies.price_cents + excluded.price_cents,
commission_cents = sale_tallies.commission_cents + excluded.commission_cents"""


@app.post("/sales")
def record() -> Response:
    sent = orjson.loads(request.get_data())
    now, today, link = datetime.now(UTC), date.fromisoformat(sent["sold_on"]), connection()
    price = sent["sale_price_cents"]
    commission = price * 750 // 10000
    body = Jsonb({"diff": sent})
    taken = link.execute(NUMBER, (TENANT,)).fetchone()
    assert taken is not None
    row = link.execute(SALE, (TENANT, uuid.uuid4(), taken[0], sent["technician_id"], sent["item_id"], sent["customer_name"], price,
                              today, commission, Jsonb({"version": 1}), now, now, sent["period_id"])).fetchone()  # fmt: skip
    assert row is not None
    sale_id = row[0]
    link.execute(LINE, (TENANT, sent["period_id"], sent["technician_id"], commission, sale_id, now, now))
    head = link.execute(
        "select event_seq, audit_seq from journal_heads where tenant_id = %s for update", (TENANT,)
    ).fetchone()
    assert head is not None
    for number, name in ((1, "sale.created"), (2, "commission.calculated")):
        link.execute(EVENT, (TENANT, head[0] + number, uuid.uuid4(), name, sale_id, body, now))
    link.execute(AUDIT, (TENANT, now, head[1] + 1, uuid.uuid4(), sale_id, body, b"x" * 32))
    link.execute(
        "update journal_heads set event_seq = event_seq + 2, audit_seq = audit_seq + 1 where tenant_id = %s",
        (TENANT,),
    )
    for technician in (0, sent["technician_id"]):
        link.execute(TALLY, (TENANT, technician, today, price, commission))
    link.commit()
    return Response(orjson.dumps({"id": sale_id}), mimetype="application/json", status=201)
