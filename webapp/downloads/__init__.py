"""Files going out: exports that take a while, prepared by a job and kept for a week."""
