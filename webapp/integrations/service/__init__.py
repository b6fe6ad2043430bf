"""Commands on webhooks: endpoints, deliveries, and the work of the courier."""
