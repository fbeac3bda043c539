"""Faults by class and age: what is counted against what, how old it is, who sees it, and by which index."""

import io
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cityops.cases.fault_rates import UNKNOWN, Wanted, by_major, read_rates, sum_up
from cityops.clock import running_at, today
from cityops.db import Database
from cityops.errors import Invalid
from cityops.grid.models import Component
from tests import factories
from tests.counting import counted_queries

As = Callable[[str], FlaskClient]
PAGE = "/components/fault-rates"


@pytest.fixture
def monday() -> Iterator[None]:
    with running_at(factories.MONDAY_MORNING):
        yield


@pytest.fixture
def city(small_city: Database, monday: None) -> Database:
    """Ten lamps of 2024, four of 2010 and six of an unknown year in the west, one bin in the east; five cases."""
    years = [2024] * 10 + [2010] * 4 + [None] * 6
    with small_city.transaction() as session:
        for number, year in enumerate(years):
            make_component(session, factories.WEST, number, put_up_on=date(year, 6, 1) if year else None)
        make_component(session, factories.EAST, 0, class_code="03005")
        gone = make_component(session, factories.WEST, 90)
        gone.ended_on = today()
        people = factories.People(session)
        for number in (0, 10, 10, 11, 19):
            code = f"{factories.WEST}01037{number:06d}"
            case = factories.make_report(session, people.inspector, component_code=code).case
            factories.bring_to(session, people, case, "accept", "file")
    return small_city


def make_component(
    session: Session, district: str, number: int, class_code: str = "01037", put_up_on: date | None = None
) -> Component:
    place = {"lon": 121.5005 if district == factories.WEST else 121.5025, "lat": 29.8705, "quad": 0}
    facts = {"name": "=路灯", "area_code": f"{district}001001", "initial_on": factories.LONG_AGO}
    code = f"{district}{class_code}{number:06d}"
    component = Component(code=code, class_code=class_code, put_up_on=put_up_on, **place, **facts)
    session.add(component)
    session.flush()
    return component


def wanted(**changes: object) -> Wanted:
    return Wanted(**({"from_on": today(), "until_on": today()} | changes))  # type: ignore[arg-type]


def test_cases_are_counted_per_thousand_of_what_stands_by_class_and_age(city: Database) -> None:
    with city.reading() as session:
        person = factories.People(session).viewer("supervisor")
        rates = read_rates(session, person, wanted())
    lamps, bins = rates
    assert (lamps.code, lamps.total.cases, lamps.total.components, lamps.total.per_thousand) == ("01037", 5, 20, 250.0)
    young, old, unknown = lamps.by_age[0], lamps.by_age[4], lamps.by_age[UNKNOWN]
    assert [(each.cases, each.components) for each in (young, old, unknown)] == [(1, 10), (3, 4), (1, 6)]
    assert (bins.code, bins.total.cases, bins.total.per_thousand) == ("03005", 0, 0.0)
    assert sum_up(rates).total.components == 21 and list(by_major(rates)) == ["01", "03"]


def test_the_days_and_the_area_narrow_it(city: Database) -> None:
    with city.reading() as session:
        person = factories.People(session).viewer("supervisor")
        before = wanted(from_on=today() - timedelta(days=9), until_on=today() - timedelta(days=1))
        assert sum_up(read_rates(session, person, before)).total.cases == 0
        east = read_rates(session, person, wanted(area=factories.EAST))
        assert [(each.code, each.total.cases) for each in east] == [("03005", 0)]


def test_another_district_is_not_counted(city: Database) -> None:
    with city.reading() as session:
        east = read_rates(session, factories.People(session).viewer("dutyleader-east"), wanted())
        assert [(each.code, each.total.components) for each in east] == [("03005", 1)]


def test_it_takes_two_queries_that_their_indexes_serve(city: Database) -> None:
    with city.reading() as session:
        person = factories.People(session).viewer("supervisor")
        with counted_queries() as asked:
            read_rates(session, person, wanted())
        assert len(asked) == 2
        if session.get_bind().dialect.name == "sqlite":
            marks = [statement.replace("?", "'2026-11-09'") for statement in asked]
            plans = [" ".join(row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {each}"))) for each in marks]
            assert "COVERING INDEX ix_components_area_code_class_code_put_up_on_ended_on" in plans[0]
            assert "cases USING INDEX ix_cases_filed_at" in plans[1]


@pytest.mark.parametrize(("days", "words"), [(-1, "before the first"), (366, "At most")])
def test_days_that_cannot_be_are_refused(monday: None, days: int, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        wanted(until_on=today() + timedelta(days=days))


def test_the_page_says_what_is_unknown_and_goes_out_as_a_sheet(city: Database, as_person: As) -> None:
    client = as_person("supervisor")
    client.post("/language", data={"language": "en"})
    page = client.get(f"{PAGE}?since={today()}&until={today()}").text
    assert "5 cases were filed on 21 components" in page and "their age is unknown" in page
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{PAGE}.xlsx?since={today()}&until={today()}").data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[2][:5] == ("01037", "路灯", 20, 5, 250)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "since=2026-11-09&until=2026-11-01",
        "since=x&until=y",
        "since=2020-01-01&until=2026-01-01",
        "since=9999-12-31&until=9999-12-31",
        "since=0001-01-01&until=0001-01-02",
    ],
)
def test_odd_days_are_refused_on_the_page_and_in_the_sheet(city: Database, as_person: As, asked: str) -> None:
    client = as_person("supervisor")
    assert client.get(f"{PAGE}?{asked}").status_code == 422
    assert client.get(f"{PAGE}.xlsx?{asked}").status_code == 422


def test_a_component_shows_when_it_was_put_up(city: Database, as_person: As) -> None:
    with city.reading() as session:
        code = session.scalars(select(Component.code).where(Component.put_up_on == date(2010, 6, 1)).limit(1)).one()
    assert "2010-06-01" in as_person("supervisor").get(f"/components/{code}").text
