"""Every table, by family. Columns, constraints and relationships only: no queries, no Flask."""

from webapp.kit.tables import (
    AuditEntry,
    DirectoryEntry,
    Event,
    IdempotencyKey,
    Job,
    JournalHead,
    SearchWord,
    StoredFile,
)
from webapp.models.accounts import (
    ApiKey,
    BackupCode,
    Notice,
    OneTimeToken,
    Organization,
    SavedView,
    SsoIdentity,
    User,
    UserSession,
)
from webapp.models.catalog import Item, ItemCategory
from webapp.models.customers import Customer, CustomerContact, CustomerMerge, Property
from webapp.models.messaging import Message, Suppression
from webapp.models.pay import PayLine, PayPeriod, PayPlan, PayStatement
from webapp.models.sales import CommissionRate, Sale, SaleSplit, SaleTally
from webapp.models.technicians import Technician
from webapp.models.transfers import Download, Import, ImportRow

__all__ = [
    "ApiKey",
    "AuditEntry",
    "BackupCode",
    "CommissionRate",
    "Customer",
    "CustomerContact",
    "CustomerMerge",
    "DirectoryEntry",
    "Download",
    "Event",
    "IdempotencyKey",
    "Import",
    "ImportRow",
    "Item",
    "ItemCategory",
    "Job",
    "JournalHead",
    "Message",
    "Notice",
    "OneTimeToken",
    "Organization",
    "PayLine",
    "PayPeriod",
    "PayPlan",
    "PayStatement",
    "Property",
    "Sale",
    "SaleSplit",
    "SaleTally",
    "SavedView",
    "SearchWord",
    "SsoIdentity",
    "StoredFile",
    "Suppression",
    "Technician",
    "User",
    "UserSession",
]
