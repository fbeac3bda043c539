from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops.catalog.models import CaseClass, FilingCondition, StageLimit, Standard
from cityops.catalog.seed import CONDITIONS, Loaded, read_catalog, seed_catalog
from cityops.db import Database


def test_loading_writes_the_whole_catalogue(db: Database) -> None:
    with db.transaction() as session:
        loaded = seed_catalog(session)
    assert loaded == Loaded(1, 403, len(list(read_catalog(CONDITIONS))), 7)
    with db.reading() as session:
        for rows, number in ((Standard, 1), (CaseClass, 403), (FilingCondition, loaded.conditions), (StageLimit, 7)):
            assert session.scalar(select(func.count()).select_from(rows)) == number


def test_loading_again_writes_nothing(stocked: Database) -> None:
    with stocked.transaction() as session:
        assert seed_catalog(session) == Loaded(0, 0, 0, 0)


def test_loading_again_leaves_what_the_city_changed(stocked: Database) -> None:
    with stocked.transaction() as session:
        condition = session.scalars(select(FilingCondition).where(FilingCondition.code == "C01037-1")).one()
        condition.valid_until_on = date(2026, 12, 31)
        session.add(_successor(condition))
        _stage_limit(session, "accept").limit_value = 3
    with stocked.transaction() as session:
        assert seed_catalog(session) == Loaded(0, 0, 0, 0)
        assert _stage_limit(session, "accept").limit_value == 3


def test_loading_mends_what_is_missing(stocked: Database) -> None:
    with stocked.transaction() as session:
        session.delete(_stage_limit(session, "check"))
        session.delete(session.scalars(select(FilingCondition).where(FilingCondition.code == "M06010-1")).one())
    with stocked.transaction() as session:
        assert seed_catalog(session) == Loaded(0, 0, 1, 1)


def _stage_limit(session: Session, clock: str) -> StageLimit:
    return session.scalars(select(StageLimit).where(StageLimit.clock == clock)).one()


def _successor(condition: FilingCondition) -> FilingCondition:
    copied = {
        column.key: getattr(condition, column.key)
        for column in FilingCondition.__table__.columns
        if column.key not in {"id", "valid_from_on", "valid_until_on"}
    }
    return FilingCondition(**copied | {"limit_value": 1}, valid_from_on=date(2027, 1, 1))
