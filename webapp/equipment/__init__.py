"""Units at a property: what they are, their warranty, readings and history."""
