"""Companies to test with. Made by the same services that people use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient

from tests.client import PageClient
from webapp.accounts.service import organizations, principals
from webapp.kit import context, ids, journal, tenancy
from webapp.kit.db import add, db
from webapp.kit.web import App
from webapp.models import User

PASSWORD = "correct-horse-battery"
ROLES = ("admin", "manager", "dispatcher", "payroll", "accountant", "technician")


@dataclass(slots=True)
class Company:
    """An organization under test. `users` maps a role to the id of its user; each user is named for the role."""

    app: App
    tenant_id: UUID
    code: str
    users: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def acting(self, role: str = "admin") -> Iterator[context.Principal]:
        """Work inside the organization as the user of a role, in an application context; committed at the end."""
        with self.app.app_context():
            tenancy.use(self.tenant_id)
            with context.acting(context.Principal(kind="system", tenant_id=self.tenant_id)):
                user = db.session.get(User, (self.tenant_id, self.users[role]))
                assert user is not None
            with context.acting(
                principals.of_user(user), context.Origin("web", "127.0.0.1", "corr_test")
            ) as who:
                try:
                    yield who
                    journal.commit()
                except BaseException:
                    db.session.rollback()
                    raise

    def sign_in(self, role: str = "admin") -> FlaskClient:
        """A browser signed in as the user of a role, through the real sign-in form."""
        self.app.test_client_class = PageClient
        client = self.app.test_client()
        token = csrf_of(client.get("/sign-in").get_data(as_text=True))
        answer = client.post("/sign-in", data={"csrf_token": token, "business_code": self.code, "username": role,
                                               "password": PASSWORD})  # fmt: skip
        assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
        return client

    def api(self, role: str = "admin") -> "ApiClient":
        """A partner's client, signed in over the field API as the user of a role."""
        plain = self.app.test_client()
        answer = plain.post("/api/v1/auth/login", json={"username": role, "password": PASSWORD},
                            headers={"X-Tenant-Id": str(self.tenant_id)})  # fmt: skip
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return ApiClient(plain, answer.json["data"]["access_token"], str(self.tenant_id))  # type: ignore[index]


@dataclass(slots=True)
class ApiClient:
    """Calls the field API with a bearer token; paths are without `/api/v1`."""

    client: FlaskClient
    token: str
    tenant_id: str

    def call(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.token}", "X-Tenant-Id": self.tenant_id}
        sent |= {k.replace("_", "-"): v for k, v in headers.items()}
        return self.client.open(f"/api/v1{path}", method=method, json=json, headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, json: Any = None, **headers: str) -> Any:
        return self.call("POST", path, json if json is not None else {}, **headers)

    def put(self, path: str, json: Any = None, **headers: str) -> Any:
        return self.call("PUT", path, json if json is not None else {}, **headers)

    def patch(self, path: str, json: Any = None, **headers: str) -> Any:
        return self.call("PATCH", path, json, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)


def csrf_of(html: str) -> str:
    """The CSRF token of a page."""
    import re

    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html) or re.search(
        r'name="csrf-token" content="([^"]+)"', html
    )
    assert found, "no CSRF token on the page"
    return found[1]


def make_company(app: App, **columns: Any) -> Company:
    """A new organization with one user per role, each named for its role, all with PASSWORD."""
    code = "T" + ids.token(10, "ABCDEFGHJKMNPQRSTUVWXYZ23456789")
    with app.app_context():
        made = organizations.create(
            organizations.NewOrganization(
                name=f"{code} Heating & Air", owner_username="owner", owner_name="Olive Owner",
                owner_email=f"owner@{code.lower()}.example.com", owner_password=PASSWORD, code=code,
                extra=columns or None,
            )
        )  # fmt: skip
        company = Company(app, made.tenant_id, code, {"owner": made.owner_id})
        with tenancy.across(made.tenant_id):
            stored = db.session.get(User, (made.tenant_id, made.owner_id))
            assert stored is not None
            for role in ROLES:
                user = add(User(username=role, name=f"{role.title()} Person", roles=[role],
                                email=f"{role}@{code.lower()}.example.com", password_hash=stored.password_hash))  # fmt: skip
                company.users[role] = user.id
    return company
