"""What can go wrong, in the trade's words. No HTTP here: `web.py` gives each of these its status and its page.

Every error carries an English msgid and its parameters, so that the edge can say it in the reader's language.
"""

from datetime import datetime
from typing import Any

from cityops.words import N_


class CityopsError(Exception):
    """The root of the errors that a person can do something about.

    Args:
        message: an English msgid, marked with `N_` where it is written.
        params: values for the msgid's `%(name)s` places.
    """

    def __init__(self, message: str, **params: Any) -> None:
        self.message = message
        self.params = params
        super().__init__(message % params if params else message)


class NotFound(CityopsError):
    """There is no such thing, or it lies outside what the viewer may see: the two look alike on purpose."""


class NotAllowed(CityopsError):
    """The thing is seen, but this person may not do that to it."""


class WrongState(CityopsError):
    """The thing is not in a state in which this can be done.

    Args:
        moved_by: the name of who moved it last, where known.
        moved_at: when, where known.
    """

    def __init__(
        self, message: str, *, moved_by: str | None = None, moved_at: datetime | None = None, **params: Any
    ) -> None:
        super().__init__(message, **params)
        self.moved_by = moved_by
        self.moved_at = moved_at


class Conflict(WrongState):
    """Somebody moved the thing since the caller looked at it."""


class Invalid(CityopsError):
    """What was handed in cannot be taken.

    Args:
        field: the name of the field that is wrong, as the caller sent it.
    """

    def __init__(self, field: str, message: str, **params: Any) -> None:
        super().__init__(message, **params)
        self.field = field


class BadSetting(CityopsError):
    """A setting or the machine's state keeps cityops from starting; the sentence says what to do."""


NOTHING_HERE = N_("There is nothing here that you may see under this name.")
