"""Every SELECT of appointments."""
