"""What a case's page shows of merging: the cases merged into it, and what this person may merge or take apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops.accounts.viewer import Viewer
from cityops.cases import merging, queries
from cityops.cases.merging_forms import MergeForm
from cityops.cases.models import Case
from cityops.forms import RoomForm


@dataclass(frozen=True)
class ShownMerging:
    """Merging on a case's page.

    Attributes:
        merged: the cases merged into this one that the viewer sees.
        main: the case this one was merged into, where the viewer sees it.
        form: set where the viewer may merge the case; it holds what was refused.
        nearby: the keys of the open cases near it that are likely the same thing, and may take it in.
    """

    merged: Sequence[Case]
    main: Case | None
    may_unmerge: bool
    form: MergeForm | None
    nearby: frozenset[int]

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.merged or self.main or self.may_unmerge or self.form)


def list_merged(session: Session, viewer: Viewer, case: Case) -> Sequence[Case]:
    """The cases merged into this one that the viewer sees, with their reports, the oldest first."""
    if not case.merged_count:
        return ()
    rows = select(Case).where(Case.merged_into_id == case.id, queries.scope(viewer)).order_by(Case.id)
    shown = (joinedload(each) for each in (Case.case_class, Case.condition, Case.body, Case.cell))
    return session.scalars(rows.options(*shown, selectinload(Case.reports))).all()


def find_main(session: Session, viewer: Viewer, case: Case) -> Case | None:
    """The case this one was merged into; None where it was not, or where the viewer does not see that case."""
    main = case.merged_into
    return main if main is not None and queries.can_see(session, viewer, main) else None


def read_merging(
    session: Session, viewer: Viewer, case: Case, near: Sequence[tuple[Case, float]], refused: RoomForm | None
) -> ShownMerging:
    """What the page of this case shows of merging to this viewer.

    Args:
        near: the open cases near it.
        refused: the form of a merge that was refused, to be shown again as it was typed.
    """
    form = None
    if merging.may_merge(viewer, case):
        form = refused if isinstance(refused, MergeForm) else MergeForm(None)
        form.version.data = case.version
        for item in form:
            item.id = item.label.field_id = f"merge-{item.short_name}"
    likely = (other.id for other, _ in near if other.class_id == case.class_id and merging.can_take_in(other, case))
    return ShownMerging(
        list_merged(session, viewer, case),
        find_main(session, viewer, case),
        merging.may_unmerge(session, viewer, case),
        form,
        frozenset(likely) if form is not None else frozenset(),
    )
