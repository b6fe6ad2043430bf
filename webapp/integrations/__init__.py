"""Integrations: events told to other systems, by webhooks."""
