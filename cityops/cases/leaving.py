"""What cases and rules hang on the areas that a survey gives up: told before it is taken in."""

from collections.abc import Iterator

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from cityops.cases.automation import AutomationRule
from cityops.cases.models import Case
from cityops.catalog.models import ResponsibilityRule
from cityops.clock import today
from cityops.grid.findings import Finding
from cityops.grid.records import GridData
from cityops.words import N_


def find_left_behind(session: Session, data: GridData) -> list[Finding]:
    """A warning for each ending area with open cases, and for each rule that is about such an area alone.

    Open cases keep the area of their day to their end, and whoever had them has them still.
    """
    return [*_open_cases(session, data), *_rules(session, data)]


def _open_cases(session: Session, data: GridData) -> Iterator[Finding]:
    rows = select(Case.area_code, func.count()).where(Case.ended_at.is_(None), Case.area_code.in_(data.retired_codes))
    numbers = {row[0]: row[1] for row in session.execute(rows.group_by(Case.area_code))}
    for area in data.retired:
        if area.code in numbers:
            reason = N_("%(n)s open cases lie in it: they stay with whom they are")
            yield Finding("areas", area.line, "code", reason, {"n": numbers[area.code]}, is_error=False)


def _rules(session: Session, data: GridData) -> Iterator[Finding]:
    lines = {area.code: area.line for area in data.retired}
    holds = or_(ResponsibilityRule.valid_until_on.is_(None), ResponsibilityRule.valid_until_on >= today())
    duties = select(ResponsibilityRule.id, ResponsibilityRule.area_prefix)
    for number, code in session.execute(duties.where(ResponsibilityRule.area_prefix.in_(lines), holds)):
        reason = N_("rule #%(number)s says who is responsible in it alone")
        yield Finding("areas", lines[code], "code", reason, {"number": number}, is_error=False)
    steps = select(AutomationRule.id, AutomationRule.area_prefix).where(AutomationRule.ended_at.is_(None))
    for number, code in session.execute(steps.where(AutomationRule.area_prefix.in_(lines))):
        reason = N_("automation #%(number)s works in it alone")
        yield Finding("areas", lines[code], "code", reason, {"number": number}, is_error=False)
