"""What may be done with sales and commission rates, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

SALES_READ = declare("sales.read", "See sales: technicians their own", *OFFICE, "technician")
SALES_READ_ALL = declare("sales.read-all", "See everybody's sales", *OFFICE)
SALES_RECORD = declare(
    "sales.record", "Record sales: technicians their own", "manager", "dispatcher", "payroll", "technician"
)
SALES_CORRECT = declare(
    "sales.correct",
    "Correct a sale: technicians their own until it is approved",
    "manager",
    "dispatcher",
    "payroll",
    "technician",
)
SALES_APPROVE = declare("sales.approve", "Approve and reject sales", "manager", "payroll")
SALES_VOID = declare("sales.void", "Void a sale and undo that", "manager", "payroll")
SALES_PAYMENT = declare(
    "sales.payment",
    "Say what the customer has paid on a sale",
    "manager",
    "dispatcher",
    "payroll",
    "accountant",
)
COMMISSION_READ = declare(
    "commission.read", "See commission rates and what others earn", "manager", "payroll", "accountant"
)
COMMISSION_EDIT = declare(
    "commission.edit", "Change commission rates and the discount scale", "manager", "payroll"
)
