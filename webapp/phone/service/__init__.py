"""What the phone does for a technician."""
