"""The catalogue that comes with cityops: GB/T 47678.5-2026, filing conditions and stage limits, out of CSV files."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import resources

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import BodyKind
from cityops.catalog.models import CaseClass, CaseKind, ComponentFault, FilingCondition, StageLimit, Standard
from cityops.worktime.limits import Unit

STANDARDS = "standards.csv"
CONDITIONS = "conditions.csv"
STAGE_LIMITS = "stage_limits.csv"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows were missing and have been written."""

    standards: int
    classes: int
    conditions: int
    stage_limits: int


def read_catalog(name: str) -> Iterator[Row]:
    """The rows of a file that comes with the package, by column."""
    text = (resources.files("cityops") / "data" / "catalog" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def seed_catalog(session: Session) -> Loaded:
    """Write what is missing of the catalogue; what is there stays as it is, for cases name it."""
    standards, classes = _seed_standards(session)
    conditions = _seed_conditions(session)
    known = set(session.scalars(select(StageLimit.clock)))
    limits = [_stage_limit(row) for row in read_catalog(STAGE_LIMITS) if row["clock"] not in known]
    session.add_all(limits)
    session.flush()
    return Loaded(standards, classes, conditions, len(limits))


def _seed_standards(session: Session) -> tuple[int, int]:
    begun = written = 0
    for row in read_catalog(STANDARDS):
        standard = session.scalar(select(Standard).where(Standard.reference == row["reference"]))
        if standard is None:
            standard = _standard(row)
            session.add(standard)
            session.flush()
            begun += 1
        keys = select(CaseClass.kind, CaseClass.code).where(CaseClass.standard_id == standard.id)
        known = {(kind, code) for kind, code in session.execute(keys)}
        classes = (_case_class(standard, each) for each in read_catalog(row["classes"]))
        missing = [each for each in classes if (each.kind, each.code) not in known]
        session.add_all(missing)
        session.flush()
        written += len(missing)
    return begun, written


def _seed_conditions(session: Session) -> int:
    """Conditions hang on the newest of the shipped standards that has their class."""
    shipped = [row["reference"] for row in read_catalog(STANDARDS)]
    classes = select(CaseClass.kind, CaseClass.code, CaseClass.id).join(Standard).order_by(Standard.valid_from_on)
    classes = classes.where(Standard.reference.in_(shipped))
    ids = {(kind, code): id_ for kind, code, id_ in session.execute(classes)}
    keys = select(FilingCondition.code, FilingCondition.valid_from_on)
    known = {(code, day) for code, day in session.execute(keys)}
    rows = [_condition(row, ids[CaseKind(row["kind"]), row["class_code"]]) for row in read_catalog(CONDITIONS)]
    missing = [each for each in rows if (each.code, each.valid_from_on) not in known]
    session.add_all(missing)
    session.flush()
    return len(missing)


def _standard(row: Row) -> Standard:
    return Standard(
        reference=row["reference"],
        title=row["title"],
        title_en=row["title_en"],
        valid_from_on=date.fromisoformat(row["valid_from_on"]),
        valid_until_on=date.fromisoformat(row["valid_until_on"]) if row["valid_until_on"] else None,
    )


def _case_class(standard: Standard, row: Row) -> CaseClass:
    return CaseClass(
        standard_id=standard.id,
        kind=CaseKind(row["kind"]),
        code=row["code"],
        major_code=row["major_code"],
        major_name=row["major_name"],
        major_name_en=row["major_name_en"] or None,
        name=row["name"],
        name_en=row["name_en"] or None,
    )


def _condition(row: Row, class_id: int) -> FilingCondition:
    return FilingCondition(
        class_id=class_id,
        code=row["code"],
        text=row["text"],
        text_en=row["text_en"],
        closing=row["closing"],
        closing_en=row["closing_en"],
        limit_value=int(row["limit_value"]),
        limit_unit=Unit(row["limit_unit"]),
        calendar=row["calendar"],
        body_kind=BodyKind(row["body_kind"]),
        body_code=row["body_code"] or None,
        is_simple_allowed=row["is_simple_allowed"] == "yes",
        component_state=ComponentFault(row["component_state"]) if row["component_state"] else None,
        valid_from_on=date.fromisoformat(row["valid_from_on"]),
    )


def _stage_limit(row: Row) -> StageLimit:
    return StageLimit(
        clock=row["clock"],
        limit_value=int(row["limit_value"]),
        limit_unit=Unit(row["limit_unit"]),
        calendar=row["calendar"],
        valid_from_on=date.fromisoformat(row["valid_from_on"]),
    )
