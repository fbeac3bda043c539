"""cityops: a city's grid-management system (数字城管)."""
