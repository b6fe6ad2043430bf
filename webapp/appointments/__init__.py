"""Booking a call, and what the customer sees of a visit: messages, links, calendar feeds."""
