"""The field API of technicians."""

from typing import Any

from webapp.kit import db, errors, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.models import Technician
from webapp.technicians import queries, schemas, service
from webapp.technicians.permissions import EDIT, READ

api = Api("technicians_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Technicians")


@api.get("/admin/technicians", permission=READ, query=schemas.TechnicianQuery, returns=schemas.TechnicianOut,
         paged=True)  # fmt: skip
def list_technicians(query: schemas.TechnicianQuery) -> Any:
    """List technicians, in the order they were added."""
    state = {True: "active", False: "inactive", None: ""}[query.active]
    kinds = (query.pay_type,) if query.pay_type else ()
    filters = queries.Filters(query.q, state, kinds, query.supervisor_id)
    today = queries.today()
    statement = queries.numbered(filters, query.updated_since)
    return paging.numbered(statement, query, lambda t: schemas.shape(t, today), scalars=True)


@api.post("/admin/technicians", permission=EDIT, body=schemas.TechnicianIn, returns=schemas.TechnicianOut,
          status=201)  # fmt: skip
def create_technician(body: schemas.TechnicianIn) -> dict[str, Any]:
    """Add a technician."""
    values = body.model_dump(exclude_unset=True)
    if values.get("color") is None:
        values.pop("color", None)
    return schemas.shape(service.create(values), queries.today())


@api.get("/admin/technicians/metrics", permission=READ, query=schemas.MetricsQuery, returns=schemas.Metrics)
def technician_metrics(query: schemas.MetricsQuery) -> dict[str, Any]:
    """The scorecard: what each technician sold and earned, ranked."""
    today = queries.today()
    date_to = query.date_to or max(today, query.date_from or today)
    date_from = query.date_from or date_to.replace(day=1)
    if date_to < date_from:
        raise errors.Invalid.one("date_to", "must not be before date_from.")
    board = queries.leaderboard(date_from, date_to)
    names = [name for name in schemas.Metric.model_fields if name != "rank"]
    lines = [{"rank": rank, **{n: getattr(score, n) for n in names}} for rank, score in board]
    return {"date_from": date_from, "date_to": date_to, "leaderboard": lines}


@api.get("/admin/technicians/<int:technician_id>", permission=READ, returns=schemas.TechnicianOut)
def get_technician(technician_id: int) -> dict[str, Any]:
    """One technician."""
    return schemas.shape(db.get(Technician, technician_id), queries.today())


@api.patch("/admin/technicians/<int:technician_id>", permission=EDIT, body=schemas.TechnicianChange,
           returns=schemas.TechnicianOut)  # fmt: skip
def update_technician(technician_id: int, body: schemas.TechnicianChange) -> dict[str, Any]:
    """Change a technician. `ends_on` deactivates, `"ends_on": null` reactivates."""
    technician = service.update(technician_id, body.model_dump(exclude_unset=True))
    return schemas.shape(technician, queries.today())
