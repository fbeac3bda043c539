"""What other rooms ask of the catalogue: classes, filing conditions and limits in force on a day of the city."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import BindParameter, ColumnElement, Date, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, contains_eager, selectinload

from cityops.catalog.models import (
    CASE_KIND_LABELS,
    CaseClass,
    CaseKind,
    ConditionPhase,
    FilingCondition,
    StageLimit,
    Standard,
)
from cityops.db import setting
from cityops.errors import Invalid, NotFound
from cityops.words import N_, Word

MAX_SEARCH = 1_000


def get_class(session: Session, kind: CaseKind, code: str, on: date) -> CaseClass:
    """The class of this kind and code.

    Raises:
        Invalid: there is none, or it is not in force on the day; the error names `class_code`.
    """
    known = _list_all_editions(session, kind, code)
    if not known:
        label = Word(CASE_KIND_LABELS[kind])
        raise Invalid("class_code", N_("There is no %(kind)s class %(code)s."), kind=label, code=code)
    for each in known:
        if each.is_in_force(on):
            return each
    newest = known[0]
    if on < newest.standard.valid_from_on:
        raise Invalid(
            "class_code",
            N_("The class %(code)s is not valid before %(day)s (%(standard)s)."),
            code=code,
            day=newest.standard.valid_from_on,
            standard=newest.standard.reference,
        )
    raise Invalid(
        "class_code",
        N_("The class %(code)s is no longer valid (%(standard)s): choose another."),
        code=code,
        standard=newest.standard.reference,
    )


def find_class(session: Session, kind: CaseKind, code: str, on: date) -> CaseClass | None:
    """The class of this kind and code in force on the day, or None."""
    return next((each for each in _list_all_editions(session, kind, code) if each.is_in_force(on)), None)


def list_classes(session: Session, on: date, kind: CaseKind | None = None) -> Sequence[CaseClass]:
    """The classes in force on the day, components first, by code."""
    query = _classes(on, kind).order_by(CaseClass.kind, CaseClass.code)
    return session.scalars(query).all()


def search_classes(
    session: Session, text: str, on: date, kind: CaseKind | None = None, limit: int = 20
) -> Sequence[CaseClass]:
    """The classes in which every word is found: in the code, in the names, in a filing condition; the likeliest first.

    An exact code goes before all; then what can be filed before what has no condition; then names that begin with the
    first word, then those that hold it, the shortest first. Words match anywhere, in a code from its beginning.
    """
    # Neither database takes what no keyboard writes: zero bytes and halves of characters.
    words = "".join(char if char.isprintable() else " " for char in text).split()
    if not words:
        return list_classes(session, on, kind)[:limit]
    is_fileable = exists().where(FilingCondition.class_id == CaseClass.id, _in_force(FilingCondition, on))
    query = _classes(on, kind).where(*(_mentions(word, on) for word in words))
    begins = or_(CaseClass.name.startswith(words[0], autoescape=True), _lower_starts(CaseClass.name_en, words[0]))
    named = _names(words[0])
    ranks = (CaseClass.code != words[0], ~is_fileable, ~begins, ~named)
    order = [
        *(func.coalesce(rank, True) for rank in ranks),
        func.length(CaseClass.name),
        CaseClass.kind,
        CaseClass.code,
    ]
    query = query.order_by(*order).limit(min(limit, MAX_SEARCH))
    return session.scalars(query).all()


def find_condition(session: Session, code: str, on: date) -> FilingCondition | None:
    """The filing condition of this code in force on the day, its class with it, or None."""
    if not code.isprintable():
        return None
    asked = {"code": code, "on": on}
    return setting(session, ("filing condition", code, on), lambda: session.scalar(_CONDITION, asked))


def get_condition(session: Session, condition_id: int) -> FilingCondition:
    """A filing condition a case names, in force or not.

    Raises:
        NotFound: there is no such row.
    """
    condition = session.get(FilingCondition, condition_id)
    if condition is None:
        raise NotFound(N_("There is no filing condition with the number %(id)s."), id=condition_id)
    return condition


def check_condition(session: Session, case_class: CaseClass, code: str, on: date) -> FilingCondition:
    """The filing condition of this code, which must be one of the class.

    Raises:
        Invalid: there is none in force on the day, or it belongs to another class; the error names `condition`.
    """
    condition = find_condition(session, code, on)
    if condition is None:
        raise Invalid("condition", N_("There is no filing condition %(code)s in force on %(on)s."), code=code, on=on)
    if condition.class_id != case_class.id:
        raise Invalid(
            "condition",
            N_("The filing condition %(code)s belongs to the class %(other)s, not to %(class_code)s."),
            code=code,
            other=condition.case_class.code,
            class_code=case_class.code,
        )
    return condition


def list_conditions(session: Session, class_id: int, on: date) -> Sequence[FilingCondition]:
    """A class's filing conditions in force on the day with their phases, in their order."""
    query = _conditions(on).where(FilingCondition.class_id == class_id).options(selectinload(FilingCondition.phases))
    return session.scalars(query.order_by(func.length(FilingCondition.code), FilingCondition.code)).all()


def list_conditions_of(session: Session, class_ids: Sequence[int], on: date) -> dict[int, list[FilingCondition]]:
    """The filing conditions of several classes with their phases, by class; a class without any is missing."""
    query = _conditions(on).where(FilingCondition.class_id.in_(class_ids))
    query = query.options(selectinload(FilingCondition.phases))
    found: dict[int, list[FilingCondition]] = {}
    for condition in session.scalars(query.order_by(func.length(FilingCondition.code), FilingCondition.code)):
        found.setdefault(condition.class_id, []).append(condition)
    return found


def list_conditions_in_force(session: Session, on: date) -> Sequence[FilingCondition]:
    """Every filing condition in force on the day with its class, by code: what an intake form offers."""
    return session.scalars(_conditions(on).order_by(FilingCondition.code)).all()


def list_phases_in_force(session: Session, on: date) -> Sequence[ConditionPhase]:
    """The further phases of every filing condition in force on the day, in their order."""
    conditions = _conditions(on).with_only_columns(FilingCondition.id, maintain_column_froms=True)
    phases = select(ConditionPhase).where(ConditionPhase.condition_id.in_(conditions))
    return session.scalars(phases.order_by(ConditionPhase.condition_id, ConditionPhase.number)).all()


def get_stage_limit(session: Session, clock: str, on: date) -> StageLimit:
    """The limit of a stage's clock on the day (`handle` has none: the filing condition sets it).

    Raises:
        NotFound: no limit is set for this clock.
    """
    asked = {"clock": clock, "on": on}
    limit = setting(session, ("stage limit", clock, on), lambda: session.scalar(_STAGE_LIMIT, asked))
    if limit is None:
        raise NotFound(N_("No limit is set for the clock “%(clock)s”: run `cityops catalog load`."), clock=clock)
    return limit


def list_stage_limits(session: Session, on: date) -> Sequence[StageLimit]:
    """The limits of all stages on the day, by the name of their clock."""
    return session.scalars(select(StageLimit).where(_in_force(StageLimit, on)).order_by(StageLimit.clock)).all()


def get_standard(session: Session, reference: str | None = None) -> Standard:
    """The standard of this reference; without one the only standard there is.

    Raises:
        NotFound: there is none, or there are several and none was named.
    """
    wanted = select(Standard) if reference is None else select(Standard).where(Standard.reference == reference)
    found = session.scalars(wanted.order_by(Standard.id)).all()
    if len(found) != 1:
        names = ", ".join(session.scalars(select(Standard.reference).order_by(Standard.id)))
        raise NotFound(N_("Name one of the standards: %(names)s."), names=names)
    return found[0]


def list_standards(session: Session, on: date) -> Sequence[Standard]:
    """The standards in force on the day, the oldest first."""
    return session.scalars(select(Standard).where(_in_force(Standard, on)).order_by(Standard.valid_from_on)).all()


def _classes(on: date, kind: CaseKind | None) -> Select[CaseClass]:
    query = select(CaseClass).join(CaseClass.standard).options(contains_eager(CaseClass.standard))
    query = query.where(_in_force(Standard, on), _is_running(CaseClass, on), _is_newest(on))
    return query if kind is None else query.where(CaseClass.kind == kind)


def _conditions(on: date | BindParameter[date]) -> Select[FilingCondition]:
    return (
        select(FilingCondition)
        .join(FilingCondition.case_class)
        .join(CaseClass.standard)
        .options(contains_eager(FilingCondition.case_class), selectinload(FilingCondition.limits))
        .where(_in_force(FilingCondition, on), _is_newest(on))
    )


def _is_newest(on: date | BindParameter[date]) -> ColumnElement[bool]:
    """Of two standards in force that have the same class, the newer one's class counts, and its conditions alone."""
    other, newer = aliased(CaseClass), aliased(Standard)
    same = and_(other.kind == CaseClass.kind, other.code == CaseClass.code, other.standard_id == newer.id)
    began_later = or_(
        newer.valid_from_on > Standard.valid_from_on,
        and_(newer.valid_from_on == Standard.valid_from_on, newer.id > Standard.id),
    )
    return ~exists().where(same, began_later, _in_force(newer, on), _is_running(other, on)).correlate(
        CaseClass, Standard
    )


def _is_running(classes: type[CaseClass], on: date | BindParameter[date]) -> ColumnElement[bool]:
    has_begun = or_(classes.begun_on.is_(None), classes.begun_on <= on)
    return and_(has_begun, or_(classes.ended_on.is_(None), classes.ended_on > on))


def _list_all_editions(session: Session, kind: CaseKind, code: str) -> Sequence[CaseClass]:
    """The class under every standard that has it, the newest first."""
    if not code.isprintable():
        return []
    asked = {"kind": kind, "code": code}
    return setting(session, ("class", kind, code), lambda: session.scalars(_EDITIONS, asked).all())


def _in_force(
    rows: type[Standard] | type[FilingCondition] | type[StageLimit], on: date | BindParameter[date]
) -> ColumnElement[bool]:
    return and_(rows.valid_from_on <= on, or_(rows.valid_until_on.is_(None), rows.valid_until_on >= on))


def _mentions(word: str, on: date) -> ColumnElement[bool]:
    in_condition = or_(
        FilingCondition.text.contains(word, autoescape=True), _lower_contains(FilingCondition.text_en, word)
    )
    of_class = exists().where(FilingCondition.class_id == CaseClass.id, _in_force(FilingCondition, on), in_condition)
    return or_(CaseClass.code.startswith(word, autoescape=True), _names(word), of_class)


def _names(word: str) -> ColumnElement[bool]:
    return or_(CaseClass.name.contains(word, autoescape=True), _lower_contains(CaseClass.name_en, word))


def _lower_contains(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], word: str
) -> ColumnElement[bool]:
    return func.lower(column).contains(word.lower(), autoescape=True)


def _lower_starts(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], word: str
) -> ColumnElement[bool]:
    return func.lower(column).startswith(word.lower(), autoescape=True)


# Built once: putting a statement together takes longer than running it.
_EDITIONS = (
    select(CaseClass)
    .join(CaseClass.standard)
    .options(contains_eager(CaseClass.standard))
    .where(CaseClass.kind == bindparam("kind"), CaseClass.code == bindparam("code"))
    .order_by(Standard.valid_from_on.desc(), Standard.id.desc())
)
_CONDITION = (
    _conditions(bindparam("on", type_=Date()))
    .where(FilingCondition.code == bindparam("code"))
    .order_by(FilingCondition.valid_from_on.desc())
    .limit(1)
)
_STAGE_LIMIT = select(StageLimit).where(
    StageLimit.clock == bindparam("clock"), _in_force(StageLimit, bindparam("on", type_=Date()))
)
