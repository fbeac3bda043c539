"""When: working calendars and their arithmetic."""
