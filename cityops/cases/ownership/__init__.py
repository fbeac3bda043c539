"""Whose components are (确权): orphans counted, ownership settled, one by one or a class of a street at once."""
