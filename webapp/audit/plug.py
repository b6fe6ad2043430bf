"""What the audit log plugs into the house."""

from webapp.audit.api import api
from webapp.audit.permissions import AUDIT_READ
from webapp.audit.views import pages_of_audit
from webapp.kit.plug import NavItem, Plug

PLUG = Plug(
    blueprints=(pages_of_audit, api),
    navigation=(NavItem("Settings", "Audit log", "/settings/audit-log", "scroll-text", 96, AUDIT_READ),),
)
