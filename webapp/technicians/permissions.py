"""What may be done with technicians, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

READ = declare("technicians.read", "See technicians", "manager", "dispatcher", "payroll", "accountant")
LOOKUP = declare("technicians.lookup", "Find a technician by name to put on a sale", *OFFICE, "technician")
EDIT = declare("technicians.edit", "Add, change, deactivate and reactivate technicians", "manager", "payroll")
PAY = declare("technicians.pay", "See and change base pay", "manager", "payroll", "accountant")
