"""Tests of slots, suggestions and route plans."""
