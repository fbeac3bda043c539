"""The demo city's street furniture, taken in as any city takes in a census."""

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.catalog.models import CaseClass, CaseKind
from cityops.demo.bodies import BODY_OF_TRADE, demo_bodies, demo_credit_codes
from cityops.demo.furniture import Furniture
from cityops.demo.geography import demo_furniture
from cityops.grid.census.classes import ClassBook
from cityops.grid.census.rows import LAYER
from cityops.grid.census.services import CensusTerms, take_in
from cityops.grid.sources import Features

# Of notice boards nobody knows any more who put up each fifth.
NOBODYS_CLASS, NOBODYS_STEP = "03008", 5

TITLE = "示意部件普查（演示数据）"
BECAUSE = "示意数据：点位按间距随机生成"


def load_furniture(session: Session) -> None:
    """Take in all of it, each piece with its owner, but for some of nobody's; bodies and cells stand already."""
    things = demo_furniture()
    owners = {body.code: body.name for body in demo_bodies()}
    kept_up = ["" if _is_nobodys(each) else BODY_OF_TRADE[each.trade] for each in things]
    credit_codes = demo_credit_codes()
    columns = {
        "code": [each.code for each in things],
        "name": [each.name for each in things],
        "owner_code": [credit_codes.get(code, "") for code in kept_up],
        "owner_name": [owners.get(code, "") for code in kept_up],
        "put_up_on": [_put_up_on(int(each.code[-6:])) for each in things],
    }
    features = Features(
        layer=LAYER,
        fields=list(columns),
        geometries=shapely.points([(each.lon, each.lat) for each in things]),
        columns=[np.array(column, dtype=object) for column in columns.values()],
    )
    # The standard came into force later than the demo's founding.
    names = select(CaseClass.code, CaseClass.name).where(CaseClass.kind == CaseKind.COMPONENT)
    classes = ClassBook({row.code: row.name for row in session.execute(names)})
    take_in(session, [features], classes, CensusTerms(title=TITLE, because=BECAUSE))


def _is_nobodys(thing: Furniture) -> bool:
    return thing.class_code == NOBODYS_CLASS and int(thing.code[-6:]) % NOBODYS_STEP == 0


def _put_up_on(number: int) -> str:
    """A day of the last twenty-two years, invented as the places are; of every ninth thing nobody knows it."""
    return f"{2003 + number * 7 % 22}0601" if number % 9 else ""
