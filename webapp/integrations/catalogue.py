"""The names of the documents that no domain here emits yet, and those that only webhooks have.

They can be registered for, and are declared with the examples that the document of each API gives. A domain that
declares one of them itself is asked first: what it says stands.
"""

from collections.abc import Mapping
from typing import Any

from webapp.integrations import rules
from webapp.kit import events

_CALL: dict[str, Any] = {"call_id": "call_8w3p1mq2k7x4", "caller": "+18135550101", "duration_seconds": 184,
                         "source": "Google Ads", "received_at": "2026-04-27T17:42:18.001Z"}  # fmt: skip
_LEAD: dict[str, Any] = {"lead_id": 1042, "name": "John Doe", "status": "new", "score": 87, "source": "call"}
_MAIL: dict[str, Any] = {"message_id": "msg_8w3p1mq2k7x4", "sequence_id": "seq_4f9c2a8d7e31", "to": "john@example.com",
                         "subject": "Your estimate"}  # fmt: skip
_AGREEMENT: dict[str, Any] = {"agreement_id": 12, "customer_id": 7, "ends_on": "2027-03-15"}
_REVIEW: dict[str, Any] = {"review_id": 31, "customer_id": 7, "job_id": 42}

# name → what it says, an example of its data
DOCUMENTED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    # field document
    "sale.created": ("A new sale has been recorded", {"sale_id": 42}),
    "sale.approved": ("A sale has been approved", {"sale_id": 42}),
    "sale.rejected": ("A sale has been rejected", {"sale_id": 42}),
    "dispatch.created": ("A new dispatch job was created", {"job_id": 42}),
    "dispatch.assigned": ("A technician was assigned to a job", {"job_id": 42}),
    "dispatch.completed": ("A dispatch job was completed", {"job_id": 42}),
    "commission.calculated": ("Commission was calculated for a sale", {"sale_id": 42}),
    "payment.reconciled": ("A payment was matched via reconciliation",
                           {"payment_id": 9, "invoice_id": 18, "amount_cents": 48_900}),
    "agreement.renewed": ("A service agreement was auto-renewed", _AGREEMENT),
    "agreement.expired": ("A service agreement expired", _AGREEMENT),
    "inventory.low-stock": ("Stock fell below minimum threshold",
                            {"item_id": 5, "name": "Capacitor 45/5", "on_hand": 2, "minimum": 6}),
    # growth document
    "call.received": ("New inbound call ingested from CallRail or other tracker", _CALL),
    "call.classified": ("AI classification finished; includes intent, urgency, qualified flag",
                        _CALL | {"intent": "repair", "urgency": "high", "qualified": True}),
    "call.qualified": ("A call was determined to be a qualified lead", _CALL | {"lead_id": 1042}),
    "lead.created": ("New lead added to the system", _LEAD),
    "lead.updated": ("Lead status, score, or fields changed", _LEAD | {"status": "contacted"}),
    "outreach.email.sent": ("Outbound email sent", _MAIL),
    "outreach.email.replied": ("Reply received and classified", _MAIL | {"classification": "interested"}),
    "claim.scope.ready": ("Insurance documentation extraction completed and ready for review",
                          {"claim_id": "clm_8w3p1mq2k7x4", "line_items": 18}),
    "review.requested": ("Customer was sent a review request after job completion", _REVIEW),
    "review.received": ("New review detected on Google or another listing surface",
                        _REVIEW | {"rating": 5, "source": "google"}),
    # of webhooks alone
    rules.AUDIT: ("Stream of audit events; opt-in for compliance integrations", {
        "id": "f4e9c2a8-7d31-4b6f-9c83-21e5d4a07b14", "organization_id": "a1b2c3d4-7d31-4b6f-9c83-21e5d4a07b14",
        "action": "sale.approved", "source": "web", "correlation_id": "corr_z3p7w2",
        "payload": {"sale_id": 42, "diff": {"status": {"from": "pending", "to": "approved"}}},
        "created_at": "2026-04-27T17:42:18.001Z"}),
    rules.TEST: ("Sent on request, to see that an endpoint is reached", {"message": "Hello from Truckroll."}),
}  # fmt: skip


def declare() -> None:
    """Declare what nobody else did."""
    for name, (description, example) in DOCUMENTED.items():
        if name not in events.CATALOGUE:
            events.declare(name, description, example)


def names() -> list[events.EventKind]:
    """Everything that can be subscribed to, by name."""
    return [events.CATALOGUE[name] for name in sorted(events.CATALOGUE)]
