from collections.abc import Callable

from sqlalchemy import bindparam, select, text

from cityops.accounts.models import Body
from cityops.db import Database


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
