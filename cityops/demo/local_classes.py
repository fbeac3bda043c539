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
    """Ground that sinks beside a manhole, and stalls that come back at their hour."""
    sunken = _make_safe(_own_class(session, "10", "10999", "窨井周边塌陷", "Ground sunk beside a manhole"))
    sunken.phases = [_repair(), _restore()]
    stalls = _leave(_own_class(session, "06", "06999", "定时出摊", "Stall at a fixed hour"))
    session.add_all([sunken, stalls])


def _own_class(session: Session, major_code: str, code: str, name: str, name_en: str) -> CaseClass:
    """A class of the city's own among the matters of a major class."""
    like = select(CaseClass).where(CaseClass.kind == CaseKind.MATTER, CaseClass.major_code == major_code)
    other = session.scalars(like.order_by(CaseClass.code).limit(1)).one()
    return CaseClass(
        standard=other.standard,
        kind=other.kind,
        code=code,
        major_code=other.major_code,
        major_name=other.major_name,
        major_name_en=other.major_name_en,
        name=f"{name}{LOCAL_MARK}",
        name_en=f"{name_en}{LOCAL_MARK_EN}",
        begun_on=other.standard.valid_from_on,
    )


def _leave(stalls: CaseClass) -> FilingCondition:
    """A stall that stands there at the same hour every day: nobody knows at another whether it has gone."""
    return FilingCondition(
        case_class=stalls,
        code="M06999-1",
        text="摊贩每日定时占道摆摊",
        text_en="A stall stands in the way every day at the same hour",
        closing="同一时段现场无摊位",
        closing_en="No stall there at the same time of day",
        limit_value=4,
        limit_unit=Unit.WORKING_HOUR,
        calendar="street",
        body_kind=BodyKind.STREET_OFFICE,
        basis=STALLS_BASIS,
        check_same_time=True,
        valid_from_on=stalls.begun_on,
    )


def _make_safe(sunken: CaseClass) -> FilingCondition:
    """Made safe and repaired by the drainage, the paving restored by the roads."""
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
        valid_from_on=sunken.begun_on,
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
