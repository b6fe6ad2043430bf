
from tests.browser.conftest import PHONE, expect
from tests.browser.world import furnish
def test_shots(company, visit):
    small = furnish(company)
    page = visit(company, "admin", viewport=PHONE, is_mobile=True, has_touch=True)
    for name, u in [("rates","/commission-rates"),("sale",f"/sales/{small.pending}"),("period",f"/pay-periods/{small.period}"),("salenew","/sales/new"),("techperiod",f"/pay-periods/{small.period}/technicians/{small.technician}"),("import","/imports/new?kind=sales"),("close",f"/pay-periods/{small.period}/close"),("customer",f"/customers/{small.customer}")]:
        page.goto(u); expect(page.locator(".htmx-request")).to_have_count(0)
        page.screenshot(path=f"/tmp/s_{name}.png", full_page=True)
        print(name, page.evaluate("[document.documentElement.scrollWidth, innerWidth]"))
    page.emulate_media(color_scheme="dark")
    page.goto("/commission-rates"); page.screenshot(path="/tmp/s_rates_dark.png")
    page = visit(company, "technician", viewport=PHONE, is_mobile=True, has_touch=True, color_scheme="dark")
    for name, u in [("myedit","/my/sales/new"),("mypay","/my/pay"),("mysales","/my/sales")]:
        page.goto(u); page.screenshot(path=f"/tmp/s_{name}.png", full_page=True)
    page = visit(company, "admin")
    page.goto("/sales/new")
    import re, time
    page.route("**/sales/new/prices*", lambda r: (page.wait_for_timeout(700), r.continue_()))
    box = page.get_by_role("combobox", name="Item", exact=True); box.fill("tune")
    expect(page.get_by_role("option", name=re.compile("tune"))).to_be_visible(); box.press("Enter")
    page.keyboard.press("Tab"); page.keyboard.type("1234", delay=20)
    expect(page.get_by_label("List price")).to_have_value("189.00")
    print("PRICE", page.get_by_label("Price", exact=True).input_value(), page.evaluate("document.activeElement.id"))
