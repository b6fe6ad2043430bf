"""Company and branding."""

from flask import Response, request

from webapp.accounts import queries
from webapp.accounts.permissions import COMPANY_EDIT
from webapp.accounts.service import company as service
from webapp.accounts.service import policy
from webapp.accounts.settings import bp
from webapp.accounts.settings.forms import CompanyForm
from webapp.kit import clean, errors, pages, permissions
from webapp.models import Organization


@bp.get("/settings/company")
@permissions.requires(COMPANY_EDIT)
def company() -> Response:
    """The company as it is."""
    present = queries.organization()
    form = CompanyForm(formdata=None, obj=present, sso=policy.sso_of(present.settings))
    form.phone.data = clean.phone_words(present.phone)
    return _page(form, present)


@bp.post("/settings/company")
@permissions.requires(COMPANY_EDIT)
def change_company() -> Response:
    """Change the company; a new logo with it."""
    present, form = queries.organization(), CompanyForm()
    form.offer_zones(present.time_zone)
    form.offer_providers()
    if form.validate():
        sent = request.files.get("logo")
        logo = (sent.filename or "", sent.read(service.LOGO_BYTES + 1)) if sent and sent.filename else None
        values = {k: v for k, v in form.values().items() if k not in ("logo", "drop_logo")}
        try:
            service.change(service.Changes(**values), logo, drop_logo=form.drop_logo.data)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast("The company is saved.")
            return pages.redirect("/settings/company")
    return _page(form, present, 422)


def _page(form: CompanyForm, present: Organization, status: int = 200) -> Response:
    form.offer_zones(present.time_zone)
    if "sso" in form:
        form.offer_providers()
    return pages.render("settings/company.html", block="form" if status == 422 else None, status=status, form=form,
                        company=present, page_title="Company")  # fmt: skip
