"""What the accounts tests share."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyotp
from flask.testing import FlaskClient
from sqlalchemy import event, select

from tests.client import PageClient
from tests.factories.world import PASSWORD, Company, csrf_of
from webapp.kit import clock, jobs
from webapp.kit.db import db, get
from webapp.kit.tables import AuditEntry
from webapp.kit.web import App
from webapp.messaging import queries as messages
from webapp.models import Message, User


def browser(app: App) -> FlaskClient:
    """A browser of its own, with a cookie jar of its own."""
    app.test_client_class = PageClient
    return app.test_client()


def post(client: FlaskClient, path: str, **data: Any) -> Any:
    """Send a form as a person would: with the token of the page."""
    headers = data.pop("headers", {})
    token = csrf_of(client.get("/sign-in" if path.startswith("/sign-in") else data.pop("page", "/forgot-password"))
                    .get_data(as_text=True))  # fmt: skip
    return client.post(path, data={"csrf_token": token} | data, headers=headers)


def sign_in(client: FlaskClient, company: Company, username: str = "manager", password: str = PASSWORD,
            **more: Any) -> Any:  # fmt: skip
    return post(client, "/sign-in", business_code=company.code, username=username, password=password, **more)


def login(
    app: App, company: Company, username: str = "manager", password: str = PASSWORD, **headers: str
) -> Any:
    """`POST /auth/login`."""
    sent = {"X-Tenant-Id": str(company.tenant_id)} | {k.replace("_", "-"): v for k, v in headers.items()}
    return app.test_client().post("/api/v1/auth/login", json={"username": username, "password": password},
                                  headers=sent)  # fmt: skip


def call(
    app: App, method: str, path: str, json: Any = None, token: str = "", tenant: object = "", **headers: str
) -> Any:
    """One API call, without a cookie."""
    sent = {k.replace("_", "-"): v for k, v in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    if tenant:
        sent["X-Tenant-Id"] = str(tenant)
    return app.test_client().open(path, method=method, json=json, headers=sent)


def totp(secret: str, step: int = 0) -> str:
    """The code an app shows now, or `step` codes later."""
    return pyotp.TOTP(secret).generate_otp(clock.unix() // 30 + step)


def with_app_codes(company: Company, role: str = "manager") -> tuple[str, list[str]]:
    """Set up codes from an app for a user: the secret and the backup codes. The first code is spent."""
    from webapp.accounts.service import factors

    with company.acting(role):
        user = get(User, company.users[role])
        secret = factors.begin_totp(user)
        codes = factors.confirm_totp(user.id, totp(secret, -1))
    return secret, codes


def audited(company: Company, action: str) -> list[dict[str, Any]]:
    """The payloads of an organization's audit entries of one kind, oldest first."""
    with company.acting("admin"):
        rows = db.session.execute(
            select(AuditEntry.payload, AuditEntry.actor)
            .where(AuditEntry.action == action)
            .order_by(AuditEntry.seq)
        ).all()
    return [dict(row.payload) | {"actor": row.actor} for row in rows]


def mails(company: Company, template: str) -> list[Any]:
    """The bodies of an organization's mails of one template, oldest first."""
    with company.acting("admin"):
        found = db.session.scalars(
            select(Message).where(Message.template == template).order_by(Message.id)
        ).all()
        return [messages.content(m) for m in found]


def work(app: App, company: Company) -> None:
    """Do the jobs that wait."""
    with app.app_context():
        jobs.drain(jobs.QUICK, company.tenant_id)


def claims_of(token: str) -> dict[str, object]:
    """What a JWT says, unverified."""
    part = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def forged(claims: dict[str, object], alg: str, key: bytes | None) -> str:
    """A JWT made by a stranger: another algorithm, another key, or no signature at all."""

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = f"{part(json.dumps({'alg': alg, 'typ': 'JWT'}).encode())}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hmac.new(key, signed.encode(), hashlib.sha256).digest()) if key else ''}"


@contextmanager
def limited(app: App, **limits: str) -> Iterator[None]:
    """With some limits as in production instead of none."""
    from dataclasses import replace

    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = before.with_(limits=replace(before.limits, **limits))
    try:
        yield
    finally:
        app.config["SETTINGS"] = before


@contextmanager
def counted(app: App) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile by this thread, without the transactions' own."""
    asked: list[str] = []
    mine = threading.get_ident()

    def note(*args: Any) -> None:
        if "set_config" not in args[2] and threading.get_ident() == mine:
            asked.append(args[2])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def address_of(name: str) -> str:
    """A client address of one test alone, so that counts do not meet."""
    digest = hashlib.sha256(name.encode()).digest()
    return f"10.{digest[0]}.{digest[1]}.{digest[2]}"
