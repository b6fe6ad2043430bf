"""The sandbox of an organization: another organization in which its test keys work, with made-up data.

It is a tenant of its own, so nothing a test key does can reach live records: row-level security stands between. Messages
stay in its Outbox, calls to other systems are kept instead of made (:func:`kept`). A reset gives the test keys a fresh one
and retires the old; decision 0010 says why.
"""

from uuid import UUID, uuid5

from flask import current_app
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError

from webapp.accounts.permissions import KEYS_MANAGE
from webapp.accounts.service import organizations
from webapp.kit import context, directory, errors, ids, jobs, journal, permissions, tenancy
from webapp.kit.db import db
from webapp.kit.tables import Job
from webapp.models import Organization

KEPT = "Kept here: this is test mode, which calls nobody."
FORGET = (
    "sandbox.forget"  # the job that deletes what a retired one holds; it lives where all tables are known
)

_known: dict[UUID, bool] = {}  # whether an organization is a sandbox: said when it is made, never changed
MOST = 50_000


def present(tenant_id: UUID) -> UUID | None:
    """The sandbox in which an organization's test keys work now; None before the first one was made.

    The present session is the organization's.
    """
    found = _id(tenant_id)
    return found if directory.find("organization", str(found)) is not None else None


def of(tenant_id: UUID) -> UUID:
    """The organization that test keys of this one act in, made when there is none."""
    sandbox = _id(tenant_id)
    if directory.find("organization", str(sandbox)) is None:
        _make(tenant_id, sandbox)
    return sandbox


def _id(tenant_id: UUID) -> UUID:
    # the first one's follows from the organization's, so that two first uses at once mean the same
    chosen = db.session.scalar(select(Organization.sandbox_id).where(Organization.tenant_id == tenant_id))
    return chosen or uuid5(tenant_id, "sandbox")


def _make(tenant_id: UUID, sandbox: UUID) -> None:
    real = db.session.get(Organization, tenant_id)
    assert real is not None  # a key belongs to an organization
    new = organizations.NewOrganization(
        name=f"{real.name} (test)", owner_username="owner", owner_name="Test mode", time_zone=real.time_zone,
        industry=real.industry, tenant_id=sandbox, extra={"sandbox_of": tenant_id, "locale": real.locale},
    )  # fmt: skip
    try:
        organizations.create(new)
    except IntegrityError:
        # another first use made it a moment ago
        if directory.find("organization", str(sandbox)) is None:
            raise


def reset() -> UUID:
    """Begin a fresh sandbox for the present organization's test keys and retire the one they had.

    The old one's recurring work ends at once and its records are deleted by a job; its audit log and events stay, as
    those of any organization. Raises Forbidden; Conflict inside a sandbox, which has none of its own.
    """
    permissions.demand(KEYS_MANAGE)
    tenant = context.tenant_id()
    row = db.session.get(Organization, tenant, with_for_update=True, populate_existing=True)
    assert row is not None  # the present one
    if row.sandbox_of is not None:
        raise errors.Conflict("A sandbox has no sandbox of its own.")
    old, fresh = present(tenant), ids.uuid4()
    before = journal.snapshot(row)
    row.sandbox_id = fresh
    journal.audit("organization.sandbox_reset", row, record_type="organization", before=before)
    db.session.flush()
    _make(tenant, fresh)

    def settle() -> None:
        from webapp.accounts.service import keyring

        keyring.forget(lambda who: who.environment == "test" and who.extra.get("owner") == tenant)
        if old is not None:
            _retire(old)

    journal.after_commit(settle)
    return fresh


def _retire(sandbox: UUID) -> None:
    """Nothing runs there any more, and nothing finds it; what it holds is deleted by a job."""
    with tenancy.across(sandbox):
        db.session.execute(
            delete(Job)
            .where(Job.tenant_id == sandbox, Job.status == "waiting")
            .execution_options(synchronize_session=False)
        )
        jobs.add(FORGET, dedupe_key="once")


def is_one(tenant_id: UUID) -> bool:
    """Whether an organization is a sandbox. Asks the database once in a process's life, on a connection of its own."""
    found = _known.get(tenant_id)
    if found is None:
        with db.engine.begin() as connection:
            connection.execute(text("select set_config('app.tenant_id', :t, true)"), {"t": str(tenant_id)})
            found = connection.execute(
                text("select sandbox_of is not null from organizations where tenant_id = :t"),
                {"t": tenant_id},
            ).scalar()
        if found is None:  # one that is being made this moment: what it is, is asked again
            return False
        if len(_known) >= MOST:
            _known.clear()
        _known[tenant_id] = found
    return found


def kept() -> str:
    """Why the present organization's calls to other systems are not made; empty where they are."""
    tenant = context.principal().tenant_id
    return KEPT if tenant is not None and current_app and is_one(tenant) else ""
