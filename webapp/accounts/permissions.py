"""What may be done with accounts, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

COMPANY_EDIT = declare("company.edit", "Change the company, its branding and its rules")
USERS_MANAGE = declare("users.manage", "Invite people, set their roles, narrow and deactivate them")
KEYS_MANAGE = declare("keys.manage", "Create and revoke API keys")
OFFICE_USE = declare("office.use", "Use the office's pages", *OFFICE)
FIELD_USE = declare("field.use", "Use the technician's pages", "technician")
