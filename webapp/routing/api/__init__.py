"""The field API of routes: slots, suggestions and plans."""
