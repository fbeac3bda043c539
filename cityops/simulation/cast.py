"""Who takes the steps: the city's people by post, place and hour.

At night those who hold several posts are the whole centre.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.models import Body, Person
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases.models import Case
from cityops.cases.permission import sits_at
from cityops.errors import NotFound
from cityops.patrol.models import InspectorShift
from cityops.simulation.facts import CellFacts
from cityops.simulation.pen import is_day
from cityops.words import N_

NOBODY = N_("Nobody holds the post “%(post)s” for %(place)s: the simulation needs the demo's people.")
WHOLE_CENTRE = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """An inspector's hours in a duty grid."""

    person_id: int
    duty_grid_id: int
    weekday: int
    start_minute: int
    end_minute: int

    def is_on(self, at: datetime) -> bool:
        """Whether this shift is being served."""
        local = at.astimezone(clock.CITY_ZONE)
        minute = local.hour * 60 + local.minute
        return self.weekday == local.weekday() and self.start_minute <= minute < self.end_minute


class Cast:
    """Everybody who can take a step, in the order of their user names.

    Args:
        viewers: with the posts they hold.
        body_paths: the path in the tree of each body by code.
        shifts: the inspectors' shifts.
    """

    def __init__(self, viewers: Iterable[Viewer], body_paths: dict[str, str], shifts: Iterable[Shift]) -> None:
        self._viewers = sorted(viewers, key=lambda viewer: viewer.username)
        self._by_id = {viewer.person_id: viewer for viewer in self._viewers}
        self._paths = body_paths
        self._of_grid: dict[int, list[Shift]] = defaultdict(list)
        for shift in shifts:
            self._of_grid[shift.duty_grid_id].append(shift)
        self._found: dict[object, list[Viewer]] = {}

    def get(self, person_id: int) -> Viewer | None:
        """The person of this id."""
        return self._by_id.get(person_id)

    def at_desk(self, post: Post, area_code: str | None, at: datetime, lot: float, case: Case | None = None) -> Viewer:
        """Somebody in the centre in charge: by night a person who holds all of its posts, where there is one."""
        centre_id, desk_id = (case.centre_id, case.desk_id) if case is not None else (None, None)
        by_day = is_day(at)

        def serves(viewer: Viewer) -> bool:
            return covers(viewer) and (len(viewer.posts) < WHOLE_CENTRE) is by_day

        def covers(viewer: Viewer) -> bool:
            held = [each for each in viewer.holding(post) if sits_at(each, centre_id, desk_id)]
            return any(each.covers(area_code) for each in held)

        place = post, area_code, centre_id, desk_id
        found = self._find((*place, by_day), serves) or self._find(place, covers)
        return _drawn(found, lot, post, area_code)

    def handler(self, body: str, lot: float) -> Viewer:
        """Somebody of a responsible body, or of one above it."""
        path = self._paths[body]

        def works_there(viewer: Viewer) -> bool:
            return any(path.startswith(held.body_path) for held in viewer.holding(Post.HANDLER))

        return _drawn(self._find((Post.HANDLER, body), works_there), lot, Post.HANDLER, body)

    def inspector(self, cell: CellFacts, at: datetime, lot: float, barred: Iterable[int] = ()) -> Viewer:
        """An inspector on duty in the cell's duty grid, else any whose post covers the place; none of `barred`."""
        not_these, area_code = frozenset(barred), cell.code[:12]
        on_duty = [shift.person_id for shift in self._of_grid.get(cell.duty_grid_id or 0, ()) if shift.is_on(at)]
        near = [self._by_id[key] for key in on_duty if key in self._by_id and key not in not_these]
        if near:
            return _drawn(near, lot, Post.INSPECTOR, area_code)

        def covers(viewer: Viewer) -> bool:
            return any(held.covers(area_code) for held in viewer.holding(Post.INSPECTOR))

        found = [each for each in self._find((Post.INSPECTOR, area_code), covers) if each.person_id not in not_these]
        return _drawn(found, lot, Post.INSPECTOR, area_code)

    def _find(self, key: object, is_wanted: Callable[[Viewer], bool]) -> list[Viewer]:
        if key not in self._found:
            self._found[key] = [viewer for viewer in self._viewers if is_wanted(viewer)]
        return self._found[key]


def _drawn(found: Sequence[Viewer], lot: float, post: Post, place: str | None) -> Viewer:
    if not found:
        raise NotFound(NOBODY, post=post.value, place=place)
    return found[int(lot * len(found))]


def read_cast(session: Session, on: date) -> Cast:
    """Everybody who holds a post on a day."""
    person_ids = session.scalars(select(Person.id).where(Person.ended_on.is_(None))).all()
    viewers = [accounts.load_viewer(session, person_id, on) for person_id in person_ids]
    columns = (InspectorShift.person_id, InspectorShift.duty_grid_id, InspectorShift.weekday)
    hours = (InspectorShift.start_minute, InspectorShift.end_minute)
    usernames = select(*columns, *hours).join(Person, Person.id == InspectorShift.person_id)
    usernames = usernames.where(InspectorShift.ended_on.is_(None)).order_by(Person.username)
    return Cast(
        viewers,
        dict(session.execute(select(Body.code, Body.path)).all()),
        [Shift(*row) for row in session.execute(usernames)],
    )
