"""How much of the land that should be covered its cells cover."""
