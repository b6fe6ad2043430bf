"""What the office sees first: Today, search over everything, notices, the API's reference."""
