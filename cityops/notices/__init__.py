"""Warnings of clocks, and what a case's step says to those whom it concerns."""
