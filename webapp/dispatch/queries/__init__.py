"""Reading jobs, visits and lanes."""
