"""Pages of connectors, on the blueprint of integrations."""
