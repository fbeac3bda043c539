"""Moments and stretches of time as the commands print them, for programs and for people."""

from datetime import datetime
from typing import Any

from cityops.clock import CITY_ZONE
from cityops.worktime.explanation import Piece


def local(moment: datetime) -> str:
    """A moment in the city's zone, for programs."""
    return moment.astimezone(CITY_ZONE).isoformat()


def plain(text: str) -> str:
    """A moment that `local` wrote, for people.

    >>> plain("2026-10-01T16:00:00+08:00")
    'Thu 2026-10-01 16:00'
    """
    moment = datetime.fromisoformat(text)
    return f"{moment:%a %Y-%m-%d} {text[11:].split('+')[0].removesuffix(':00')}"


def number(minutes: float) -> float:
    """Minutes without a needless fraction."""
    return int(minutes) if float(minutes).is_integer() else minutes


def length(minutes: float) -> str:
    """A length of time, for people."""
    return f"{number(round(minutes, 3))} min"


def piece_facts(piece: Piece) -> dict[str, Any]:
    """A stretch of an explanation, for programs."""
    return {
        "from": local(piece.begin),
        "until": local(piece.until),
        "kind": piece.kind.value,
        "why": piece.why,
        "why_zh": piece.why_zh,
        "minutes": number(piece.minutes),
    }


def piece_line(facts: dict[str, Any]) -> str:
    """A stretch that `piece_facts` told, for people."""
    reason = f"{facts['kind']:7}  {facts['why']}"
    return "  ".join([plain(facts["from"]), plain(facts["until"]), f"{length(facts['minutes']):>9}", reason])
