"""The JSON APIs of sales and commission rates."""
