from collections.abc import Callable

from sqlalchemy import bindparam, select, text

from cityops.accounts.models import Body
from cityops.db import Database, keep_settings, setting


def test_what_is_asked_often_is_planned_once_on_postgresql(make_db_url: Callable[..., str]) -> None:
    database = Database(make_db_url("postgresql"))
    asked = select(Body.name).where(Body.code == bindparam("code"))
    for _ in range(10):
        with database.reading() as session:
            session.execute(asked, {"code": "lamps"})
    with database.reading() as session:
        prepared = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    database.dispose()
    assert any("FROM bodies" in statement for statement in prepared)


def test_a_session_reads_a_setting_each_time_unless_it_keeps_them(db: Database) -> None:
    answers = iter([1, 2, 3, 4])
    with db.reading() as session:
        assert [setting(session, "n", lambda: next(answers)) for _ in range(2)] == [1, 2]
        keep_settings(session)
        assert [setting(session, "n", lambda: next(answers)) for _ in range(2)] == [3, 3]
    with db.reading() as session:
        assert setting(session, "n", lambda: next(answers)) == 4
