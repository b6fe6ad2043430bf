"""Every page of the application: opens for the office, keeps others out, takes no form without its token."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.client import PageClient
from tests.contract.caller import filled, names_of
from tests.contract.house import House, build
from tests.contract.watch import Rows, none
from tests.factories.world import csrf_of
from webapp.kit import api, permissions
from webapp.kit.web import App


@pytest.fixture(scope="module")
def house(app: App) -> House:
    return build(app, "pages")


@pytest.fixture(scope="module")
def browsers(house: House, remembered: None) -> dict[str, FlaskClient]:
    return {role: house.company.sign_in(role) for role in ("admin", "technician")}


def pages(app: App, method: str) -> list[Rule]:
    """The rules of pages, without the APIs' and the files of the front end."""
    found = [
        rule for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and api.route_of(app.view_functions[rule.endpoint]) is None
    ]  # fmt: skip
    return sorted(found, key=lambda r: r.rule)


def access(app: App, rule: Rule) -> permissions.Rule:
    found = permissions.rule_of(app.view_functions[rule.endpoint])
    assert found is not None
    return found


def addresses(rule: Rule, house: House, **other: Any) -> list[str]:
    """The rule with ids that exist; one address for each word that it lists."""
    choices = re.search(r"<any\(([^)]*)\):(\w+)>", rule.rule)
    words = [w.strip(' "') for w in choices[1].split(",")] if choices else [""]
    names = [n for n in names_of(rule.rule) if not choices or n != choices[2]]
    special = _special(rule.rule, house)
    values = house.variables([n for n in names if n not in special]) | special | other
    return [filled(rule.rule, values | ({choices[2]: word} if choices else {})) for word in words]


def _special(path: str, house: House) -> dict[str, Any]:
    """What a variable stands for at one address alone."""
    secrets = house.secrets
    tokens = {"/invite/": secrets["invite"], "/confirm-email/": secrets["address"], "/reset-password/": secrets["reset"],
              "/unsubscribe/": secrets["unsubscribe"], "/files/": secrets["file"],
              "/v/<token>/summary": secrets["summary_link"], "/v/": secrets["visit_link"],
              "/calendar/": secrets["calendar"]}  # fmt: skip
    for start, token in tokens.items():
        if path.startswith(start):
            return {"token": token}
    if path.startswith("/outbox/do-not-contact"):
        return {"entry_id": secrets["suppression"]}
    return {"token": "nonsense", "batch": "nonsense"} if "/undo/" in path or "/restore/" in path else {}


def query_of(path: str, house: House) -> dict[str, Any]:
    """What an address asks for in its query before it shows anything."""
    if path == "/downloads/new":
        return {"kind": "pay.statements", "pay_period_id": house.secrets["closed"]}
    if path == "/dispatch/clashes":
        span = {"start": "2026-12-01T15:00:00+00:00", "end": "2026-12-01T16:00:00+00:00"}
        return {"visit": house.values["visit_id"], "technician": house.values["technician_id"], **span}
    return {}


def opened(
    app: App, house: House, browser: FlaskClient, *, files: bool = True, **more: Any
) -> list[tuple[Rule, str, Any]]:
    """Every page, asked for by a browser: its rule, address and answer. `files` False leaves out what takes long."""
    return [
        (rule, path, browser.get(path, query_string=query_of(path, house), **more))
        for rule in pages(app, "GET")
        for path in addresses(rule, house)
        if files or not path.endswith(".pdf")
    ]


# Opening ----------------------------------------------------------------------------------------------------------


def test_every_page_opens_for_the_office(app: App, house: House, browsers: dict[str, FlaskClient]) -> None:
    problems = []
    for rule, path, answer in opened(app, house, browsers["admin"]):
        field_only = path.startswith("/my/") and answer.status_code in (403, 404)  # an admin is no technician
        if answer.status_code not in (200, 303) and not field_only:
            problems.append(f"{answer.status_code} {path} ({rule.endpoint})")
        if answer.mimetype == "application/pdf" and not answer.data.startswith(b"%PDF"):
            problems.append(f"no PDF: {path}")
    none(problems)


def test_every_page_opens_as_a_fragment_too(app: App, house: House, browsers: dict[str, FlaskClient]) -> None:
    none(
        f"{answer.status_code} {path}"
        for _, path, answer in opened(app, house, browsers["admin"], files=False, hx=True)
        if answer.status_code not in (200, 204, 303) and not path.startswith("/my/")
    )


def test_a_technician_sees_the_own_pages_and_is_kept_out_of_the_offices(
    app: App, house: House, browsers: dict[str, FlaskClient]
) -> None:
    mine = permissions.of_roles(["technician"])
    problems, kept_out, let_in = [], 0, 0
    for rule, path, answer in opened(app, house, browsers["technician"], files=False):
        wanted = access(app, rule).permissions
        if wanted and not mine & set(wanted):
            kept_out += 1
            right = answer.status_code == 403
        else:
            let_in += 1
            # the office's own downloads and notices are nobody else's; some pages refuse what is not one's own
            right = answer.status_code in (200, 303, 403, 404)
        problems.append("" if right else f"{answer.status_code} {path}")
    none(problems)
    assert kept_out > 20
    assert let_in > 10


def test_signed_out_every_page_leads_to_the_sign_in(app: App, house: House) -> None:
    app.test_client_class = PageClient
    problems = []
    for rule, path, answer in opened(app, house, app.test_client(), files=False):
        if access(app, rule).public:
            problems.append("" if answer.status_code in (200, 303) else f"{answer.status_code} {path}")
        elif answer.status_code != 303 or urlsplit(answer.headers["Location"]).path != "/sign-in":
            problems.append(f"{answer.status_code} {path} {answer.headers.get('Location')}")
    none(problems)


def test_signed_out_a_fragment_is_refused_instead_of_showing_a_sign_in_inside_a_page(
    app: App, house: House
) -> None:
    found = opened(app, house, plain(app.test_client()), files=False, headers={"HX-Request": "true"})
    none(f"{answer.status_code} {path}" for rule, path, answer in found
         if not access(app, rule).public and answer.status_code != 401)  # fmt: skip


def plain(client: FlaskClient) -> FlaskClient:
    """A browser that does not read what it is shown: only the status matters."""
    client.check_pages = False  # type: ignore[attr-defined]
    return client


def test_another_companys_record_is_404_on_every_page(
    app: App, house: House, neighbour: House, browsers: dict[str, FlaskClient], rows: Rows
) -> None:
    browser, problems, asked = browsers["admin"], [], 0
    plain(browser)
    before = rows.now()
    for rule in pages(app, "GET"):
        if access(app, rule).public or rule.rule.startswith(("/my/", "/imports/templates")):
            continue
        for name in names_of(rule.rule):
            if name not in neighbour.values or name in ("target", "position", "provider"):
                continue
            asked += 1
            path = addresses(rule, house, **{name: neighbour.values[name]})[0]
            status = browser.get(path).status_code
            problems.append("" if status == 404 else f"{status} {path} with another's {name}")
    browser.check_pages = True  # type: ignore[attr-defined]
    none(problems)
    assert asked > 20
    assert rows.changed(before, rows.now()) == []


# Forms ------------------------------------------------------------------------------------------------------------

# mail programs send this one by themselves (RFC 8058); the signed link is the token
WITHOUT_TOKEN = ("/unsubscribe/",)


def test_every_form_without_its_token_is_400_and_changes_nothing(
    app: App, house: House, browsers: dict[str, FlaskClient], rows: Rows
) -> None:
    before, problems, asked = rows.now(), [], 0
    for client in (plain(browsers["admin"]), plain(app.test_client())):
        for rule in pages(app, "POST"):
            for path in addresses(rule, house):
                if path.startswith(WITHOUT_TOKEN):
                    continue
                asked += 1
                for data in ({}, {"csrf_token": "made up"}):
                    status = client.post(path, data=data).status_code
                    problems.append("" if status == 400 else f"{status} {path}")
    none(problems)
    assert asked > 100
    assert rows.changed(before, rows.now()) == []


def with_token(client: FlaskClient, page: str = "/account") -> dict[str, str]:
    return {"csrf_token": csrf_of(client.get(page).get_data(as_text=True))}


def test_a_form_without_the_right_to_it_is_refused_and_changes_nothing(
    app: App, house: House, browsers: dict[str, FlaskClient], rows: Rows
) -> None:
    technician, stranger = plain(browsers["technician"]), plain(app.test_client())
    mine, problems = permissions.of_roles(["technician"]), []
    data, signed_out = with_token(technician), with_token(stranger, "/sign-in")
    before = rows.now()
    for rule in pages(app, "POST"):
        rights = access(app, rule)
        for path in addresses(rule, house):
            if rights.permissions and not mine & set(rights.permissions):
                status = technician.post(path, data=data).status_code
                problems.append("" if status == 403 else f"technician: {status} {path}")
            if not rights.public:
                status = stranger.post(path, data=signed_out).status_code
                problems.append("" if status in (303, 401) else f"signed out: {status} {path}")
    none(problems)
    assert rows.changed(before, rows.now()) == []


def test_a_form_about_another_companys_record_is_404_and_changes_nothing(
    app: App, house: House, neighbour: House, browsers: dict[str, FlaskClient], rows: Rows
) -> None:
    browser, problems = plain(browsers["admin"]), []
    data = with_token(browser)
    before = rows.now()
    for rule in pages(app, "POST"):
        if access(app, rule).public or rule.rule.startswith("/my/"):
            continue
        for name in names_of(rule.rule):
            if name not in neighbour.values or name in ("target", "position", "kind", "provider"):
                continue
            path = addresses(rule, house, **{name: neighbour.values[name]})[0]
            status = browser.post(path, data=data).status_code
            right = status == 404 or (rule.rule.endswith(UNDOING) and status in (400, 409))
            problems.append("" if right else f"{status} {path} with another's {name}")
    none(problems)
    assert rows.changed(before, rows.now()) == []


UNDOING = (
    "/payment-back",
    "/restore/<token>",
)  # refuse what they are to bring back before they look at the record
NONSENSE = ("", "\x00", "9" * 200)


def test_no_form_breaks_on_nonsense(app: App, house: House, browsers: dict[str, FlaskClient]) -> None:
    """Runs last: some of what it sends is taken."""
    problems = []
    for word in NONSENSE:
        browser = plain(house.company.sign_in("owner"))
        data = with_token(browser)
        for rule in pages(app, "POST"):
            if rule.rule in ("/sign-out", "/account/sessions/end-others"):
                continue
            for path in addresses(rule, house):
                fields = dict.fromkeys(FIELDS, word)
                status = browser.post(path, data=fields | data).status_code
                problems.append(f"{status} {path} {word[:10]!r}" if status >= 500 else "")
    none(problems)


FIELDS = (
    "name", "address", "email", "phone", "notes", "reason", "technician_id", "item_id", "customer_id", "customer_name",
    "sale_price", "list_price", "sold_on", "completed_on", "payment_type", "payment_status", "payment_date", "kind", "amount",
    "pay_type", "base_pay", "supervisor_id", "starts_on", "ends_on", "color", "category_id", "code", "description", "ids",
    "ids[]", "id", "tag", "state", "zip", "city", "unit", "username", "roles", "technician", "price", "percent", "query",
    "frequency", "anchor", "basis", "pay_days_after", "structure", "rate", "rate_bps", "flat", "next", "channel", "shared",
    "display_name", "primary_color", "time_zone", "product", "scope", "role", "expires_at", "answer", "other_id", "status",
)  # fmt: skip
