"""The pay plan: how often people are paid, and by which date."""

from flask import Response

from webapp.kit import errors, pages
from webapp.kit.permissions import requires
from webapp.sales.pay import periods, plans
from webapp.sales.pay.forms import PlanForm
from webapp.sales.pay.permissions import PAYROLL_PLAN
from webapp.sales.pay.views import plan_bp


@plan_bp.get("")
@requires(PAYROLL_PLAN)
def show() -> Response:
    """The plan in force, to be changed."""
    form = PlanForm(formdata=None)
    form.show(periods.plan())
    return _page(form)


@plan_bp.post("")
@requires(PAYROLL_PLAN)
def save() -> Response:
    """Pay by another plan."""
    form = PlanForm()
    if form.validate():
        try:
            plans.change(form.plan())
        except errors.Invalid as problem:
            form.own_names(problem.details)
            form.blame(problem)
        else:
            pages.toast("The pay plan is saved.")
            return pages.redirect("/settings/pay")
    return _page(form, status=422)


@plan_bp.post("/preview")
@requires(PAYROLL_PLAN)
def preview() -> Response:
    """The next four periods as they would be; nothing is saved."""
    form = PlanForm()
    coming, problem = _coming(form) if form.validate() else ([], "Fill in the form to see what follows.")
    if pages.is_htmx():
        return pages.render("sales/pay/plan.html", block="preview", coming=coming, problem=problem)
    return _page(form)


def _coming(form: PlanForm) -> tuple[list[plans.Coming], str]:
    try:
        return plans.preview(form.plan()), ""
    except errors.Invalid as problem:
        return [], problem.message


def _page(form: PlanForm, status: int = 200) -> Response:
    coming, problem = _coming(form) if not form.errors else ([], "")
    return pages.render(
        "sales/pay/plan.html",
        block="form" if status == 422 else None,
        status=status,
        page_title="Pay plan",
        form=form,
        coming=coming,
        problem=problem,
    )
