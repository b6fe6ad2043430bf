"""Commands of the accounts domain, one module per matter."""
