"""What a case's page shows of merging: the cases merged into it, and what this person may merge or take apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops.accounts.viewer import Viewer
from cityops.cases import merging, queries
from cityops.cases.merging_forms import MergeForm
from cityops.cases.models import Case
from cityops.forms import RoomForm


@dataclass(frozen=True)
class MergedPage:
    """A page of the cases merged into one, and how many follow."""

    cases: Sequence[Case]
    more: int

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins, where there is one."""
        return str(self.cases[-1].id) if self.more else None


@dataclass(frozen=True)
class ShownMerging:
    """Merging on a case's page.

    Attributes:
        merged: the cases merged into this one that the viewer sees.
        main: the case this one was merged into, where the viewer sees it.
        form: set where the viewer may merge the case; it holds what was refused.
        nearby: the keys of the open cases near it that are likely the same thing, and may take it in.
    """

    merged: MergedPage
    main: Case | None
    may_unmerge: bool
    form: MergeForm | None
    nearby: frozenset[int]

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.merged.cases or self.main or self.may_unmerge or self.form)


def list_merged(
    session: Session, viewer: Viewer, case: Case, *, cursor: str | None = None, size: int = queries.MOST_BESIDE
) -> MergedPage:
    """The cases merged into this one that the viewer sees, with their reports, the oldest first, a page at a time."""
    if not case.merged_count:
        return MergedPage((), 0)
    seen = select(Case).where(Case.merged_into_id == case.id, queries.scope(viewer))
    if cursor:
        seen = seen.where(Case.id > queries.cursor_id(cursor))
    shown = (joinedload(each) for each in (Case.case_class, Case.condition, Case.body, Case.cell))
    whole = seen.order_by(Case.id).options(*shown, selectinload(Case.reports)).limit(size + 1)
    rows = session.scalars(whole).all()
    counted = seen.with_only_columns(func.count(), maintain_column_froms=True)
    return MergedPage(rows[:size], (session.scalar(counted) or 0) - size if len(rows) > size else 0)


def find_main(session: Session, viewer: Viewer, case: Case) -> Case | None:
    """The case this one was merged into; None where it was not, or where the viewer does not see that case."""
    main = case.merged_into
    return main if main is not None and queries.can_see(session, viewer, main) else None


def read_merging(
    session: Session,
    viewer: Viewer,
    case: Case,
    near: Sequence[tuple[Case, float]],
    refused: RoomForm | None,
    cursor: str | None,
) -> ShownMerging:
    """What the page of this case shows of merging to this viewer.

    Args:
        near: the open cases near it.
        refused: the form of a merge that was refused, to be shown again as it was typed.
        cursor: of the page of the cases merged into it.
    """
    form = None
    if merging.may_merge(viewer, case):
        form = refused if isinstance(refused, MergeForm) else MergeForm(None)
        form.version.data = case.version
        for item in form:
            item.id = item.label.field_id = f"merge-{item.short_name}"
    likely = (other.id for other, _ in near if other.class_id == case.class_id and merging.can_take_in(other, case))
    return ShownMerging(
        list_merged(session, viewer, case, cursor=cursor),
        find_main(session, viewer, case),
        merging.may_unmerge(session, viewer, case),
        form,
        frozenset(likely) if form is not None else frozenset(),
    )
