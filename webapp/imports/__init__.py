"""Files coming in: CSV read, mapped, checked and shown before anything is written. Knows no domain."""
