"""What hangs on an area that ends: jurisdictions without its heirs, duty grids that are still to be drawn."""

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cityops.accounts.models import Jurisdiction, JurisdictionRange
from cityops.grid.duty_grids.models import DutyGridChange
from cityops.grid.findings import Finding
from cityops.grid.models import AreaLevel, VersionState
from cityops.grid.records import GridData
from cityops.grid.standing_checks import StandingArea, find_heirs
from cityops.words import N_


def check_hangers_on(
    session: Session, data: GridData, areas: Mapping[str, StandingArea], on: date
) -> Iterator[Finding]:
    """All findings about what hangs on the areas that end; jurisdictions as they are on a day."""
    ending = [area for area in data.retired if area.code in areas]
    if not ending:
        return
    waiting = select(DutyGridChange.street_code).where(DutyGridChange.state == VersionState.PLANNED)
    drawn = set(session.scalars(waiting.where(DutyGridChange.street_code.in_(data.retired_codes))))
    for area in ending:
        if area.code in drawn:
            reason = N_("a change of this street's duty grids waits for its day: withdraw it first")
            yield Finding("areas", area.line, "code", reason)
    spans = _spans(session, on)
    standing = {code for code, area in areas.items() if area.level is AreaLevel.COMMUNITY} - data.retired_codes
    standing |= {area.code for area in data.areas if area.level is AreaLevel.COMMUNITY}
    for area in ending:
        if areas[area.code].level is not AreaLevel.COMMUNITY:
            continue
        heirs = find_heirs(area.code, data, areas)
        for jurisdiction, ranges in spans.items():
            if not _covers(ranges, area.code):
                continue
            if heirs and not _covers(ranges, heirs[0]):
                reason = N_("jurisdiction %(jurisdiction)s has it and not %(heir)s, which takes its land")
                params = {"jurisdiction": jurisdiction, "heir": heirs[0]}
                yield Finding("areas", area.line, "code", reason, params, False, areas[area.code].boundary)
            if not any(_covers(ranges, code) for code in standing):
                reason = N_("jurisdiction %(jurisdiction)s would have no community left")
                yield Finding("areas", area.line, "code", reason, {"jurisdiction": jurisdiction}, False)


def _spans(session: Session, on: date) -> dict[str, list[tuple[str, str]]]:
    holds = JurisdictionRange.from_on <= on, or_(JurisdictionRange.until_on.is_(None), JurisdictionRange.until_on >= on)
    rows = select(Jurisdiction.code, JurisdictionRange.code_from, JurisdictionRange.code_until)
    rows = rows.join(JurisdictionRange.jurisdiction).where(*holds, Jurisdiction.is_city_wide.is_(False))
    spans: dict[str, list[tuple[str, str]]] = {}
    for code, low, high in session.execute(rows.order_by(Jurisdiction.code, JurisdictionRange.code_from)):
        spans.setdefault(code, []).append((low, high))
    return spans


def _covers(ranges: list[tuple[str, str]], code: str) -> bool:
    return any(low <= code <= high for low, high in ranges)
