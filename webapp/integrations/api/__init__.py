"""Webhooks over the field and the growth API."""
