"""Rules of routes: pure functions, without a session, Flask or a clock. Moments are whole minutes since 1970, UTC."""
