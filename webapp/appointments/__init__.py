"""Appointments: what customers are told of their visits and may do by themselves, booking a call, calendar feeds."""
