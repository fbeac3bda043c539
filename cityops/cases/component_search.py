"""Looking through components: those of the viewer's jurisdictions, and as a handler those of his bodies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, ColumnElement, and_, exists, false, literal_column, or_, select
from sqlalchemy.orm import Session

from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer, in_jurisdiction
from cityops.cases.models import Case
from cityops.cases.queries import AREA_POSTS, scope
from cityops.errors import NotFound
from cityops.grid.models import Component, ComponentState
from cityops.words import N_

CODE_DIGITS = 17


@dataclass(frozen=True)
class ComponentFilter:
    """What a list of components is narrowed to.

    Attributes:
        code: the digits that codes begin with.
        area: those that the community's code begins with.
        body_code: who answers for them.
        is_orphan: those for which nobody of this city answers.
    """

    code: str | None = None
    class_code: str | None = None
    area: str | None = None
    state: ComponentState | None = None
    body_code: str | None = None
    is_orphan: bool = False


def read_component_filter(args: Mapping[str, str]) -> ComponentFilter:
    """The filter in a page's address; what is no word of the tables does not narrow."""
    state = args.get("state")
    return ComponentFilter(
        code=_digits(args.get("q")),
        class_code=_digits(args.get("class")),
        area=_digits(args.get("area")),
        state=ComponentState(state) if state in set(ComponentState) else None,
        body_code=args.get("body") or None,
        is_orphan=args.get("orphan") == "1",
    )


def list_components(
    session: Session, viewer: Viewer, wanted: ComponentFilter, *, after: str = "", size: int = 50
) -> Sequence[Component]:
    """A page of components by code, those after the code `after`; one query."""
    rows = select(Component).where(component_scope(viewer), *narrowed(wanted), Component.code > after)
    return session.scalars(rows.order_by(Component.code).limit(size)).all()


def component_scope(viewer: Viewer) -> ColumnElement[bool]:
    """The components a viewer may see: those of his jurisdictions, and as a handler those of his bodies."""
    conditions: list[ColumnElement[bool]] = []
    area_posts = viewer.holding(*AREA_POSTS)
    if area_posts:
        conditions.append(in_jurisdiction(area_posts, Component.area_code))
    for held in viewer.holding(Post.HANDLER):
        bodies = select(Body.code).where(Body.path.startswith(held.body_path))
        conditions.append(Component.body_code.in_(bodies))
    return or_(*conditions) if conditions else false()


def get_component(session: Session, viewer: Viewer, code: str) -> Component:
    """A component that the viewer may see: in his scope, in a case that he may see, or in no jurisdiction at all.

    Raises:
        NotFound: there is none, or it is not his to see.
    """
    its_case = exists().where(Case.component_id == Component.id, scope(viewer)).correlate(Component)
    seen = or_(component_scope(viewer), Component.area_code.is_(None), its_case)
    component = session.scalar(select(Component).where(Component.code == code, seen))
    if component is None:
        raise NotFound(N_("there is no component %(code)s"), code=code[:CODE_DIGITS])
    return component


def narrowed(wanted: ComponentFilter) -> list[ColumnElement[bool]]:
    """The filter as SQL."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.code:
        last = wanted.code.ljust(CODE_DIGITS, "9")
        conditions += [Component.code >= wanted.code, Component.code <= last]
    if wanted.class_code:
        conditions.append(Component.class_code == wanted.class_code)
    if wanted.area:
        conditions += [Component.area_code >= wanted.area, Component.area_code <= wanted.area.ljust(12, "9")]
    if wanted.state:
        conditions.append(Component.state == wanted.state)
    if wanted.state not in (None, ComponentState.IN_PLACE):
        # Said as the partial index says it: few components are not in place.
        conditions.append(literal_column("components.state <> 'in_place'", Boolean))
    if wanted.body_code:
        conditions.append(Component.body_code == wanted.body_code)
    if wanted.is_orphan:
        conditions.append(is_orphan())
    return conditions


def is_orphan() -> ColumnElement[bool]:
    """That a standing component has nobody of this city who answers for it (权属不明)."""
    return and_(Component.body_code.is_(None), Component.ended_on.is_(None))


def _digits(given: str | None) -> str | None:
    return given if given and given.isascii() and given.isdigit() and len(given) <= CODE_DIGITS else None
