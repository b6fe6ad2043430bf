"""The people of an organization: what may be done to whom."""

from typing import Any

import pytest

from tests.accounts.support import audited, browser, login, sign_in
from tests.factories.world import Company
from webapp.accounts.service import keys, users
from webapp.kit import directory, errors
from webapp.kit.db import add, get
from webapp.kit.web import App
from webapp.models import Technician, User


def change(company: Company, role: str, by: str = "admin", **changes: Any) -> User:
    with company.acting(by):
        user = get(User, company.users[role])
        given = {"name": user.name, "username": user.username, "email": user.email, "phone": user.phone,
                 "roles": list(user.roles), "narrowed": list(user.narrowed)}  # fmt: skip
        return users.change(user.id, **(given | changes))


def test_a_username_is_taken_once_per_organization(company: Company, other_company: Company) -> None:
    with pytest.raises(errors.Conflict, match="taken"):
        change(company, "manager", username="Dispatcher")
    change(company, "manager", username="boss")
    change(other_company, "manager", username="boss")


def test_a_narrowed_permission_is_gone_at_once(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    change(company, "manager", narrowed=["audit.read"])
    with company.acting("manager") as who:
        assert not who.may("audit.read")
        assert who.may("office.use")


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"roles": []}, "roles"), ({"roles": ["king"]}, "roles"), ({"roles": ["customer"]}, "roles"),
     ({"narrowed": ["nothing.real"]}, "narrowed"), ({"username": "x"}, "username"), ({"email": "@"}, "email"),
     ({"name": " "}, "name"), ({"phone": "call me"}, "phone")],
)  # fmt: skip
def test_a_change_that_cannot_be_names_the_field(
    company: Company, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.Invalid) as caught:
        change(company, "manager", **changes)
    assert [p.field for p in caught.value.problems] == [field]


def test_only_an_owner_makes_and_unmakes_owners(company: Company) -> None:
    with pytest.raises(errors.Forbidden):
        change(company, "manager", by="admin", roles=["owner"])
    with pytest.raises(errors.Forbidden):
        change(company, "owner", by="admin", roles=["admin"])
    change(company, "manager", by="owner", roles=["owner", "manager"])
    change(company, "owner", by="owner", roles=["admin"])


def test_an_admin_cannot_make_an_owners_account_their_own(company: Company) -> None:
    for changes in ({"email": "mine@example.com"}, {"username": "mine"}, {"narrowed": ["users.manage"]}):
        with pytest.raises(errors.Forbidden, match="Only an owner"):
            change(company, "owner", by="admin", **changes)
    for act in (users.remove_second_factors, users.invite_again):
        with pytest.raises(errors.Forbidden, match="Only an owner"), company.acting("admin"):
            act(company.users["owner"])
    change(company, "owner", by="owner", email="new@example.com")


def test_nobody_gives_what_was_taken_from_them(company: Company) -> None:
    change(company, "manager", by="owner", roles=["admin"])
    change(company, "manager", by="owner", narrowed=["sales.approve", "payroll.close"])
    with pytest.raises(errors.Forbidden, match="may not do yourself"):
        change(company, "manager", by="manager", narrowed=[])
    with pytest.raises(errors.Forbidden, match="may not do yourself"):
        change(company, "dispatcher", by="manager", roles=["payroll"])
    with pytest.raises(errors.Forbidden, match="may do more than you"):
        change(company, "admin", by="manager", email="mine@example.com")
    for role in ("admin", "payroll"):
        with pytest.raises(errors.Forbidden), company.acting("manager"):
            users.invite(username="another", name="Another", email="another@example.com", roles=[role])
        with pytest.raises(errors.Forbidden), company.acting("manager"):
            keys.create("Mine", "field", role=role)
    with pytest.raises(errors.Forbidden), company.acting("manager"):
        keys.create("Mine", "growth", scope="write")
    change(company, "dispatcher", by="manager", roles=["dispatcher"], narrowed=["sales.record"])
    with company.acting("manager"):
        assert keys.create("Board", "field", role="dispatcher")[0].role == "dispatcher"


def test_the_last_owner_stays(company: Company) -> None:
    with pytest.raises(errors.Conflict, match="last owner"):
        change(company, "owner", by="owner", roles=["admin"])
    change(company, "manager", by="owner", roles=["owner"])
    with company.acting("manager"):
        users.deactivate(company.users["owner"])


def test_nobody_deactivates_oneself(company: Company) -> None:
    with pytest.raises(errors.Conflict, match="yourself"), company.acting("admin"):
        users.deactivate(company.users["admin"])


def test_a_deactivated_user_is_out_and_can_come_back(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    with company.acting("admin"):
        users.deactivate(company.users["manager"])
    assert client.get("/account").status_code == 303
    assert login(app, company).status_code == 401
    with company.acting("admin"):
        users.reactivate(company.users["manager"])
    assert login(app, company).status_code == 200
    assert audited(company, "user.deactivated")[0]["diff"] == {"active": {"from": True, "to": False}}


def test_an_administrator_signs_somebody_out_everywhere(app: App, company: Company) -> None:
    client = browser(app)
    sign_in(client, company)
    with company.acting("admin"):
        assert users.sign_out_everywhere(company.users["manager"]) == 1
    assert client.get("/account").status_code == 303


def test_an_administrator_helps_somebody_who_lost_phone_and_codes(app: App, company: Company) -> None:
    from tests.accounts.support import with_app_codes

    with_app_codes(company)
    with company.acting("admin"):
        users.remove_second_factors(company.users["manager"])
    assert "access_token" in login(app, company).json["data"]
    assert audited(company, "user.second_factor_removed")[0]["diff"]["totp_on"] == {"from": True, "to": False}


def test_a_technician_is_one_users_account(company: Company) -> None:
    with company.acting():
        technician = add(Technician(name="Mike", pay_type="hourly")).id
    change(company, "technician", technician_id=technician)
    with pytest.raises(errors.Invalid, match="Technician Person"):
        change(company, "dispatcher", technician_id=technician)


def test_another_organizations_technician_or_user_does_not_exist_here(
    company: Company, other_company: Company
) -> None:
    with other_company.acting():
        theirs = add(Technician(name="Mike", pay_type="hourly")).id
    with pytest.raises(errors.NotFound):
        change(company, "technician", technician_id=theirs)
    with company.acting("admin"):
        for act in (
            users.deactivate,
            users.sign_out_everywhere,
            users.remove_second_factors,
            users.invite_again,
        ):
            with pytest.raises(errors.NotFound):
                act(other_company.users["manager"])


@pytest.mark.parametrize("role", ["manager", "dispatcher", "payroll", "technician"])
def test_only_administrators_touch_users(company: Company, role: str) -> None:
    with pytest.raises(errors.Forbidden):
        change(company, "dispatcher", by=role, name="X")
    with pytest.raises(errors.Forbidden), company.acting(role):
        users.invite(username="new", name="New", email="n@example.com", roles=["manager"])


def test_the_directory_follows_an_address_that_changes(company: Company) -> None:
    old = f"manager@{company.code.lower()}.example.com"
    change(company, "manager", email=f"new-{old}")
    with company.acting():
        assert directory.find("email", f"new-{old}") == company.tenant_id
        assert directory.find("email", old) is None
