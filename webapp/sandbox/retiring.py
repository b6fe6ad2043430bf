"""Deleting what a sandbox holds once a fresh one took its place."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError

from webapp.accounts.service import sandboxes
from webapp.kit import clock, context, files, jobs, tenancy
from webapp.kit.db import Base, db
from webapp.kit.tables import DirectoryEntry
from webapp.models import Organization

# the journal may not be deleted by any role of the application, and users are whom it names; the others are what the
# job itself stands on
STAY = frozenset({"audit_entries", "events", "journal_heads", "users", "jobs", "organizations", "directory"})


def forget(run: jobs.Run) -> list[str]:
    """Delete the present organization's records table by table, the referring ones first, and at the end its names.

    Gives the tables that could not be emptied, none as a rule. Raises GiveUp in an organization that is no sandbox, or
    that test keys still work in: nothing is deleted then.
    """
    tenant = context.tenant_id()
    owner = db.session.scalar(select(Organization.sandbox_of).where(Organization.tenant_id == tenant))
    if owner is None or _in_use(owner, tenant):
        raise jobs.GiveUp("This is no retired sandbox; nothing was deleted.")
    # closed pay is guarded by a trigger; here it was never anybody's
    thaw = "update pay_lines set frozen = false where tenant_id = :tenant and frozen"
    db.session.execute(text(thaw), {"tenant": tenant})
    # rows alone would leave the bytes of files behind
    expire = "update stored_files set delete_after = :past where tenant_id = :tenant"
    db.session.execute(text(expire), {"tenant": tenant, "past": clock.now() - timedelta(minutes=1)})
    while files.remove_expired():
        run.checkpoint()
    left = [
        t.name
        for t in reversed(Base.metadata.sorted_tables)
        if "tenant_id" in t.columns and t.name not in STAY
    ]
    while True:
        still = [name for name in left if not _emptied(name, tenant)]
        run.checkpoint()
        if not still or still == left:
            break
        left = still  # what held on to others is gone now
    gone = delete(DirectoryEntry).where(DirectoryEntry.tenant_id == tenant)
    db.session.execute(gone.execution_options(synchronize_session=False))
    return still


def _emptied(table: str, tenant: UUID) -> bool:
    try:
        with db.session.begin_nested():
            db.session.execute(text(f'delete from "{table}" where tenant_id = :tenant'), {"tenant": tenant})  # noqa: S608  # a name of ours
    except IntegrityError:
        return False
    return True


def _in_use(owner: UUID, sandbox: UUID) -> bool:
    with tenancy.across(owner):
        return sandboxes.present(owner) == sandbox
