"""The demo city's own classes beside the national standard's.

One whose cases are handled in phases, and one that is checked at the time of day of its report.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import BodyKind
from cityops.catalog.drafts import LOCAL_MARK, LOCAL_MARK_EN
from cityops.catalog.models import CaseClass, CaseKind, ConditionPhase, FilingCondition
from cityops.catalog.phases import PhaseCheck
from cityops.worktime.limits import Unit

STALLS_BASIS = "市容巡查规程（示例）"
BASIS = "市政设施应急抢修规程（示例）"


def load_local_classes(session: Session) -> None:
    """Ground that sinks beside a manhole: made safe and repaired by the drainage, the paving restored by the roads."""
    like = select(CaseClass).where(CaseClass.kind == CaseKind.MATTER, CaseClass.major_code == "10")
    other = session.scalars(like.order_by(CaseClass.code).limit(1)).one()
    condition = _make_safe(_sunken_ground(other))
    condition.phases = [_repair(), _restore()]
    session.add(condition)


def _sunken_ground(other: CaseClass) -> CaseClass:
    """The class, beside another one of its major class."""
    return CaseClass(
        standard=other.standard,
        kind=other.kind,
        code="10999",
        major_code=other.major_code,
        major_name=other.major_name,
        major_name_en=other.major_name_en,
        name=f"窨井周边塌陷{LOCAL_MARK}",
        name_en=f"Ground sunk beside a manhole{LOCAL_MARK_EN}",
        begun_on=other.standard.valid_from_on,
    )


def _make_safe(sunken: CaseClass) -> FilingCondition:
    return FilingCondition(
        case_class=sunken,
        code="M10999-1",
        text="井周路面塌陷，危及行人车辆",
        text_en="Ground beside a manhole has sunk: people and vehicles are in danger",
        closing="围挡警示，临时加固，无坠落危险",
        closing_en="Fenced off, warned of and propped up, nobody can fall in",
        limit_value=2,
        limit_unit=Unit.URGENT_HOUR,
        calendar="continuous",
        body_kind=BodyKind.DEPARTMENT,
        body_code="drainage",
        basis=BASIS,
        phase_name="安全防护",
        phase_name_en="make safe",
        valid_from_on=sunken.standard.valid_from_on,
    )


def _repair() -> ConditionPhase:
    return ConditionPhase(
        number=2,
        name="修复",
        name_en="repair",
        closing="井体和管道修复，回填夯实",
        closing_en="Shaft and pipe mended, filled in and tamped",
        check_before=PhaseCheck.BY_PHOTO,
        limit_value=1,
        limit_unit=Unit.WORKING_DAY,
        calendar="office",
    )


def _restore() -> ConditionPhase:
    return ConditionPhase(
        number=3,
        name="恢复路面",
        name_en="restore the paving",
        closing="路面恢复平整，围挡撤除",
        closing_en="Paving level again, fences gone",
        check_before=PhaseCheck.ON_THE_SPOT,
        body_kind=BodyKind.DEPARTMENT,
        body_code="roads",
        limit_value=7,
        limit_unit=Unit.WORKING_DAY,
        calendar="office",
    )
