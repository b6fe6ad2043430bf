"""The field APIs of zones, skills and vehicles."""
