"""The demo city's street furniture, taken in as any city takes in a census."""

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.catalog.models import CaseClass, CaseKind
from cityops.demo.bodies import BODY_OF_TRADE
from cityops.demo.geography import demo_furniture
from cityops.grid.census.classes import ClassBook
from cityops.grid.census.rows import LAYER
from cityops.grid.census.services import CensusTerms, take_in
from cityops.grid.sources import Features

TITLE = "示意部件普查（演示数据）"
BECAUSE = "示意数据：点位按间距随机生成"


def load_furniture(session: Session) -> None:
    """Take in all of it, each piece with the department that keeps it up; the city's bodies and cells stand already."""
    things = demo_furniture()
    columns = {
        "code": [each.code for each in things],
        "name": [each.name for each in things],
        "body_code": [BODY_OF_TRADE[each.trade] for each in things],
    }
    features = Features(
        layer=LAYER,
        fields=list(columns),
        geometries=shapely.points([(each.lon, each.lat) for each in things]),
        columns=[np.array(column, dtype=object) for column in columns.values()],
    )
    # The standard came into force later than the demo's founding.
    names = select(CaseClass.code, CaseClass.name).where(CaseClass.kind == CaseKind.COMPONENT)
    classes = ClassBook(dict(session.execute(names).tuples().all()))
    take_in(session, [features], classes, CensusTerms(title=TITLE, because=BECAUSE))
