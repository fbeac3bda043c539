"""A filing condition that is not for grid tier 2: taken in with a word, never filed there."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cityops.cases.models import Case
from cityops.cases.names import Stage
from cityops.catalog.models import CaseKind, FilingCondition
from cityops.db import Database
from cityops.errors import Invalid
from cityops.grid.models import Cell
from tests.factories import EAST_POINT, OUTSIDE_POINT, WEST, WEST_POINT, People, make_report, take

RUBBISH = {"kind": CaseKind.MATTER, "class_code": "06001", "condition": "M06001-1"}


def thin_out(session: Session) -> None:
    """The west is open land, where one of the lamp's conditions and rubbish do not count."""
    session.execute(update(Cell).where(Cell.code.startswith(WEST)).values(grid_tier=2))
    only_tier_1 = FilingCondition.code.in_(["C01037-1", "M06001-1"])
    session.execute(update(FilingCondition).where(only_tier_1).values(in_tier_2=False))


@pytest.mark.parametrize("point", [EAST_POINT, OUTSIDE_POINT])
def test_where_it_counts_it_is_filed(session: Session, people: People, point: tuple[float, float]) -> None:
    thin_out(session)
    case = make_report(session, people.inspector, point=point).case
    take(session, people.operator, case, "accept")
    assert take(session, people.dutyleader, case, "file").stage is Stage.FILED


def test_in_tier_2_it_is_filed_under_another_condition_or_refused(session: Session, people: People) -> None:
    thin_out(session)
    case = make_report(session, people.inspector, condition="C01037-1").case
    take(session, people.operator, case, "accept")
    with pytest.raises(Invalid, match="does not count in grid tier 2") as refusal:
        take(session, people.dutyleader, case, "file")
    assert (refusal.value.field, case.stage) == ("condition", Stage.ACCEPTED)
    assert take(session, people.dutyleader, case, "file", condition="C01037-2").stage is Stage.FILED


def test_an_inspector_gets_no_credit_there_for_what_does_not_count(session: Session, people: People) -> None:
    thin_out(session)
    with pytest.raises(Invalid, match="does not count in grid tier 2"):
        make_report(session, people.inspector, point=WEST_POINT, is_self_handled=True, **RUBBISH)
    made = make_report(session, people.inspector, point=EAST_POINT, is_self_handled=True, **RUBBISH)
    assert made.case.is_simple


def test_the_desk_and_the_duty_leader_are_told(small_city: Database, as_person: Callable[[str], FlaskClient]) -> None:
    with small_city.transaction() as session:
        thin_out(session)
    lon, lat = WEST_POINT
    facts = {"uuid": str(uuid4()), "source": "hotline", "description": "路灯不亮", "class_code": "component-01037"}
    facts |= {"condition": "C01037-1", "address": "中山西路 1 号", "lon": str(lon), "lat": str(lat)}
    operator = as_person("operator")
    told = operator.get(operator.post("/intake", data=facts).location).text
    assert "不适用于二类网格" in told
    with small_city.reading() as session:
        number = session.scalars(select(Case)).one().number
    assert "不适用于二类网格" in as_person("dutyleader").get(f"/cases/{number}").text
