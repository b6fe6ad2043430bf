"""Zones, skills, vehicles and their maintenance as files to download."""

from typing import Any

from webapp.downloads.registry import Made, Progress, csv_of, exporter
from webapp.fleet.permissions import SKILLS_READ, VEHICLES_READ, ZONES_READ
from webapp.fleet.queries import maintenance, skilled, vehicles, zones
from webapp.models import MaintenanceRecord, ServiceZone, Skill, Technician, Vehicle


def _all(columns: dict[str, list[Any]]) -> list[Any]:
    return [column for several in columns.values() for column in several]


@exporter("service-zones.csv", permission=ZONES_READ, title="Service zones")
def service_zones(args: dict[str, Any], progress: Progress) -> Made:
    """Every zone with its ZIP codes, archived ones too."""
    statement = zones.rows(zones.Filters(archived=None)).with_only_columns(*_all(zones.csv_columns()))
    return csv_of(statement.order_by(ServiceZone.position, ServiceZone.id), "service-zones")


@exporter("technician-skills.csv", permission=SKILLS_READ, title="Technician skills")
def technician_skills(args: dict[str, Any], progress: Progress) -> Made:
    """Everybody's skills, of former technicians too; the import understands the file again."""
    statement = skilled.rows(skilled.Filters(everybody=True)).with_only_columns(*_all(skilled.csv_columns()))
    return csv_of(statement.order_by(Technician.name, Skill.name, Technician.id), "technician-skills")


@exporter("vehicles.csv", permission=VEHICLES_READ, title="Vehicles")
def all_vehicles(args: dict[str, Any], progress: Progress) -> Made:
    """Every vehicle, retired ones too; the import understands the file again."""
    statement = vehicles.rows(vehicles.Filters()).with_only_columns(*_all(vehicles.csv_columns()))
    return csv_of(statement.order_by(Vehicle.name, Vehicle.id), "vehicles")


@exporter("vehicle-work.csv", permission=VEHICLES_READ, title="Work done on vehicles")
def vehicle_work(args: dict[str, Any], progress: Progress) -> Made:
    """All work that was done on vehicles, with what it cost."""
    statement = maintenance.work_rows(maintenance.WorkFilters()).with_only_columns(
        *_all(maintenance.work_csv())
    )
    return csv_of(statement.order_by(MaintenanceRecord.done_on.desc(), MaintenanceRecord.id), "vehicle-work")
