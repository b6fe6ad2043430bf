"""The technician's day on a phone, also without a signal."""
