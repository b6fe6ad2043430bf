"""What may be done with pay, and by whom unless narrowed."""

from webapp.kit.permissions import declare

PAYROLL_READ = declare(
    "payroll.read", "See pay periods and everyone's pay", "manager", "payroll", "accountant"
)
PAYROLL_CLOSE = declare("payroll.close", "Close and reopen pay periods", "payroll")
PAYROLL_APPROVE = declare(
    "payroll.approve", "Approve pay periods and amounts added by hand", "manager", "payroll"
)
PAYROLL_MANUAL = declare(
    "payroll.manual", "Add bonuses, draws, guarantees and deductions", "manager", "payroll"
)
PAYROLL_PLAN = declare("payroll.plan", "Change how often and by which date people are paid", "payroll")
PAY_OWN = declare("pay.own", "See one's own pay", "technician")
PAY_ANSWER = declare("pay.answer", "Approve or dispute one's own pay", "technician")
