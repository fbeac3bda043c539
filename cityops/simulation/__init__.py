"""A city's life, simulated through the real services under a virtual clock."""
