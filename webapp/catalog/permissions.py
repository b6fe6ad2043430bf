"""What may be done with the price book, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

READ = declare("catalog.read", "See the price book", *OFFICE)
LOOKUP = declare("catalog.lookup", "Find an item to put on a sale", *OFFICE, "technician")
EDIT = declare("catalog.edit", "Add, change and archive items and categories", "manager")
