"""Who suits a job, which slots are free, and the day's routes."""
