"""What may be done with customers, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

READ = declare("customers.read", "See customers", *OFFICE)
LOOKUP = declare("customers.lookup", "Find a customer to put on a sale", *OFFICE, "technician")
CREATE = declare("customers.create", "Add a customer, also by naming one on a sale", "manager", "dispatcher",
                 "payroll", "technician")  # fmt: skip
EDIT = declare("customers.edit", "Change and archive customers, their contacts and properties", "manager",
               "dispatcher")  # fmt: skip
MERGE = declare("customers.merge", "Merge two customers that are one, and undo it", "manager", "dispatcher")
