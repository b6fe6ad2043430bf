"""The curl examples of the field document, word for word."""

import subprocess
from dataclasses import dataclass, field
from typing import Any

DOCUMENTED = "https://api.tradekitt.com/api/v1"

RESOLVE = "curl https://api.tradekitt.com/api/v1/tenants/resolve/MYCOMPANY"

LOGIN = r"""
curl -X POST https://api.tradekitt.com/api/v1/auth/login \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"username": "admin", "password": "your-password"}'
"""

VERIFY = r"""
curl -X POST https://api.tradekitt.com/api/v1/auth/mfa-verify \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"challenge_token": "eyJ...", "code": "123456"}'
"""

REFRESH = r"""
curl -X POST https://api.tradekitt.com/api/v1/auth/refresh \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"refresh_token": "eyJ..."}'
"""

REGISTER = r"""
curl -X POST https://api.tradekitt.com/api/v1/auth/register \
  -H "Content-Type: application/json" \
  -d '{
    "email": "[email protected]",
    "username": "mycompany",
    "password": "securePassword123!",
    "first_name": "Jane",
    "last_name": "Smith",
    "company_name": "Smith HVAC"
  }'
"""

GOOGLE = r"""
curl -X POST https://api.tradekitt.com/api/v1/auth/sso/google \
  -H "Content-Type: application/json" \
  -d '{"id_token": "eyJ..."}'
"""

RECORD = r"""
curl -X POST https://api.tradekitt.com/api/v1/sales \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -H "Idempotency-Key: unique-key-123" \
  -d '{
    "technician_id": 1,
    "item_id": 5,
    "sale_price_cents": 150000,
    "customer_name": "John Doe",
    "notes": "Annual maintenance package",
    "payment_type": "credit_card"
  }'
"""

LIST_SALES = r"""
curl "https://api.tradekitt.com/api/v1/sales?date_from=2026-01-01&date_to=2026-03-31" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

PAYMENT_STATUS = r"""
curl -X PATCH https://api.tradekitt.com/api/v1/sales/42/payment-status \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"status": "paid", "payment_date": "2026-03-15"}'
"""

VOID = r"""
curl -X PATCH https://api.tradekitt.com/api/v1/sales/42/void \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"voided": true}'
"""

LIST_TECHNICIANS = r"""
curl "https://api.tradekitt.com/api/v1/admin/technicians?page=1&limit=50" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

CREATE_TECHNICIAN = r"""
curl -X POST https://api.tradekitt.com/api/v1/admin/technicians \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{
    "name": "Mike Johnson",
    "pay_type": "hourly",
    "base_pay_cents": 2500
  }'
"""

UPDATE_TECHNICIAN = r"""
curl -X PATCH https://api.tradekitt.com/api/v1/admin/technicians/1 \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"base_pay_cents": 2800}'
"""

COMMISSION_CONFIG = r"""
curl -X PUT https://api.tradekitt.com/api/v1/admin/commission-config/tech/1/item/5 \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{
    "commission_rate_bps": 750,
    "ov_rate_bps": 0,
    "discount_scale_enabled": false
  }'
"""

METRICS = r"""
curl "https://api.tradekitt.com/api/v1/admin/technicians/metrics?date_from=2026-01-01&date_to=2026-03-31" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

LIST_CUSTOMERS = r"""
curl "https://api.tradekitt.com/api/v1/admin/customers?page=1&limit=50" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

LIST_PERIODS = r"""
curl "https://api.tradekitt.com/api/v1/admin/pay-periods" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

CLOSE_PERIOD = r"""
curl -X PATCH https://api.tradekitt.com/api/v1/admin/pay-periods/1/close \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

PERIOD_CSV = r"""
curl "https://api.tradekitt.com/api/v1/admin/csv-export/pay-period/1" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -o pay-period-1.csv
"""

REPORT_CSV = r"""
curl "https://api.tradekitt.com/api/v1/admin/csv-export/commission-report?date_from=2026-01-01&date_to=2026-03-31" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -o commission-report.csv
"""

SALES_CSV = r"""
curl "https://api.tradekitt.com/api/v1/admin/csv-export/sales" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -o sales.csv
"""

STATEMENT_PDF = r"""
curl "https://api.tradekitt.com/api/v1/export/commission-statement/1/3/pdf" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -o statement.pdf
"""

PERIOD_PDF = r"""
curl "https://api.tradekitt.com/api/v1/export/pay-period/3/pdf" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -o pay-period.pdf
"""

MY_JOBS = r"""
curl "https://api.tradekitt.com/api/v1/tech/dispatch/my-jobs?date=2026-03-28" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

ACKNOWLEDGE = r"""
curl -X PATCH https://api.tradekitt.com/api/v1/tech/dispatch/my-jobs/42/acknowledge \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

MY_STATUS = r"""
curl -X PATCH https://api.tradekitt.com/api/v1/tech/dispatch/my-jobs/42/status \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"status": "on_site", "latitude": 27.9506, "longitude": -82.4572}'
"""

LOCATION = r"""
curl -X POST https://api.tradekitt.com/api/v1/tech/dispatch/location \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"latitude": 27.9506, "longitude": -82.4572, "speed": 35.5, "heading": 180}'
"""

CLOCK_IN = r"""
curl -X POST https://api.tradekitt.com/api/v1/time-tracking/clock-in \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"latitude": 27.9506, "longitude": -82.4572}'
"""

CLOCK_OUT = r"""
curl -X POST https://api.tradekitt.com/api/v1/time-tracking/clock-out \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{"latitude": 27.9506, "longitude": -82.4572}'
"""

TIME_ENTRIES = r"""
curl "https://api.tradekitt.com/api/v1/time-tracking/entries?date_from=2026-03-01&date_to=2026-03-31" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""

WEBHOOK = r"""
curl -X POST https://api.tradekitt.com/api/v1/admin/webhooks \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -H "X-Tenant-Id: <tenant-uuid>" \
  -d '{
    "url": "https://your-server.com/webhooks/tradekitt",
    "events": ["sale.created", "dispatch.completed", "inventory.low-stock"]
  }'
"""

WEBHOOKS = r"""
curl "https://api.tradekitt.com/api/v1/admin/webhooks" \
  -H "Authorization: Bearer <access_token>" \
  -H "X-Tenant-Id: <tenant-uuid>"
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What curl brought back."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes
    json: Any = field(default=None)

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


def command(example: str, base: str, changes: dict[str, str]) -> str:
    """An example with its base URL, placeholders and ids replaced. Raises AssertionError for one that is not in it."""
    text = example.strip().replace(DOCUMENTED, f"{base}/api/v1")
    for old, new in changes.items():
        assert old in text, f"{old} is not in the example"
        text = text.replace(old, new)
    return text


def run(text: str, folder: str) -> Answer:
    """Run a curl command in a shell, in a folder of its own; a file that it saves (`-o`) is the body."""
    import json
    import pathlib
    import shlex

    words = shlex.split(text.replace("\\\n", " "))
    saved = pathlib.Path(folder, words[words.index("-o") + 1]) if "-o" in words else None
    script = f"{text} -sS -D headers.txt{'' if saved else ' -o body'}"
    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = pathlib.Path(folder, "headers.txt").read_text().strip().splitlines()
    status = int(lines[0].split()[1])
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
    body = (saved or pathlib.Path(folder, "body")).read_bytes()
    data = json.loads(body) if headers.get("content-type", "").startswith("application/json") else None
    return Answer(status, headers, body, data)
