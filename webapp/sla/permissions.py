"""What may be done with promises by the clock. Policies and holidays are changed by who may change how jobs are dispatched."""

from webapp.dispatch.permissions import DISPATCH_SETTINGS
from webapp.kit.permissions import declare

SLA_READ = declare("sla.read", "See promises by the clock, breaches and the report", "manager", "dispatcher")
SLA_EXCUSE = declare("sla.excuse", "Excuse a promise that was broken, with a reason", "manager")
SLA_EDIT = DISPATCH_SETTINGS
