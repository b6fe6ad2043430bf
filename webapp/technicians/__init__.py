"""Technicians: who they are, what they are paid, who leads them, and from when to when they work here."""
