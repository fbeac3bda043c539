"""The city's time: the only caller of `datetime.now`, and the virtual clock of simulations and tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Shanghai")

_virtual: ContextVar[datetime | None] = ContextVar("virtual_moment", default=None)


def now() -> datetime:
    """The present moment in UTC, or the virtual clock's where one runs."""
    return _virtual.get() or datetime.now(UTC)


def machine_now() -> datetime:
    """The machine's own moment in UTC, never the virtual clock's: when a row was really written."""
    return datetime.now(UTC)


def city_day(moment: datetime) -> date:
    """The calendar day of `moment` in the city's zone."""
    return moment.astimezone(CITY_ZONE).date()


def today() -> date:
    """The present day in the city's zone."""
    return city_day(now())


@contextmanager
def running_at(moment: datetime) -> Iterator[None]:
    """Let `now()` answer `moment` inside the block (aware; simulations and tests only)."""
    if moment.tzinfo is None:
        raise ValueError("the virtual clock needs an aware moment")
    token = _virtual.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _virtual.reset(token)
