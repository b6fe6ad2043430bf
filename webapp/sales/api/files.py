"""The field API's CSV file of sales."""

from flask import Response

from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.sales import schemas
from webapp.sales.permissions import SALES_READ_ALL
from webapp.sales.queries import files, sales

api = Api("sales_files_api", __name__, dialect=FIELD, url_prefix="/api/v1/admin/csv-export", tag="Sales")


@api.get("/sales", permission=SALES_READ_ALL, query=schemas.Span, media_type="text/csv")
def export_sales(query: schemas.Span) -> Response:
    """All sales of a span of days as a CSV file, amounts in dollars."""
    return files.response(sales.Filters(date_from=query.date_from, date_to=query.date_to))
