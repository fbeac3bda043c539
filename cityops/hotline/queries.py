"""The list of answers owed."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.models import Case, Report
from cityops.errors import NotFound
from cityops.hotline.models import ReporterAnswer
from cityops.words import N_

CALLERS = (Post.OPERATOR, Post.DUTY_LEADER)
"""Who calls reporters back: in their own jurisdictions, whatever else they may look at under another post."""


def _scope(viewer: Viewer) -> ColumnElement[bool]:
    return cases.scope(viewer.only(*CALLERS))


def get_answer(session: Session, viewer: Viewer, answer_id: int, *, lock: bool = False) -> ReporterAnswer:
    """One owed answer that the viewer may give.

    Raises:
        NotFound: no such answer, or outside the scope.
    """
    statement = (
        select(ReporterAnswer)
        .join(ReporterAnswer.report)
        .join(Report.case)
        .where(ReporterAnswer.id == answer_id, _scope(viewer))
    )
    row = session.scalar(statement.with_for_update(of=ReporterAnswer) if lock else statement)
    if row is None:
        raise NotFound(N_("There is no such answer to give."))
    return row


def list_owed(session: Session, viewer: Viewer, *, limit: int = 100) -> Sequence[ReporterAnswer]:
    """The answers that the viewer may give, the oldest first."""
    return session.scalars(
        select(ReporterAnswer)
        .join(ReporterAnswer.report)
        .join(Report.case)
        .where(ReporterAnswer.answered_at.is_(None), _scope(viewer))
        .order_by(ReporterAnswer.owed_at)
        .limit(limit)
        .options(
            contains_eager(ReporterAnswer.report)
            .contains_eager(Report.case)
            .options(joinedload(Case.case_class), joinedload(Case.merged_into))
        )
    ).all()


def count_owed(session: Session, viewer: Viewer) -> int:
    """How many answers wait for the viewer."""
    return (
        session.scalar(
            select(func.count())
            .select_from(ReporterAnswer)
            .join(ReporterAnswer.report)
            .join(Report.case)
            .where(ReporterAnswer.answered_at.is_(None), _scope(viewer))
        )
        or 0
    )
