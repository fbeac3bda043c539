"""Limits, clocks and phases of handling in words, in the reader's language."""

from flask_babel import gettext

from cityops import web
from cityops.catalog.models import ConditionPhase, FilingCondition
from cityops.words import N_
from cityops.worktime.limits import Limit, Unit

_ONE = {
    Unit.URGENT_HOUR: N_("1 urgent hour"),
    Unit.WORKING_HOUR: N_("1 working hour"),
    Unit.WORKING_DAY: N_("1 working day"),
}
_MANY = {
    Unit.URGENT_HOUR: N_("%(n)s urgent hours"),
    Unit.WORKING_HOUR: N_("%(n)s working hours"),
    Unit.WORKING_DAY: N_("%(n)s working days"),
}

CLOCK_LABELS = {
    "accept": N_("accept"),
    "verify": N_("verify"),
    "file": N_("file"),
    "dispatch": N_("dispatch"),
    "sign": N_("sign for"),
    "check": N_("check"),
    "close": N_("close"),
}
"""The clocks that have a limit of their own, in the order of a case's life."""

LEVEL_LABELS = {1: N_("level 1 areas"), 2: N_("level 2 areas"), 3: N_("level 3 areas")}


def limit_words(limit: Limit) -> str:
    """A limit as people say it: `2 working days`, 2 个工作日."""
    return str(gettext(_ONE[limit.unit]) if limit.value == 1 else gettext(_MANY[limit.unit], n=f"{limit.value:g}"))


def phase_words(terms: FilingCondition | ConditionPhase) -> str:
    """The name of a phase of handling; the first one's stands at the condition."""
    english = web.language() == "en"
    return terms.phase_in(english=english) if isinstance(terms, FilingCondition) else terms.name_in(english=english)
