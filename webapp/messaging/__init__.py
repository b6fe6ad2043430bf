"""Mail and text messages on their way out: the Outbox, sending, suppression, purpose and quiet hours."""
