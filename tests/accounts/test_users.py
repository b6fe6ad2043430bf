"""The people of an organization: what may be done to whom."""

import contextlib
import re
import threading
from typing import Any

import pytest

from tests.accounts.support import audited, browser, login, post, sign_in
from tests.factories.world import Company
from webapp.accounts.service import keys, users
from webapp.kit import context, directory, errors
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
    with pytest.raises(errors.Forbidden, match="do not have yourself"):
        change(company, "manager", by="manager", narrowed=[])
    with pytest.raises(errors.Forbidden, match="do not have yourself"):
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


# Nobody rises by it -----------------------------------------------------------------------------------------------


def test_an_admin_cannot_take_over_the_owners_account(company: Company) -> None:
    """Whose address an admin may change, whose password an admin may set."""
    owner = company.users["owner"]
    for changes in (
        {"email": "admin@evil.example"},
        {"narrowed": ["users.manage"]},
        {"name": "X"},
        {"username": "x1"},
    ):
        with pytest.raises(errors.Forbidden, match="Only an owner"):
            change(company, "owner", by="admin", **changes)
    for act in (users.deactivate, users.remove_second_factors, users.reactivate):
        with pytest.raises(errors.Forbidden, match="Only an owner"), company.acting("admin"):
            act(owner)
    with company.acting("owner"):
        second, _ = users.invite(username="boss2", name="Second", email="b2@example.com", roles=["owner"])
        number = second.id
    # the link is shown to whoever sends it
    with pytest.raises(errors.Forbidden, match="Only an owner"), company.acting("admin"):
        users.invite_again(number)
    with pytest.raises(errors.Forbidden, match="Only an owner"), company.acting("admin"):
        users.invite(username="boss3", name="Third", email="b3@example.com", roles=["owner"])


def test_nobody_gives_what_was_taken_from_oneself(company: Company) -> None:
    change(company, "admin", by="owner", narrowed=["audit.read"])
    with pytest.raises(errors.Forbidden, match="a right that you do not have yourself"):
        change(company, "admin", by="admin", narrowed=[])
    with pytest.raises(errors.Forbidden, match=r"audit\.read"):
        change(company, "dispatcher", by="admin", roles=["admin"])
    with pytest.raises(errors.Forbidden, match=r"audit\.read"), company.acting("admin"):
        users.invite(username="mine", name="Mine", email="m@example.com", roles=["admin"])
    change(company, "dispatcher", by="admin", roles=["admin"], narrowed=["audit.read"])
    change(company, "dispatcher", by="owner", roles=["admin"], narrowed=[])


def test_somebody_with_more_rights_is_not_brought_back_by_somebody_with_less(company: Company) -> None:
    with company.acting("owner"):
        users.deactivate(company.users["manager"])
    change(company, "admin", by="owner", narrowed=["audit.read"])
    with pytest.raises(errors.Forbidden), company.acting("admin"):
        users.reactivate(company.users["manager"])


def test_nobody_locks_oneself_out_of_managing_people(company: Company) -> None:
    for changes in ({"roles": ["manager"]}, {"narrowed": ["users.manage"]}):
        with pytest.raises(errors.Conflict, match="lock yourself out"):
            change(company, "admin", by="admin", **changes)
    change(company, "owner", by="owner", roles=["owner", "admin", "technician"])  # a one-man shop


def test_the_last_administrator_stays(company: Company) -> None:
    """Owners count, unless that was taken from them. Here the server itself acts: a person who may is one already."""
    change(company, "manager", by="owner", roles=["owner"])
    change(company, "owner", by="manager", narrowed=["users.manage"])
    change(company, "admin", by="manager", roles=["dispatcher"])
    server = context.Principal(kind="system", tenant_id=company.tenant_id)
    with company.acting("manager"), context.acting(server):
        with pytest.raises(errors.Conflict, match="last administrator"):
            users.deactivate(company.users["manager"])
        user = get(User, company.users["manager"])
        with pytest.raises(errors.Conflict, match="last administrator"):
            users.change(user.id, name="X", username="manager", email="", phone="", roles=["owner"],
                         narrowed=["users.manage"])  # fmt: skip
    change(company, "dispatcher", by="manager", roles=["admin"])
    with company.acting("manager"), context.acting(server):
        users.deactivate(company.users["manager"])


def test_an_owner_who_has_not_accepted_yet_does_not_count(company: Company) -> None:
    with company.acting("owner"):
        users.invite(username="boss2", name="Second", email="b2@example.com", roles=["owner"])
    with pytest.raises(errors.Conflict, match="last owner"):
        change(company, "owner", by="owner", roles=["admin"])


def test_two_owners_who_remove_each_other_at_the_same_moment_leave_one(app: App, company: Company) -> None:
    change(company, "manager", by="owner", roles=["owner", "admin"])
    ready, done = threading.Barrier(2), []

    def remove(by: str, whom: str) -> None:
        with company.acting(by):
            ready.wait(10)
            try:
                users.deactivate(company.users[whom])
            except errors.Conflict:
                done.append("refused")
                raise
            done.append("removed")

    def attempt(by: str, whom: str) -> None:
        with contextlib.suppress(errors.Conflict):
            remove(by, whom)

    threads = [
        threading.Thread(target=attempt, args=pair) for pair in (("owner", "manager"), ("manager", "owner"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with company.acting("admin"):
        living = [get(User, company.users[who]).active for who in ("owner", "manager")]
    assert sorted(living) == [False, True]
    assert sorted(done) == ["refused", "removed"]


def test_an_administrator_ends_one_session_of_somebody(app: App, company: Company) -> None:
    first, second = company.sign_in("manager"), company.sign_in("manager")
    admin = company.sign_in("admin")
    page = f"/settings/people/{company.users['manager']}"
    found = re.findall(rf"{page}/sessions/(\d+)/end", admin.get(page).get_data(as_text=True))
    assert len(found) == 2
    assert post(admin, f"{page}/sessions/{min(found, key=int)}/end", page=page).status_code == 303
    assert first.get("/account").status_code == 303
    assert second.get("/account").status_code == 200
    theirs = f"/settings/people/{company.users['dispatcher']}/sessions/{max(found, key=int)}/end"
    assert post(admin, theirs, page=page).status_code == 404


def test_the_owners_page_is_for_reading_to_an_admin(company: Company) -> None:
    admin, owner = company.sign_in("admin"), company.sign_in("owner")
    page = f"/settings/people/{company.users['owner']}"
    text = admin.get(page).get_data(as_text=True)
    assert "Only an owner may change" in text
    assert f'action="{page}"' not in text
    assert f'action="{page}"' in owner.get(page).get_data(as_text=True)
    form = admin.get(f"/settings/people/{company.users['manager']}").get_data(as_text=True)
    assert 'value="owner"' not in form


def test_an_invitation_is_withdrawn_and_its_page_says_how_long_it_is_good(app: App, company: Company) -> None:
    with company.acting("admin"):
        user, url = users.invite(username="newbie", name="Nina", email="n@example.com", roles=["dispatcher"])
        number, link = user.id, "/" + url.split("/", 3)[3]
    admin = company.sign_in("admin")
    page = f"/settings/people/{number}"
    text = admin.get(page).get_data(as_text=True)
    assert "Withdraw the invitation" in text
    assert "Good until" in text
    assert browser(app).get(link).status_code == 200
    assert post(admin, f"{page}/deactivate", page=page).status_code == 303
    assert browser(app).get(link).status_code == 404
    assert post(admin, f"{page}/reactivate", page=page).status_code == 303
    assert browser(app).get(link).status_code == 410  # only a fresh one opens the account
