"""Customers: households and companies, whom to talk to there, where work is done, and who is the same as whom."""
