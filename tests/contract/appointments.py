"""Appointments of a company under the contract's tests."""

from datetime import timedelta

from tests.contract.house import House
from tests.factories import dispatch as make
from webapp.appointments.queries import feeds as queries
from webapp.appointments.service import booking, feeds, links
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock
from webapp.kit.db import add
from webapp.models import Technician, VisitRequest


def fill(house: House) -> None:
    """A visit in some days with its link, one that is over with its summary, and a wish to cancel."""
    vic = add(Technician(name="Vic Visits", pay_type="hourly", employee_number="E-VIC"))
    job = make.job(
        "Tune-up", start=clock.now() + timedelta(days=3), crew=(vic,), customer_id=house.values["customer_id"]
    )
    visit = reading.visits(job.id)[0]
    house.secrets |= {
        "visit_link": links.make(visit.id, "visit", None).rsplit("/", 1)[1],
        "summary_link": links.make(visit.id, "summary", None).rsplit("/", 1)[1],
    }
    other = make.job("Leak", start=clock.now() + timedelta(days=4), crew=(vic,))
    visit = reading.visits(other.id)[0]
    made = add(
        VisitRequest(job_id=other.id, visit_id=visit.id, kind="cancel", status="open", created_at=clock.now())
    )
    house.secrets |= {"calendar": feeds.make(None).rsplit("/", 1)[1].removesuffix(".ics")}
    mike = house.values["technician_id"]
    feeds.make(mike)
    mine, all_ = (queries.listed(who)[0].CalendarFeed.id for who in (mike, None))
    house.values |= {"request_id": made.id, "feed_id": all_, "own_feed_id": mine}
    for name in ("No heat", "No cooling"):
        booking.save_preset(None, booking.Preset("", name))
