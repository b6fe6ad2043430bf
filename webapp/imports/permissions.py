"""What may be done with imports. Each kind of record asks for its own permission besides."""

from webapp.kit.permissions import declare

IMPORTS_USE = declare("imports.use", "Bring records in from CSV files", "manager", "payroll")
