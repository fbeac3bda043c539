"""Hours as people write them: `08:30-12:00; 13:30-18:00`, whatever marks their keyboard gives them."""

import re
from collections.abc import Iterable, Sequence

from cityops.errors import Invalid
from cityops.words import N_, Word
from cityops.worktime.calendar import DAY_MINUTES, Span, Spans, refuse_overlap

WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)

_BETWEEN = re.compile(r"[;；,，、\s]+")
# A wide colon and every dash a Chinese keyboard has.
_MARKS = str.maketrans({"：": ":", "－": "-", "–": "-", "—": "-", "～": "-", "~": "-"})


def read_spans(text: str) -> Spans:
    """The hours in a text, the first ones first; none in an empty one.

    Raises:
        Invalid: a part is not hours, or two of them overlap.

    >>> [str(span) for span in read_spans("13：30－18：00，08:30-12:00")]
    ['08:30-12:00', '13:30-18:00']
    """
    spans = tuple(sorted(Span.parse(part) for part in _BETWEEN.split(text.translate(_MARKS)) if part))
    refuse_overlap(spans)
    return spans


def write_spans(spans: Iterable[Span]) -> str:
    """Hours as `read_spans` takes them."""
    return ";".join(str(span) for span in spans)


def refuse_run_over(week: Sequence[Spans]) -> None:
    """Refuse a night that runs into the next day's own hours: one of the two is a slip.

    Raises:
        Invalid: the field is `hours_0` for Monday to `hours_6` for Sunday, the day whose hours are run into.
    """
    for weekday, spans in enumerate(week):
        following = (weekday + 1) % 7
        for night in (span for span in spans if span.end_minute > DAY_MINUTES):
            for span in week[following]:
                if span.start_minute + DAY_MINUTES < night.end_minute:
                    raise Invalid(
                        f"hours_{following}",
                        N_("%(span)s overlaps the hours %(night)s that begin on %(day)s."),
                        span=span,
                        night=night,
                        day=Word(WEEKDAYS[weekday]),
                    )
