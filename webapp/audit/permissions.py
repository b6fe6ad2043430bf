"""Who may read the audit log unless narrowed."""

from webapp.kit.permissions import declare

AUDIT_READ = declare("audit.read", "Read the audit log", "manager", "accountant")
