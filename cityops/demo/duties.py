"""The demo city's responsibility rules: departments by class, the zone's own works, the street offices for the rest."""

from collections.abc import Iterator
from dataclasses import dataclass

from cityops.accounts.models import BodyKind
from cityops.catalog.models import KIND_LETTERS, CaseKind
from cityops.catalog.seed import CONDITIONS, read_catalog
from cityops.demo.bodies import ZONE_WORKS, street_codes
from cityops.demo.geography import zone_streets

DEPARTMENTS_DUTY = "市级部门职责清单（示例）"
ZONE_DUTY = "高新区城市管理事权清单（示例）"
STREETS_DUTY = "街道属地管理责任清单（示例）"

ZONE_CLASSES = (
    "M06010", "M06011", "M06012", "M06013", "M06014", "M06017", "M06042", "M06050", "M06051",
    "M07001", "M09001", "M09005", "M09006", "M09010", "M09011",
)  # fmt: skip
"""Rubbish, roads, greens and street order: what the zone's works do themselves in the zone's streets."""


@dataclass(frozen=True, slots=True)
class DutyRecord:
    """A rule, its class and area empty for all."""

    class_key: str
    area_prefix: str
    body: str
    reference: str


def demo_duties() -> Iterator[DutyRecord]:
    """The rules in the order of their numbers."""
    for key, body in _departments().items():
        yield DutyRecord(key, "", body, DEPARTMENTS_DUTY)
    for key in ZONE_CLASSES:
        yield from (DutyRecord(key, street, ZONE_WORKS.code, ZONE_DUTY) for street in sorted(zone_streets()))
    for street in street_codes():
        yield DutyRecord("", street, street, STREETS_DUTY)


def _departments() -> dict[str, str]:
    """The department of each class whose filing conditions all name the same one."""
    named: dict[str, set[str]] = {}
    for row in read_catalog(CONDITIONS):
        key = KIND_LETTERS[CaseKind(row["kind"])] + row["class_code"]
        is_department = row["body_kind"] == BodyKind.DEPARTMENT
        named.setdefault(key, set()).add(row["body_code"] if is_department else "")
    return {key: body for key, (body, *others) in named.items() if body and not others}
