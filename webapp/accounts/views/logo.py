"""The company's logo, for pages that are open to everybody."""

from flask import Response

from webapp.accounts.service import company
from webapp.accounts.service import sign_in as service
from webapp.accounts.views import bp
from webapp.kit import errors, files, permissions


@bp.get("/logo/<code>/<int:file_id>")
@permissions.public("no session: it is on the sign-in page and on public documents")
def logo(code: str, file_id: int) -> Response:
    """The picture; its address changes when it does."""
    tenant = service.find_organization(code)
    if tenant is None:
        raise errors.NotFound("No organization has this business code.")
    service.enter(tenant)
    file = company.logo(file_id)
    answer = Response(files.read(file), headers=files.headers(file, inline=True))
    answer.headers["Cache-Control"] = "public, max-age=86400, immutable"
    return answer
