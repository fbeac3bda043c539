"""The catalogue's API: classes, and the filing conditions of a class with their limits."""

from datetime import date

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from cityops import clock, web
from cityops.accounts.models import BodyKind
from cityops.asked import Asked
from cityops.catalog import queries
from cityops.catalog.models import CaseClass, CaseKind, ComponentFault, ConditionPhase, FilingCondition, HasTerms
from cityops.catalog.phases import PhaseCheck
from cityops.errors import NOTHING_HERE, NotFound
from cityops.problems import PROBLEMS
from cityops.worktime.limits import Unit

api = APIBlueprint("catalog_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)

MAX_PAGE = 500


class ClassesQuery(Asked):
    """Which classes."""

    kind: CaseKind | None = Field(None, description="Components or matters only")
    q: str = Field("", max_length=100, description="Words in the code, the names or a filing condition")
    cursor: str | None = Field(None, pattern=r"^[0-9]{1,6}$", description="`next_cursor` of the page before")
    size: int = Field(100, ge=1, le=MAX_PAGE)


class ClassPath(BaseModel):
    """A class: components and matters share their numbers, so the kind belongs to it."""

    kind: CaseKind
    code: str = Field(max_length=5)


class CatalogClassOut(BaseModel):
    """A class in force."""

    kind: CaseKind
    code: str
    name: str
    name_en: str | None
    major_code: str
    major_name: str
    major_name_en: str | None
    standard: str


class ClassesOut(BaseModel):
    """A page of classes."""

    classes: list[CatalogClassOut]
    next_cursor: str | None


class LevelLimitOut(BaseModel):
    """The limit in the areas of one level (一、二、三类区域), where it is not the condition's own."""

    area_level: int
    limit_value: int
    limit_unit: Unit
    calendar: str


class PhaseOut(BaseModel):
    """A further phase of handling; without `body_kind` the same body goes on.

    `check_before` is how it is checked whether the phase before is done.
    """

    number: int
    name: str
    name_en: str
    closing: str
    closing_en: str
    limit_value: int
    limit_unit: Unit
    calendar: str
    limits: list[LevelLimitOut]
    body_kind: BodyKind | None
    body: str | None
    check_before: PhaseCheck
    photos_after: int


class ConditionOut(BaseModel):
    """A filing condition; `calendar` names its limit's hours, an empty `body` the street office of the place.

    `basis` is the rule and version it was taken from, where that is not the class's standard. Where handling goes on in
    further `phases`, the condition itself is the first, called `phase_name`.
    """

    code: str
    text: str
    text_en: str
    closing: str
    closing_en: str
    limit_value: int
    limit_unit: Unit
    calendar: str
    limits: list[LevelLimitOut]
    body_kind: BodyKind
    body: str | None
    is_simple_allowed: bool
    check_same_time: bool = Field(description="Its check is made at the time of day at which it was reported")
    in_tier_2: bool = Field(description="It counts in cells of grid tier 2 too")
    photos_before: int
    photos_after: int
    basis: str | None
    component_state: ComponentFault | None
    phase_name: str | None
    phase_name_en: str | None
    phases: list[PhaseOut]
    valid_from_on: date
    valid_until_on: date | None


class ConditionsOut(BaseModel):
    """A class with its filing conditions in force."""

    case_class: CatalogClassOut
    conditions: list[ConditionOut]


@api.get("/classes", responses={200: ClassesOut}, summary="List classes")
def list_classes(query: ClassesQuery) -> Response:
    """The classes in force today: all of them by code, or those that hold the words, the likeliest first."""
    skipped = int(query.cursor or 0)
    with web.reading() as session:
        if query.q.strip():
            found = queries.search_classes(session, query.q, clock.today(), query.kind, limit=queries.MAX_SEARCH)
        else:
            found = queries.list_classes(session, clock.today(), query.kind)
        page = [class_out(each) for each in found[skipped : skipped + query.size]]
    end = skipped + query.size
    answer = ClassesOut(classes=page, next_cursor=str(end) if end < len(found) else None)
    return jsonify(answer.model_dump(mode="json"))


@api.get("/classes/<kind>/<code>/conditions", responses={200: ConditionsOut}, summary="A class's filing conditions")
def list_conditions(path: ClassPath) -> Response:
    """The filing conditions of a class in force today, with limit, calendar and closing condition in both languages."""
    today = clock.today()
    with web.reading() as session:
        case_class = queries.find_class(session, path.kind, path.code, today)
        if case_class is None:
            raise NotFound(NOTHING_HERE)
        rows = queries.list_conditions(session, case_class.id, today)
        answer = ConditionsOut(case_class=class_out(case_class), conditions=[condition_out(row) for row in rows])
    return jsonify(answer.model_dump(mode="json"))


def class_out(row: CaseClass) -> CatalogClassOut:
    """A class as the API gives it."""
    return CatalogClassOut(
        kind=row.kind,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        major_code=row.major_code,
        major_name=row.major_name,
        major_name_en=row.major_name_en,
        standard=row.standard.reference,
    )


def condition_out(row: FilingCondition) -> ConditionOut:
    """A filing condition as the API gives it."""
    return ConditionOut(
        code=row.code,
        text=row.text,
        text_en=row.text_en,
        closing=row.closing,
        closing_en=row.closing_en,
        limit_value=row.limit_value,
        limit_unit=row.limit_unit,
        calendar=row.calendar,
        limits=_limits_out(row),
        body_kind=row.body_kind,
        body=row.body_code,
        is_simple_allowed=row.is_simple_allowed,
        check_same_time=row.check_same_time,
        in_tier_2=row.in_tier_2,
        photos_before=row.photos_before,
        photos_after=row.photos_after,
        basis=row.basis,
        component_state=row.component_state,
        phase_name=row.phase_name,
        phase_name_en=row.phase_name_en,
        phases=[_phase_out(each) for each in row.phases],
        valid_from_on=row.valid_from_on,
        valid_until_on=row.valid_until_on,
    )


def _phase_out(row: ConditionPhase) -> PhaseOut:
    return PhaseOut(
        number=row.number,
        name=row.name,
        name_en=row.name_en,
        closing=row.closing,
        closing_en=row.closing_en,
        limit_value=row.limit_value,
        limit_unit=row.limit_unit,
        calendar=row.calendar,
        limits=_limits_out(row),
        body_kind=row.body_kind,
        body=row.body_code,
        check_before=row.check_before,
        photos_after=row.photos_after,
    )


def _limits_out(row: HasTerms) -> list[LevelLimitOut]:
    return [
        LevelLimitOut(
            area_level=each.area_level,
            limit_value=each.limit_value,
            limit_unit=each.limit_unit,
            calendar=each.calendar,
        )
        for each in row.limits
    ]
