"""Rules of dispatching: pure functions, without a session, Flask or a clock."""
