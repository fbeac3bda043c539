"""Acts that have a door of their own: another body's task, and what concerns two cases at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.viewer import Viewer
from cityops.cases import co_handling, linking, merging
from cityops.cases.co_handling import NewCoHandling
from cityops.cases.co_models import CoHandling, CoKind
from cityops.cases.merging import NewMerge
from cityops.cases.models import Case
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.simulation.lives import Act
from cityops.worktime.limits import Limit, Unit

HELPED_WITHIN = Limit(4, Unit.WORKING_HOUR)
LEAST_YUAN, MOST_YUAN = 200, 1_500


@dataclass(frozen=True)
class Deed:
    """Who does what to which case, and to which other one."""

    session: Session
    who: Viewer
    office: CaseOffice
    case: Case
    act: Act
    other: Case | None

    @property
    def words(self) -> str:
        """What is said with it."""
        return self.act.note or ""


def _give_task(deed: Deed) -> None:
    new = NewCoHandling(deed.case.version, deed.act.body or "", deed.words, HELPED_WITHIN)
    co_handling.add(deed.session, deed.who, deed.office, deed.case.number, new)


def _report_task(deed: Deed) -> None:
    task, case = find_task(deed.session, deed.case), deed.case
    if task is not None:
        cost = int(LEAST_YUAN + deed.act.lot * (MOST_YUAN - LEAST_YUAN)) if task.kind is CoKind.MAKE_SAFE else None
        co_handling.report(deed.session, deed.who, deed.office, task.id, case.version, deed.words, cost)


def _excuse(deed: Deed) -> None:
    task = find_task(deed.session, deed.case)
    if task is not None:
        co_handling.excuse(deed.session, deed.who, deed.office, task.id, deed.case.version, deed.words)


def _merge(deed: Deed) -> None:
    new = NewMerge(deed.case.version, _other(deed).number, deed.words)
    merging.merge(deed.session, deed.who, deed.office, deed.case.number, new)


def _unmerge(deed: Deed) -> None:
    merging.unmerge(deed.session, deed.who, deed.office, deed.case.number, deed.case.version, deed.words)


def _link(deed: Deed) -> None:
    number, version = deed.case.number, deed.case.version
    linking.link(deed.session, deed.who, deed.office, number, version, _other(deed).number, deed.words)


DEEDS: Mapping[StepName, Callable[[Deed], None]] = {
    StepName.ADD_CO_HANDLER: _give_task,
    StepName.CO_REPORT: _report_task,
    StepName.EXCUSE: _excuse,
    StepName.MERGE: _merge,
    StepName.MERGE_FILED: _merge,
    StepName.UNMERGE: _unmerge,
    StepName.UNMERGE_FILED: _unmerge,
    StepName.LINK: _link,
}


def find_task(session: Session, case: Case) -> CoHandling | None:
    """The open task of a case, of which a life has one at a time."""
    return session.scalar(select(CoHandling).where(CoHandling.case_id == case.id, CoHandling.ended_at.is_(None)))


def _other(deed: Deed) -> Case:
    if deed.other is None:
        raise ValueError(f"{deed.act.step} concerns another case, and there is none")
    return deed.other
