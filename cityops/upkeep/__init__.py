"""Upkeep: backup, restore and the exchange of keys."""
