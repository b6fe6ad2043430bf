"""Sales, commission rates, pay periods and statements."""
