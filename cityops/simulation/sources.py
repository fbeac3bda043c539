"""The facts of the city that stands in the database, in an order that no row id decides."""

from collections import defaultdict
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from cityops.accounts.models import RESPONSIBLE_KINDS, Body, BodyKind
from cityops.cases.names import ClockName
from cityops.catalog import queries as catalog
from cityops.catalog.models import ConditionPhase, FilingCondition
from cityops.catalog.phases import PhaseCheck
from cityops.db import keep_settings
from cityops.errors import NotFound
from cityops.grid.addresses.models import Address, AddressKind, standing_on
from cityops.grid.models import Area, Cell, Component
from cityops.simulation.facts import CellFacts, CityFacts, Condition, Landmark, Pace, Phase, Thing
from cityops.words import N_
from cityops.worktime.queries import get_calendar

NO_CITY = N_("There is no city to simulate: load the demo city first (`cityops demo`).")
NO_CATALOG = N_("No filing condition is in force on %(on)s: simulate days after that on which the catalogue begins.")


def read_city(session: Session, first_on: date, last_on: date) -> CityFacts:
    """The city with the conditions that are in force on both days.

    Raises:
        NotFound: there are no cells or departments, or no filing condition is in force.
    """
    keep_settings(session)
    cells = _cells(session)
    if not cells:
        raise NotFound(NO_CITY)
    in_force = {condition.id for condition in catalog.list_conditions_in_force(session, last_on)}
    rows = [row for row in catalog.list_conditions_in_force(session, first_on) if row.id in in_force]
    if not rows:
        raise NotFound(NO_CATALOG, on=first_on.isoformat())
    departments = list(session.scalars(_responsible().where(Body.kind == BodyKind.DEPARTMENT)))
    if not departments:
        raise NotFound(NO_CITY)
    return CityFacts(
        cells=cells,
        conditions=[_condition(session, row) for row in rows],
        paces={
            ClockName(row.clock): Pace.of(get_calendar(session, row.calendar), row.limit)
            for row in catalog.list_stage_limits(session, first_on)
        },
        bodies=frozenset(session.scalars(_responsible())),
        departments=departments,
        contractors=_contractors(session),
        landmarks=_landmarks(session, first_on),
    )


def _cells(session: Session) -> list[CellFacts]:
    columns = (Area.code, Area.name)
    names = dict(session.execute(select(*columns).where(Area.ended_on.is_(None))).all())
    things: dict[int, dict[str, list[Thing]]] = defaultdict(lambda: defaultdict(list))
    standing = select(Component.cell_id, Component.class_code, Component.code, Component.lon, Component.lat)
    standing = standing.where(Component.ended_on.is_(None), Component.cell_id.is_not(None)).order_by(Component.code)
    for cell_id, class_code, code, lon, lat in session.execute(standing):
        things[cell_id or 0][class_code].append(Thing(code, lon, lat))
    rows = select(Cell.id, Cell.code, Cell.boundary, Cell.duty_grid_id)
    rows = rows.where(Cell.ended_on.is_(None)).order_by(Cell.code)
    return [
        CellFacts(
            code=code,
            boundary=boundary,
            duty_grid_id=duty_grid_id,
            place="".join(names.get(part, "") for part in (code[:9], code[:12])),
            things=dict(things[cell_id]),
        )
        for cell_id, code, boundary, duty_grid_id in session.execute(rows)
    ]


def _condition(session: Session, row: FilingCondition) -> Condition:
    return Condition(
        code=row.code,
        kind=row.case_class.kind,
        class_code=row.case_class.code,
        class_name=row.case_class.name,
        text=row.text,
        body=None if row.body_kind is BodyKind.STREET_OFFICE else row.body_code,
        limit=row.limit,
        pace=Pace.of(get_calendar(session, row.calendar), row.limit),
        is_simple_allowed=row.is_simple_allowed,
        is_checked_at_its_hour=row.check_same_time,
        phases=[_phase(session, each) for each in row.phases] if row.phase_name else (),
    )


def _phase(session: Session, row: ConditionPhase) -> Phase:
    return Phase(
        limit=row.limit,
        pace=Pace.of(get_calendar(session, row.calendar), row.limit),
        is_other=row.body_kind is not None,
        body=row.body_code,
        is_photo_asked=row.check_before is PhaseCheck.BY_PHOTO,
        is_check_asked=row.check_before is not PhaseCheck.NONE,
    )


def _responsible() -> Select[str]:
    standing = select(Body.code).where(Body.kind.in_(RESPONSIBLE_KINDS), Body.ended_on.is_(None))
    return standing.order_by(Body.code)


def _contractors(session: Session) -> dict[str, list[str]]:
    """Companies by the code of the body above them."""
    above = aliased(Body)
    wanted = select(above.code, Body.code).join(above, above.id == Body.parent_id)
    wanted = wanted.where(Body.kind == BodyKind.COMPANY, Body.ended_on.is_(None)).order_by(Body.code)
    found: dict[str, list[str]] = {}
    for parent, code in session.execute(wanted):
        found.setdefault(parent, []).append(code)
    return found


def _landmarks(session: Session, on: date) -> list[Landmark]:
    wanted = select(Address.name, Address.lon, Address.lat).order_by(Address.name, Address.lon)
    wanted = wanted.where(Address.kind == AddressKind.LANDMARK, standing_on(on))
    return [Landmark(*row) for row in session.execute(wanted)]
