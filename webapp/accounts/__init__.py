"""Organizations, users, roles, sign-in, sessions, second factors, API keys, notices, saved views."""
