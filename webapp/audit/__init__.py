"""Reading, exporting and verifying the audit log. Writing it is the kit's journal."""
