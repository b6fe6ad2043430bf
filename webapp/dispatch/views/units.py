"""Which of the customer's equipment a job is about."""

from flask import Response
from wtforms import SelectMultipleField

from webapp.dispatch import service
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.queries import pages as queries
from webapp.dispatch.views import bp
from webapp.dispatch.views.show import dialog
from webapp.equipment import queries as equipment
from webapp.equipment import rules
from webapp.kit import errors, forms, pages
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import DispatchJob


class UnitsForm(forms.Form):
    """The customer's units, ticked where the job is about them."""

    units = SelectMultipleField("Units", coerce=int)


@bp.route("/<int:job_id>/equipment", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def choose_units(job_id: int) -> Response:
    """Ask which units the job is about."""
    job = get(DispatchJob, job_id, what="job")
    if job.customer_id is None:
        raise errors.Conflict("Choose the job’s customer first.")
    chosen = queries.units(job.id)
    form = UnitsForm(data={"units": [unit.id for unit in chosen]})
    known = {unit.id: unit for unit in chosen} | {
        row.id: row for row in equipment.of_customer(job.customer_id)
    }
    form.units.choices = forms.choices(
        (number, " · ".join(x for x in (rules.title(unit), unit.serial, unit.location) if x))
        for number, unit in known.items()
    )

    def act() -> None:
        service.update(job_id, {}, equipment_ids=form.units.data or [])
        pages.toast("The job’s equipment is saved.")

    return dialog(job, form, "Which equipment?", "equipment", "Save", act, template="dispatch/units.html")
