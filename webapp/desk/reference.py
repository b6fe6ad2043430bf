"""The APIs' reference: one OpenAPI document, and Swagger UI over it."""

from flask import Blueprint, Response, current_app, request

from webapp.kit import openapi, pages
from webapp.kit.permissions import public

bp = Blueprint("reference", __name__)


@bp.get("/api/openapi.json")
@public("partners read the reference before they have an account; it holds nothing of an organization's")
def document() -> Response:
    """The document, made once for each process."""
    data, tag = openapi.rendered(current_app.config["SETTINGS"].base_url)
    answer = Response(data, mimetype="application/json")
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.headers["Access-Control-Allow-Origin"] = "*"  # tools in a browser read it from elsewhere
    answer.make_conditional(request)
    return answer


@bp.get("/api/docs")
@public("partners read the reference before they have an account; it holds nothing of an organization's")
def docs() -> Response:
    """Swagger UI over the document."""
    return pages.render("docs/api.html", page_title="API reference")
