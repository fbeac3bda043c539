"""What the map tells of a cell, a duty grid, an area or a component that one points at: in the viewer's scope alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cityops.accounts.models import Body
from cityops.accounts.viewer import Viewer
from cityops.cases import numbers
from cityops.cases.component_search import component_scope, get_component
from cityops.cases.models import Case
from cityops.cases.queries import CaseFilter, list_work, scope
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseClass, CaseKind
from cityops.clock import today
from cityops.grid.models import AreaLevel, Component
from cityops.grid.places import AreaPlace, CellPlace, GridPlace, get_area_place, get_cell_place, get_grid_place

SHOWN_CASES = 12


@dataclass(frozen=True, slots=True)
class Counts:
    """How many components stand there and how many cases are open, of those that the viewer may see."""

    components: int
    cases: int


@dataclass(frozen=True, slots=True)
class CellFacts:
    """A cell on a day; what there is in it is told of today alone."""

    place: CellPlace
    counts: Counts | None
    cases: Sequence[Case]


@dataclass(frozen=True, slots=True)
class GridFacts:
    """A duty grid on a day; what there is in it is told of today alone."""

    place: GridPlace
    counts: Counts | None


@dataclass(frozen=True, slots=True)
class AreaFacts:
    """An area on a day; what there is in it is told of today alone, and of a district not its components."""

    place: AreaPlace
    cases: int | None
    components: int | None


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """A component, its class, who answers for it, and the open cases about it."""

    component: Component
    case_class: CaseClass | None
    body: Body | None
    cases: Sequence[Case]


def get_cell_facts(session: Session, viewer: Viewer, code: str, on: date) -> CellFacts:
    """The cell that has this code on a day.

    Raises:
        NotFound: there is none.
    """
    place = get_cell_place(session, code, on)
    if on != today():
        return CellFacts(place, None, [])
    cases = list_work(session, viewer, CaseFilter(cell_code=code), size=SHOWN_CASES)
    return CellFacts(place, _count_in(session, viewer, [place.cell_id or 0]), cases)


def get_grid_facts(session: Session, viewer: Viewer, code: str, on: date) -> GridFacts:
    """The duty grid that has this code on a day.

    Raises:
        NotFound: there is none.
    """
    place = get_grid_place(session, code, on)
    return GridFacts(place, _count_in(session, viewer, place.cell_ids) if on == today() else None)


def get_area_facts(session: Session, viewer: Viewer, code: str, on: date) -> AreaFacts:
    """The district, street or community that has this code on a day.

    Raises:
        NotFound: there is none.
    """
    place = get_area_place(session, code, on)
    if on != today():
        return AreaFacts(place, None, None)
    first, last = code.ljust(12, "0"), code.ljust(12, "9")
    cases = _count_cases(session, viewer, Case.area_code.between(first, last))
    if place.level is AreaLevel.DISTRICT:
        return AreaFacts(place, cases, None)
    return AreaFacts(place, cases, _count_components(session, viewer, Component.area_code.between(first, last)))


def get_component_facts(session: Session, viewer: Viewer, code: str) -> ComponentFacts:
    """A component that the viewer may see.

    Raises:
        NotFound: there is none.
    """
    component = get_component(session, viewer, code)
    body = session.scalar(select(Body).where(Body.code == component.body_code)) if component.body_code else None
    about = select(Case).where(Case.component_id == component.id, Case.ended_at.is_(None), scope(viewer))
    return ComponentFacts(
        component,
        catalog.find_class(session, CaseKind.COMPONENT, component.class_code, today()),
        body,
        session.scalars(about.order_by(Case.id).limit(SHOWN_CASES)).all(),
    )


def list_numbered(session: Session, viewer: Viewer, given: list[str]) -> Sequence[Case]:
    """The open cases with these numbers in the viewer's scope, the most pressing first."""
    keys = [numbers.find_key(number) for number in given[:SHOWN_CASES]]
    return list_work(session, viewer, CaseFilter(ids=tuple(key[1] for key in keys if key)))


def _count_in(session: Session, viewer: Viewer, cell_ids: list[int]) -> Counts:
    return Counts(
        _count_components(session, viewer, Component.cell_id.in_(cell_ids)),
        _count_cases(session, viewer, Case.cell_id.in_(cell_ids)),
    )


def _count_components(session: Session, viewer: Viewer, where: ColumnElement[bool]) -> int:
    rows = select(func.count()).select_from(Component)
    return session.scalar(rows.where(where, Component.ended_on.is_(None), component_scope(viewer))) or 0


def _count_cases(session: Session, viewer: Viewer, where: ColumnElement[bool]) -> int:
    rows = select(func.count()).select_from(Case)
    return session.scalar(rows.where(where, Case.ended_at.is_(None), scope(viewer, beside=False))) or 0
