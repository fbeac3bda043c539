"""Databases are copied and the application is shared to save time: no test may meet what another has left."""

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from cityops.accounts.models import Person
from cityops.db import Database
from cityops.worktime.models import WorkCalendar

TURNS = pytest.mark.parametrize("turn", ["first", "second"])
pytestmark = pytest.mark.xdist_group("isolation")


@TURNS
def test_a_database_holds_the_city_and_no_row_of_an_earlier_test(small_city: Database, turn: str) -> None:
    with small_city.transaction() as session:
        assert session.scalar(select(func.count()).where(Person.name == "left behind")) == 0
        person_id = session.scalars(select(Person.id).order_by(Person.id)).first()
        session.execute(text("UPDATE persons SET name = 'left behind' WHERE id = :id"), {"id": person_id})
        session.execute(text("DELETE FROM work_day_spans"))
    with small_city.reading() as session:
        assert session.scalar(select(func.count()).where(Person.name == "left behind")) == 1


@TURNS
def test_a_table_is_empty_though_an_earlier_test_filled_it(db: Database, turn: str) -> None:
    with db.transaction() as session:
        assert session.scalars(select(WorkCalendar.id)).all() == []
        session.add(WorkCalendar(name="left behind", label_zh="夜班", label_en="Night"))
    with db.reading() as session:
        assert session.scalars(select(WorkCalendar.id)).all() == [1]


@TURNS
def test_the_application_serves_the_city_of_its_test_under_the_usual_settings(
    app: Flask, db: Database, turn: str
) -> None:
    workshop = app.extensions["cityops"]
    assert workshop.database.url == db.url
    assert workshop.keys.by_name["session"] == app.config["SECRET_KEY"]
    assert app.config["WTF_CSRF_ENABLED"] is False and app.config.get("LEFT_BEHIND") is None
    app.config.update(WTF_CSRF_ENABLED=True, LEFT_BEHIND=turn)
