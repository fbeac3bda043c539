"""What comes beside the main road, lived through the real services: every kind of it, and open ones at the end."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, selectinload

from cityops import clock
from cityops.cases.co_models import CoEnd, CoHandling, CoKind
from cityops.cases.history import Walked, find_broken
from cityops.cases.link_models import CaseLink, LinkKind
from cityops.cases.models import Case, CaseEvent, Report
from cityops.cases.names import StepName
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RequestKind, RequestState
from cityops.cases.same_time import is_same_time
from cityops.catalog import rules
from cityops.catalog.models import FilingCondition
from cityops.catalog.rules import NewRule
from cityops.config import Config
from cityops.db import Database
from cityops.hotline.models import ReporterAnswer
from cityops.patrol.recheck_models import Recheck, RecheckEnd
from cityops.simulation import plot
from tests import factories
from tests.simulation.test_services import build, live

RUBBISH = "M06001-1"
SIDE_STEPS = {
    StepName.MERGE, StepName.MERGE_FILED, StepName.TAKE_IN, StepName.UNMERGE, StepName.LET_GO, StepName.LINK,
    StepName.SPLIT, StepName.SPLIT_OFF, StepName.ADD_CO_HANDLER, StepName.CO_REPORT, StepName.EXCUSE,
    StepName.ARBITRATE, StepName.RECHECK, StepName.URGE, StepName.REPLY,
}  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.from_env({"CITYOPS_HOME": str(tmp_path / "home")})


def test_a_week_has_everything_that_comes_beside_the_main_road_and_leaves_some_of_it_open(
    make_db_url: Callable[..., str], config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plot, "SHARED", {"暴露垃圾": (0.2, "请协助清运。")})
    database = Database(make_db_url("sqlite"))
    build(database)
    with database.transaction() as session:
        rubbish = session.scalars(select(FilingCondition).where(FilingCondition.code == RUBBISH)).one()
        rubbish.check_same_time = True
        with clock.running_at(factories.MONDAY_MORNING):
            rules.add_rule(session, factories.People(session).viewer("admin"), NewRule("roads", ""))
    summary = live(database, config, days=7, per_day=100)
    with database.reading() as session:
        assert list(find_broken(session, factories.make_keys())) == [Walked(700, summary.steps)]
        taken = dict(session.execute(select(CaseEvent.step, func.count()).group_by(CaseEvent.step)).all())
        assert set(taken) >= SIDE_STEPS, SIDE_STEPS - set(taken)
        assert 0.015 < (taken[StepName.MERGE] + taken[StepName.MERGE_FILED]) / 700 < 0.06
        assert_some_are_open(session)
        assert_co_handlers_show_what_they_did(session)
        assert_checked_at_its_hour(session)
        assert_samples_are_answered_in_part(session)
        assert_those_who_told_of_it_again_are_called_back(session)
    database.dispose()


def assert_some_are_open(session: Session) -> None:
    main, other = aliased(Case), aliased(Case)
    still_open = {
        "disputes": select(func.count()).where(Case.arbitration_since_at.is_not(None)),
        "cases with merged reports": select(func.count()).where(Case.merged_count > 0, Case.ended_at.is_(None)),
        "linked pairs": select(func.count(CaseLink.id))
        .join(main, main.id == CaseLink.case_id)
        .join(other, other.id == CaseLink.other_id)
        .where(CaseLink.kind == LinkKind.RELATED, main.ended_at.is_(None) | other.ended_at.is_(None)),
        "shared tasks": select(func.count(CoHandling.id)).where(CoHandling.ended_at.is_(None)),
    }
    counted = {name: session.scalar(count) for name, count in still_open.items()}
    assert all(counted.values()), counted
    undecided = select(CaseRequest.kind).where(CaseRequest.state == RequestState.OPEN).distinct()
    waiting = set(session.scalars(undecided))
    assert waiting >= {RequestKind.EXTEND, RequestKind.SEND_BACK, RequestKind.VOID, RequestKind.OVERSEE}, waiting
    made_safe = select(func.count(CoHandling.id)).where(CoHandling.kind == CoKind.MAKE_SAFE)
    assert session.scalar(made_safe.where(CoHandling.end == CoEnd.REPORTED, CoHandling.cost_yuan > 0))


def assert_co_handlers_show_what_they_did(session: Session) -> None:
    rows = session.scalars(select(CoHandling).options(selectinload(CoHandling.photos)))
    shown = Counter((row.end, len(row.photos)) for row in rows)
    assert shown[CoEnd.REPORTED, 1] > 3 and {end for end, photos in shown if photos} == {CoEnd.REPORTED}, shown


def assert_checked_at_its_hour(session: Session) -> None:
    checks = select(Case.opened_at, CaseEvent.at).join(CaseEvent, CaseEvent.case_id == Case.id)
    checks = checks.join(FilingCondition, FilingCondition.id == Case.condition_id)
    found = session.execute(checks.where(CaseEvent.step == StepName.CHECK, FilingCondition.check_same_time)).all()
    assert found and all(is_same_time(opened_at, at) for opened_at, at in found)
    assert any(at - opened_at > timedelta(hours=20) for opened_at, at in found)


def assert_samples_are_answered_in_part(session: Session) -> None:
    ends = Counter(session.scalars(select(Recheck.end)))
    assert ends[RecheckEnd.UPHELD] and ends[None], ends


def assert_those_who_told_of_it_again_are_called_back(session: Session) -> None:
    answers = select(func.count(ReporterAnswer.id)).join(ReporterAnswer.report).join(Report.case)
    assert session.scalar(answers.where(Case.merged_into_id.is_not(None), ReporterAnswer.answered_at.is_not(None)))


@pytest.mark.parametrize("batch", [3, 50])
def test_neighbours_are_played_together_whatever_the_batch(
    make_db_url: Callable[..., str], config: Config, batch: int
) -> None:
    database = Database(make_db_url("sqlite"))
    build(database)
    live(database, config, days=3, per_day=45, batch=batch)
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(Case.merged_into_id.is_not(None)))
    database.dispose()
