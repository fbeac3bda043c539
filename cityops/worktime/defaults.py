"""The calendars every city starts with: offices, streets, and round the clock."""

from cityops.worktime.calendar import CONTINUOUS, Calendar, Span, every_day, monday_to_friday
from cityops.worktime.holidays import ANNOUNCED_YEARS, announced_days

_OFFICE_WEEK = monday_to_friday(Span.parse("08:30-12:00"), Span.parse("13:30-18:00"))

OFFICE = Calendar("office", weeks=(_OFFICE_WEEK,), days=announced_days(_OFFICE_WEEK), holiday_years=ANNOUNCED_YEARS)
STREET = Calendar("street", weeks=(every_day(Span.parse("07:00-21:00")),))

DEFAULT_CALENDARS = {calendar.name: calendar for calendar in (OFFICE, STREET, CONTINUOUS)}
