"""Scores: indicators of departments and areas (综合评价)."""
