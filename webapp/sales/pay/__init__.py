"""Pay: periods, the lines in them, closing, statements, and the plan an organization pays by."""
