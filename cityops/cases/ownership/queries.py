"""Orphans (权属不明): how many of each class and street nobody answers for, and to whom their faults go meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.arbitration import find_fallbacks
from cityops.cases.component_search import ComponentFilter, component_scope, is_orphan, narrowed
from cityops.errors import NotFound
from cityops.grid.models import Component
from cityops.words import N_

STREET_DIGITS = 9


@dataclass(frozen=True, slots=True)
class OrphanGroup:
    """The orphans of a class in a street, which is empty for those outside every cell."""

    class_code: str
    street_code: str


@dataclass(frozen=True, slots=True)
class Orphans:
    """How many a group has, and the fallback body to which their faults go."""

    group: OrphanGroup
    count: int
    fallback: Body | None


def list_orphans(
    session: Session, viewer: Viewer, wanted: ComponentFilter, *, size: int = 50, skip: int = 0
) -> list[Orphans]:
    """The groups of orphans that a viewer may see, the largest first; three queries."""
    street = func.coalesce(func.substr(Component.area_code, 1, STREET_DIGITS), "")
    rows = (
        select(Component.class_code, street, func.count())
        .where(component_scope(viewer), is_orphan(), *narrowed(wanted))
        .group_by(Component.class_code, street)
        .order_by(func.count().desc(), street, Component.class_code)
    )
    found = session.execute(rows.limit(size).offset(skip)).all()
    fallbacks = find_fallbacks(session, {street_code for _, street_code, _ in found}) if found else {}
    return [
        Orphans(OrphanGroup(class_code, street_code), count, fallbacks.get(street_code))
        for class_code, street_code, count in found
    ]


def count_orphans(session: Session, viewer: Viewer, wanted: ComponentFilter) -> int:
    """How many orphans there are in all that a viewer may see."""
    counted = select(func.count()).select_from(Component).where(component_scope(viewer), is_orphan(), *narrowed(wanted))
    return session.scalar(counted) or 0


def get_orphans(session: Session, viewer: Viewer, args: Mapping[str, str]) -> Orphans:
    """The group that a page's address names, to be settled by the viewer.

    Raises:
        NotFound: it has no orphans, or none in what he administers.
    """
    group = OrphanGroup(args.get("class", ""), args.get("street", ""))
    counted = select(func.count()).select_from(Component).where(*in_group(viewer, group))
    count = session.scalar(counted) or 0
    if not count:
        raise NotFound(N_("There are no orphans of this class here that you could settle."))
    return Orphans(group, count, find_fallbacks(session, {group.street_code}).get(group.street_code))


def in_group(viewer: Viewer, group: OrphanGroup) -> tuple[ColumnElement[bool], ...]:
    """The orphans of a group that the viewer may settle."""
    street = group.street_code
    inside = and_(Component.area_code >= street, Component.area_code <= street.ljust(12, "9"))
    place = inside if street else Component.area_code.is_(None)
    return (
        component_scope(viewer.only(Post.ADMINISTRATOR)),
        is_orphan(),
        Component.class_code == group.class_code,
        place,
    )
