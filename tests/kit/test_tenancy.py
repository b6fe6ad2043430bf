"""One organization never sees or touches another, whatever the code forgets."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tests.factories.world import Company
from webapp.kit import db as kit_db
from webapp.kit import errors, tenancy
from webapp.kit.db import db
from webapp.models import Technician, User


def test_a_forgotten_filter_still_shows_only_our_rows(company: Company, other_company: Company) -> None:
    with company.acting():
        assert {u.tenant_id for u in db.session.scalars(sa.select(User))} == {company.tenant_id}


def test_without_an_organization_nothing_is_visible(company: Company) -> None:
    with company.app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def test_another_organizations_row_is_not_found(company: Company, other_company: Company) -> None:
    with company.acting(), pytest.raises(errors.NotFound):
        kit_db.get(User, other_company.users["admin"])


def test_a_row_for_another_organization_cannot_be_written(company: Company, other_company: Company) -> None:
    smuggled = Technician(tenant_id=other_company.tenant_id, name="Smuggled", pay_type="hourly")
    with pytest.raises(DBAPIError, match="row-level security"), company.acting():
        kit_db.add(smuggled)


def test_another_organizations_row_cannot_be_referenced(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = kit_db.add(Technician(name="Theirs", pay_type="hourly")).id
    with pytest.raises(DBAPIError, match="foreign key"), company.acting():
        kit_db.add(Technician(name="Ours", pay_type="hourly", supervisor_id=foreign))


def test_the_organization_cannot_change_inside_a_transaction(
    company: Company, other_company: Company
) -> None:
    with company.acting():
        db.session.scalar(sa.select(User.id))
        with pytest.raises(tenancy.TenantChanged):
            tenancy.use(other_company.tenant_id)


def test_a_pooled_connection_carries_no_organization_over(company: Company) -> None:
    with company.acting():
        db.session.scalar(sa.select(User.id))
    with company.app.app_context(), db.engine.connect() as connection:
        assert connection.scalar(sa.text("select nullif(current_setting('app.tenant_id', true), '')")) is None
