"""Promises by the clock: policies, clocks of jobs, breaches."""
