"""What the reference of the APIs shows as examples, and in which order it begins: sign in, then what one came for."""

from typing import Any

ORDER = (
    "Sign-in", "Sales", "Technicians", "Customers", "Price book", "Commission rates", "Pay periods", "Dispatch",
    "Technician dispatch", "Schedules", "Time tracking", "Vehicles", "Service zones", "Technician skills", "SLA", "Audit log",
)  # fmt: skip
"""The tags in the order people need them; what is not named follows, by the alphabet."""

_UUID = "8c2f0a14-0c8a-4a3a-9a4d-3e0f1d6c2a91"
_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.mB92K27uhbUJU1p1r"  # noqa: S105  # made up, signed by nobody

VALUES: dict[str, Any] = {
    # people and companies
    "username": "admin", "password": "your-password", "first_name": "Mike", "last_name": "Johnson",
    "business_name": "Smith HVAC", "businessName": "Smith HVAC", "company_name": "Smith HVAC", "display_name": "Smith HVAC",
    "company": "Oak Street Dental", "business_code": "SMITHHVAC", "businessCode": "SMITHHVAC", "apiUrl": "https://app.example.com",
    "email": "john@example.com", "customer_email": "john@example.com", "phone": "(813) 555-0142",
    "customer_phone": "(813) 555-0142", "customer_name": "John Doe", "technician_name": "Mike Johnson",
    "actor_name": "Olive Owner", "closed_by_name": "Pat Paymaster", "decided_by_name": "Dana Reed",
    "requested_by_name": "Pat Paymaster", "employee_number": "E-101", "name": "Mike Johnson", "Customer.name": "John Doe",
    "Contact.name": "Jane Doe", "Candidate.name": "John Doe", "Contact.role": "Tenant", "role": "seller", "roles": ["technician"],
    "provider": "google", "industry": "HVAC", "timezone": "America/New_York", "default_locale": "en-US",
    # places
    "address": "123 Oak St, Tampa, FL 33601", "customer_address": "123 Oak St, Tampa, FL 33601",
    "Property.address": "123 Oak St", "service_address": "123 Oak St", "service_city": "Tampa", "service_state": "FL",
    "service_unit": "", "service_zip": "33601", "city": "Tampa", "Property.state": "FL", "zip": "33601", "unit": "",
    "zips": ["33601", "33602"], "start_address": "500 Depot Rd, Tampa, FL 33605", "end_address": "500 Depot Rd, Tampa, FL 33605",
    "access_notes": "Gate code 4417", "label": "Home", "latitude": 27.95, "longitude": -82.46, "lat": 27.95, "lon": -82.46,
    # what is sold and paid
    "Item.name": "AC tune-up", "item_name": "AC tune-up", "Item.code": "AC-100", "Item.description": "Coils cleaned",
    "Category.name": "Maintenance", "category_name": "Maintenance", "payment_type": "credit_card", "payment_status": "unpaid",
    "notes": "Filter size 20×25×4", "note": "Approved by phone", "period_note": "", "rate": "7.5%", "rate_level": "technician_item",
    "explanation": ["Mike's rate for AC tune-up is 7.5% (set for Mike on this item).", "7.5% of $1,500.00 = $112.50"],
    "rules": ["Used: Mike on AC tune-up, 7.5%. The most specific rule that applies."],
    "Rate.description": "7.5%", "Line.description": "AC tune-up", "commission_cents": 11_250, "ov_rate_bps": 100,
    "Period.label": "Mar 1–15, 2026", "vendor": "Tampa Truck Service", "reference": "INV-2041", "share_bps": 5_000,
    # work
    "title": "AC not cooling", "description": "Upstairs unit runs but blows warm air", "Job.status": "dispatched",
    "Job.job_type": "repair", "job_type": "repair", "priority": "normal", "Block.title": "Parts run", "source": "api",
    "visit": "AC not cooling, 123 Oak St", "outcome": "Capacitor replaced", "cancel_reason": "", "hold_reason": "Waits for a part",
    "override_reason": "The customer asked for Mike", "from_status": "dispatched", "to_status": "en_route", "excuse": "",
    "passed_over": [], "warnings": [], "missing": [], "skill": "EPA 608 Universal",
    "detail": "2.4 miles from the job before", "why": "Has the skill, is nearest and free in the window",
    "reason": "Wrong price", "rejected_reason": "", "void_reason": "", "reopen_reason": "", "decision_note": "",
    "tags": ["gate"], "tag": "gate", "q": "oak", "color": "#0f766e", "primary_color": "#0f766e",
    "Zone.name": "North Tampa", "Skill.name": "EPA 608 Universal", "Skill.description": "Refrigerant handling",
    "Vehicle.name": "Van 12", "make": "Ford", "model": "Transit 250", "plate": "TRK 4417", "vin": "1FTBR1C80MKA12345",
    "Plan.name": "Oil change", "Work.name": "Oil change", "Policy.name": "Urgent repairs", "Holiday.name": "Thanksgiving",
    "Group.name": "Mike Johnson", "certificate": "EPA-608-77120", "hint": "123 Oak St, (813) 555-0142", "policy": "Urgent repairs",
    # tokens, keys, moments
    "access_token": _TOKEN, "refresh_token": _TOKEN, "id_token": _TOKEN, "mfa_challenge_token": _TOKEN, "challenge_token": _TOKEN,
    "ticket": "st_4f9a1c", "Verify.code": "492817", "code": "AC-100", "tenant_id": _UUID, "tenantId": _UUID, "public_id": _UUID,
    "parent_organization_id": _UUID, "correlation_id": "corr_z3p7w2", "cursor": "eyJpIjo0Mn0", "action": "item.updated",
    "approved_at": "2026-03-16T09:00:00Z", "closed_at": "2026-03-20T17:00:00Z", "reopened_at": "2026-03-20T17:30:00Z",
    "created_at": "2026-03-15T14:30:00Z", "updated_at": "2026-03-15T14:30:00Z", "version": 3, "HealthOut.version": "1.0",
    "message": "No sale has the number 42.", "error": "not_found", "engine": "local", "environment": "production",
    "total": 1, "total_pages": 1, "limit": 50, "page": 1,
    "null": ("voided_at", "rejected_at", "merged_into_id", "ends_on", "replaces_id", "replaced_by_id", "mfa_challenge_token",
             "reopened_at", "cancelled_at", "held_at", "archived_at", "moved_from_id", "reverses_id", "guarantee_cents"),
    "base_pay_cents": 2_500, "override_cents": 1_500, "Technician.email": "mike@example.com", "User.email": "mike@example.com",
    "active": True, "primary": True, "technician_id": 7, "item_id": 5, "category_id": 2, "supervisor_id": 3,
    # an example is sent as it stands: what excludes something else is left out
    "SaleIn:left out": ("customer_name", "customer_phone", "customer_email", "customer_address", "splits", "payment_date"),
    "SaleCorrection:left out": ("customer_name", "customer_phone", "customer_email", "customer_address", "splits"),
    "PaymentIn.status": "paid",
}  # fmt: skip
