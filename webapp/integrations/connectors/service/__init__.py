"""Commands on connectors: the registry, keys, rules, calls, and the work of the courier."""
