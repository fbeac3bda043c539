"""A week's hours in words, the weekdays that are alike on one line."""

from itertools import groupby

from flask_babel import gettext

from cityops.worktime.calendar import Week
from cityops.worktime.hours import WEEKDAYS


def tell_week(week: Week | None) -> list[tuple[str, list[str]]]:
    """Runs of weekdays with the same hours: `("Monday – Friday", ["08:30-12:00", "13:30-18:00"])`."""
    told = []
    for spans, run in groupby(enumerate(week.spans if week else ()), lambda pair: pair[1]):
        days = [gettext(WEEKDAYS[weekday]) for weekday, _ in run]
        label = days[0] if len(days) == 1 else gettext("%(first)s – %(last)s", first=days[0], last=days[-1])
        told.append((str(label), [str(span) for span in spans]))
    return told
