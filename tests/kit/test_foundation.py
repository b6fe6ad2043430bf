"""The kit's promises: tenancy, journal, jobs."""

from sqlalchemy import select

from tests.factories.world import Company
from webapp.kit import journal
from webapp.kit.db import db, rows
from webapp.kit.tables import AuditEntry
from webapp.models import Organization, User


def test_a_new_company_has_an_intact_journal_and_sees_only_itself(
    company: Company, other_company: Company
) -> None:
    with company.acting():
        assert [o.business_code for o in db.session.scalars(select(Organization))] == [company.code]
        assert other_company.users["admin"] not in set(db.session.scalars(select(User.id)))
        entries = rows(select(*AuditEntry.__table__.c).order_by(AuditEntry.seq))
        count, _, broken = journal.verify(entries)
        assert count >= 2
        assert broken is None
