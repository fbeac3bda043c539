"""Proposing unit cells: from streets, water, buildings and compounds to a file of cells."""
