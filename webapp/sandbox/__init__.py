"""The sandbox of test keys: what it is filled with, and the page that shows what it kept."""
