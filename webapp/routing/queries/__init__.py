"""Reading what suggestions, slots and route plans look at."""
