"""What should be covered, and how far: the layer of a tier, a jurisdiction's target, the band of a tier's cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction
from cityops.accounts.queries import NO_JURISDICTION, find_jurisdiction
from cityops.accounts.viewer import Viewer
from cityops.clock import today
from cityops.errors import Invalid, NotFound
from cityops.grid.coverage.counts import recount
from cityops.grid.coverage.models import TIERS, CoverArea, CoverTarget, GridTier
from cityops.grid.findings import Finding, count_errors
from cityops.grid.models import Area, AreaLevel
from cityops.grid.services import BadGrid, lock_revision
from cityops.grid.versions import must_survey
from cityops.words import N_


@dataclass(frozen=True, slots=True)
class NewLayer:
    """The polygons of the land that a tier's cells should cover, from a day on (default: today).

    `person_id` is who ordered it, where the worker takes it in for him.
    """

    tier: int
    title: str
    boundaries: Sequence[BaseGeometry]
    from_on: date | None = None
    person_id: int | None = None


def set_layer(session: Session, viewer: Viewer | None, layer: NewLayer, findings: Iterable[Finding] = ()) -> None:
    """Let a tier's cells be measured by a layer of land from a day on, in place of the layer before it.

    Args:
        findings: what the reading of the file already found.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        BadGrid: with every fault; nothing is written.
        Invalid: field `tier`, `file` or `from_on`; no such tier, nothing there, land in no community at all, or a day
            before that of the layer that stands.
    """
    must_survey(viewer)
    _must_be_a_tier(layer.tier)
    found = [*findings]
    if count_errors(found):
        raise BadGrid(found)
    lock_revision(session)
    day = layer.from_on or today()
    last = session.scalar(
        select(CoverArea.valid_from_on)
        .where(CoverArea.tier == layer.tier, CoverArea.ended_on.is_(None))
        .order_by(CoverArea.valid_from_on.desc())
        .limit(1)
    )
    if last is not None and day < last:
        reason = N_("a layer of this tier stands from %(day)s on: choose that day or a later one")
        raise Invalid("from_on", reason, day=str(last))
    _must_lie_here(session, layer.boundaries)
    standing = select(CoverArea).where(CoverArea.tier == layer.tier, CoverArea.ended_on.is_(None))
    for each in session.scalars(standing):
        each.ended_on = day
    session.flush()
    same = {"tier": layer.tier, "title": layer.title.strip()[:100] or str(day), "valid_from_on": day, "ended_on": None}
    session.execute(insert(CoverArea), [same | {"boundary": boundary} for boundary in layer.boundaries])
    recount(session, day)
    subject = f"{layer.tier}: {same['title']} from {day}"
    record(session, viewer.person_id if viewer else layer.person_id, AuditAction.COVER_LAYER_SET, subject)


def set_target(
    session: Session, viewer: Viewer | None, *, jurisdiction: str, tier: int, percent: float, from_on: date
) -> None:
    """Say what percentage of a jurisdiction's land the cells of a tier should cover from a day on.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        NotFound: there is no such jurisdiction.
        Invalid: field `tier` or `percent`.
    """
    must_survey(viewer)
    lock_revision(session)
    _must_be_a_tier(tier)
    if not 0 < percent <= 100:
        raise Invalid("percent", N_("a target is more than 0 and at most 100 percent"))
    place = find_jurisdiction(session, jurisdiction)
    if place is None:
        raise NotFound(NO_JURISDICTION, code=jurisdiction[:32])
    session.merge(CoverTarget(jurisdiction_id=place.id, tier=tier, from_on=from_on, percent=percent))
    session.flush()
    subject = f"{place.code} {tier}: {percent:g} % from {from_on}"
    record(session, viewer.person_id if viewer else None, AuditAction.COVER_TARGET_SET, subject)


def set_band(session: Session, viewer: Viewer | None, *, tier: int, low_m2: int, high_m2: int) -> None:
    """Say how large the cells of a tier may be without a warning.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        Invalid: field `tier` or `high_m2`.
    """
    must_survey(viewer)
    lock_revision(session)
    _must_be_a_tier(tier)
    if not 0 < low_m2 < high_m2:
        raise Invalid("high_m2", N_("the largest size is above the least, and both are above 0"))
    session.merge(GridTier(tier=tier, low_m2=low_m2, high_m2=high_m2))
    session.flush()
    subject = f"{tier}: {low_m2}-{high_m2} m²"
    record(session, viewer.person_id if viewer else None, AuditAction.GRID_TIER_SET, subject)


def _must_be_a_tier(tier: int) -> None:
    if tier not in TIERS:
        raise Invalid("tier", N_("the value %(value)s is not allowed"), value=tier)


def _must_lie_here(session: Session, boundaries: Sequence[BaseGeometry]) -> None:
    """Refuse a layer that no community of today meets: it lies elsewhere, or in another coordinate system."""
    if not boundaries:
        raise Invalid("file", N_("the layer has no polygon"))
    wanted = select(Area.boundary).where(Area.level == AreaLevel.COMMUNITY, Area.ended_on.is_(None))
    communities = np.array(session.scalars(wanted).all(), dtype=object)
    tree = shapely.STRtree(communities)
    if not tree.query(np.array(list(boundaries), dtype=object), predicate="intersects").size:
        raise Invalid("file", N_("the layer meets no community: is it in another coordinate system?"))
