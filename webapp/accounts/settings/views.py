"""Saving a list's filters under a name."""

from flask import Response, request

from webapp.accounts.permissions import COMPANY_EDIT
from webapp.accounts.service import saved_views
from webapp.accounts.settings import bp
from webapp.accounts.settings.forms import ViewForm
from webapp.kit import errors, pages, permissions


@bp.get("/saved-views/new/<path:target>")
@permissions.signed_in
def new_view(target: str) -> Response:
    """The dialog that asks for the name; the list's own query string rides along."""
    return _dialog(ViewForm(formdata=None), target)


@bp.post("/saved-views/new/<path:target>")
@permissions.signed_in
def save_view(target: str) -> Response:
    """Keep the list as it is filtered and sorted."""
    form = ViewForm()
    try:
        view = saved_views.save(
            f"/{target}", form.name.data or "", request.query_string.decode(), shared=form.shared.data
        )
    except errors.Invalid as problem:
        form.blame(problem)
        return _dialog(form, target, 422)
    pages.toast(f"The view “{view.name}” is saved.")
    return pages.redirect(
        f"/{target}?{view.query}&view=saved-{view.id}" if view.query else f"/{target}?view=saved-{view.id}"
    )


@bp.post("/saved-views/<int:view_id>/delete")
@permissions.signed_in
def delete_view(view_id: int) -> Response:
    """Forget a saved view."""
    view = saved_views.remove(view_id)
    pages.toast(f"The view “{view.name}” is removed.")
    return pages.redirect(view.path)


def _dialog(form: ViewForm, target: str, status: int = 200) -> Response:
    if not pages.is_ours(f"/{target}"):
        raise errors.NotFound("There is no such list.")
    query = request.query_string.decode()
    return pages.render(
        "settings/save_view.html", block={"dialog": "dialog"} if status == 200 else "form", status=status, form=form,
        action=f"/saved-views/new/{target}" + (f"?{query}" if query else ""), back=f"/{target}",
        existing=[v for v in saved_views.listed(f"/{target}") if v["delete_url"]],
        may_share=permissions.may(COMPANY_EDIT), page_title="Save view",
    )  # fmt: skip
