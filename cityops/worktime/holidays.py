"""The holidays and make-up days the State Council has announced, 2004 to 2026, from the chinesecalendar package.

Later years come from the city's own table, when they have been announced.
"""

from datetime import date

import chinese_calendar

from cityops.worktime.calendar import DayException, DayKind, Week

_NAMES_ZH: dict[str, str] = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}

ANNOUNCED_YEARS = frozenset(day.year for day in chinese_calendar.holidays)


def announced_days(week: Week) -> dict[date, DayException]:
    """The days that are not like their weekday: holidays without hours, make-up days with the hours of `week`.

    >>> from cityops.worktime.calendar import Span, monday_to_friday
    >>> days = announced_days(monday_to_friday(Span(510, 1080)))
    >>> days[date(2026, 10, 1)].name_en, days[date(2026, 10, 10)].name_en
    ('National Day', 'make-up day (National Day)')
    """
    days = {}
    for day, name in chinese_calendar.holidays.items():
        days[day] = DayException(DayKind.HOLIDAY, (), name, _NAMES_ZH[name])
    for day, name in chinese_calendar.workdays.items():
        make_up = f"make-up day ({name})", f"调休上班（{_NAMES_ZH[name]}）"
        days[day] = DayException(DayKind.MAKE_UP, week.make_up_spans, *make_up)
    return days
