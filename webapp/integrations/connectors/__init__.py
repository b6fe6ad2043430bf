"""Connectors: signed calls to a customer's own systems, described by JSON Schemas; made by hand, and when events happen."""
