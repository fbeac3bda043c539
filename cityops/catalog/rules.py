"""The city's responsibility rules: read, found for a case, added, ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, String, and_, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, contains_eager, joinedload

from cityops import clock
from cityops.accounts import administration, audit
from cityops.accounts.bodies import responsible
from cityops.accounts.models import AuditAction, Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.catalog import duties, queries
from cityops.catalog.duties import Matter, RuleBook
from cityops.catalog.models import KIND_LETTERS, ResponsibilityRule
from cityops.catalog.phases import FIRST_PHASE
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.words import N_

AREA_LENGTHS = (6, 9, 12)
MAX_NOTE, MAX_REFERENCE = 200, 100

_KIND_OF = {letter: kind for kind, letter in KIND_LETTERS.items()}


@dataclass(frozen=True)
class NewRule:
    """A rule to add: an empty class, condition or area stands for all; both days are included.

    `condition_code` may name one phase of handling under the condition: `C01037-3.2`.
    """

    body: str
    class_key: str = ""
    condition_code: str = ""
    area_prefix: str = ""
    from_on: date | None = None
    until_on: date | None = None
    reference: str = ""
    note: str = ""


@dataclass(frozen=True)
class RuleFilter:
    """What the list of rules is narrowed to; None does not narrow."""

    class_key: str | None = None
    area: str | None = None
    body: str | None = None
    is_ended: bool = False


def find_winning(session: Session, matters: Mapping[int, Matter], on: date) -> dict[int, list[ResponsibilityRule]]:
    """The rules that win on a day, by the key of the matter, in one query: several where equal ones disagree.

    Rules that name a closed body are passed over; a matter for which there is none is missing.
    """
    if not matters:
        return {}
    areas = {matter.area_code[:length] for matter in matters.values() for length in AREA_LENGTHS}
    query = _in_force(on).where(
        ResponsibilityRule.class_key.in_({"", *(matter.class_key for matter in matters.values())}),
        ResponsibilityRule.area_prefix.in_({"", *areas}),
    )
    book = RuleBook(session.scalars(query).all(), on)
    chosen = {key: book.choose(matter) for key, matter in matters.items()}
    return {key: winners for key, winners in chosen.items() if winners}


def list_in_force(session: Session, on: date) -> Sequence[ResponsibilityRule]:
    """Every rule of a day that names a body which is open then, by number."""
    return session.scalars(_in_force(on)).all()


def _in_force(on: date) -> Select[ResponsibilityRule]:
    query = select(ResponsibilityRule).join(ResponsibilityRule.body).options(contains_eager(ResponsibilityRule.body))
    return query.where(ResponsibilityRule.valid_from_on <= on, lasts_until(on), responsible(on)).order_by(
        ResponsibilityRule.id
    )


def lasts_until(on: date) -> ColumnElement[bool]:
    """Whether a rule holds on a day or will, as SQL."""
    return or_(ResponsibilityRule.valid_until_on.is_(None), ResponsibilityRule.valid_until_on >= on)


def list_rules(
    session: Session, viewer: Viewer, wanted: RuleFilter, *, after: int = 0, limit: int = 50
) -> Sequence[ResponsibilityRule]:
    """The rules with their bodies by number: those that hold or will, or those that have ended."""
    administration.must_administer(viewer)
    lasts = lasts_until(clock.today())
    query = select(ResponsibilityRule).join(ResponsibilityRule.body).options(contains_eager(ResponsibilityRule.body))
    query = query.where(ResponsibilityRule.id > after, ~lasts if wanted.is_ended else lasts)
    if wanted.class_key is not None:
        query = query.where(ResponsibilityRule.class_key == wanted.class_key)
    if wanted.area is not None:
        query = query.where(ResponsibilityRule.area_prefix == wanted.area)
    if wanted.body is not None:
        query = query.where(Body.code == wanted.body)
    return session.scalars(query.order_by(ResponsibilityRule.id).limit(limit)).all()


def get_rule(session: Session, viewer: Viewer | None, number: int) -> ResponsibilityRule:
    """The rule of this number with its body.

    Raises:
        NotFound: there is none.
    """
    administration.must_administer(viewer)
    rule = session.get(ResponsibilityRule, number, options=[joinedload(ResponsibilityRule.body)])
    if rule is None:
        raise NotFound(N_("There is no rule #%(number)s."), number=number)
    return rule


def may_change(viewer: Viewer | None, area_prefix: str) -> bool:
    """Whether an administrator's own area holds all of a rule's; the whole city's are the city administrator's."""
    if viewer is None or administration.is_city_administrator(viewer):
        return True
    low, high = area_prefix.ljust(12, "0"), area_prefix.ljust(12, "9")
    spans = [span for held in viewer.holding(Post.ADMINISTRATOR) for span in held.ranges]
    return bool(area_prefix) and any(first <= low and high <= last for first, last in spans)


def changeable(viewer: Viewer, area_prefix: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """`may_change` as SQL."""
    if administration.is_city_administrator(viewer):
        return true()
    low, high = (func.substr(area_prefix + fill * 12, 1, 12, type_=String) for fill in "09")
    spans = [span for held in viewer.holding(Post.ADMINISTRATOR) for span in held.ranges]
    return and_(area_prefix != "", or_(false(), *(and_(low >= first, high <= last) for first, last in spans)))


def _must_change(viewer: Viewer | None, area_prefix: str) -> None:
    administration.must_administer(viewer)
    if not may_change(viewer, area_prefix):
        raise NotAllowed(N_("The rules of this area are the city administrator's."))


def add_rule(session: Session, viewer: Viewer, new: NewRule) -> ResponsibilityRule:
    """Add a rule that holds from today or a later day.

    Raises:
        NotAllowed, Invalid: as `draft_rule`.
    """
    # Whoever adds a rule for the same body meanwhile waits here, and then sees this one.
    session.execute(select(Body.id).where(Body.code == new.body).with_for_update())
    rule = draft_rule(session, viewer, new)
    session.add(rule)
    session.flush()
    audit.record(session, viewer.person_id, AuditAction.RULE_ADDED, _subject(rule))
    return rule


def draft_rule(session: Session, viewer: Viewer | None, new: NewRule) -> ResponsibilityRule:
    """The rule as it would be added, kept nowhere; None for the viewer stands for the command line.

    Raises:
        NotAllowed: no administrator, or of another area.
        Invalid: a class, condition, area, body or day that cannot be, or a rule that says the same already.
    """
    _must_change(viewer, new.area_prefix)
    first_on = new.from_on or clock.today()
    _check_days(first_on, new.until_on)
    class_key, condition_code, phase = _subject_of(session, new, first_on)
    check_subject(session, class_key, new.area_prefix, first_on)
    body = session.scalar(select(Body).where(Body.code == new.body, responsible(first_on)))
    if body is None:
        raise Invalid("body", N_("There is no responsible body with this code."))
    rule = ResponsibilityRule(
        class_key=class_key,
        condition_code=condition_code,
        phase=phase,
        area_prefix=new.area_prefix,
        body_id=body.id,
        body=body,
        valid_from_on=first_on,
        valid_until_on=new.until_on,
        reference=_checked_text("reference", new.reference, MAX_REFERENCE),
        note=_checked_text("note", new.note, MAX_NOTE),
    )
    _refuse_twin(session, rule)
    return rule


def end_rule(session: Session, viewer: Viewer, number: int, last_on: date) -> ResponsibilityRule:
    """Say a rule's last day: yesterday at the earliest, for what is past was proposed by it.

    Raises:
        NotFound: there is no such rule.
        NotAllowed: no administrator, or of another area.
        WrongState: it has ended.
        Invalid: the day is past, or later than the one that is set.
    """
    administration.must_administer(viewer)
    query = select(ResponsibilityRule).where(ResponsibilityRule.id == number).with_for_update()
    rule = session.scalar(query.execution_options(populate_existing=True))
    if rule is None:
        raise NotFound(N_("There is no rule #%(number)s."), number=number)
    _must_change(viewer, rule.area_prefix)
    today = clock.today()
    if rule.valid_until_on is not None and rule.valid_until_on < today:
        raise WrongState(N_("Rule #%(number)s has ended already."), number=number)
    if last_on < today - timedelta(days=1):
        raise Invalid("last_on", N_("A rule ends yesterday at the earliest: what is past was proposed by it."))
    if rule.valid_until_on is not None and last_on > rule.valid_until_on:
        raise Invalid("last_on", N_("The rule ends before that day: add another one instead."))
    rule.valid_until_on = last_on
    audit.record(session, viewer.person_id, AuditAction.RULE_ENDED, f"#{rule.id}")
    return rule


def _check_days(first_on: date, last_on: date | None) -> None:
    if first_on < clock.today():
        raise Invalid("from_on", N_("A rule begins today at the earliest."))
    if last_on is not None and last_on < first_on:
        raise Invalid("until_on", N_("The last day lies before the first."))


def check_subject(session: Session, class_key: str, area_prefix: str, on: date) -> None:
    """Refuse what no rule can be about; an empty class or area stands for all.

    Raises:
        Invalid: there is no such class in force on the day, or the area is none; the error names the field.
    """
    kind = _KIND_OF.get(class_key[:1])
    if class_key and (kind is None or queries.find_class(session, kind, class_key[1:], on) is None):
        raise Invalid("class_key", N_("There is no class %(code)s in force on that day."), code=class_key[:8])
    if area_prefix and (len(area_prefix) not in AREA_LENGTHS or not area_prefix.isascii() or not area_prefix.isdigit()):
        raise Invalid("area", N_("An area is a district's, street's or community's code."))


def _subject_of(session: Session, new: NewRule, on: date) -> tuple[str, str, int | None]:
    """The class, condition and phase a rule is about; the condition says its class too."""
    if not new.condition_code:
        return new.class_key, "", None
    code, dot, number = new.condition_code.partition(".")
    condition = queries.find_condition(session, code, on)
    if condition is None:
        raise Invalid("condition", N_("Choose a filing condition that is in force."))
    if new.class_key not in ("", condition.case_class.key):
        raise Invalid("condition", N_("This filing condition belongs to another class."))
    if not dot:
        return condition.case_class.key, code, None
    first = {str(FIRST_PHASE): condition} if condition.phase_name else {}
    terms = (first | {str(each.number): each for each in condition.phases}).get(number)
    if terms is None:
        raise Invalid("condition", N_("This filing condition has no phase %(number)s."), number=number[:8])
    if terms.body_kind is None:
        raise Invalid(
            "condition", N_("In phase %(number)s the same body goes on: no rule names another."), number=number
        )
    return condition.case_class.key, code, int(number)


def _refuse_twin(session: Session, rule: ResponsibilityRule) -> None:
    alike = select(ResponsibilityRule).where(
        ResponsibilityRule.class_key == rule.class_key,
        ResponsibilityRule.condition_code == rule.condition_code,
        ResponsibilityRule.phase.is_not_distinct_from(rule.phase),
        ResponsibilityRule.area_prefix == rule.area_prefix,
        ResponsibilityRule.body_id == rule.body_id,
        lasts_until(rule.valid_from_on),
    )
    twin = next((each for each in session.scalars(alike) if duties.overlap(each, rule)), None)
    if twin is not None:
        raise Invalid("body", N_("Rule #%(number)s says the same already."), number=twin.id)


def _subject(rule: ResponsibilityRule) -> str:
    what = rule.phase_code or rule.class_key or "*"
    return f"#{rule.id}: {what} @ {rule.area_prefix or '*'} → {rule.body.code}"


def _checked_text(field: str, text: str, longest: int) -> str:
    words = " ".join(text.split())
    if len(words) > longest or not words.isprintable():
        raise Invalid(field, N_("Write at most %(longest)s characters."), longest=longest)
    return words
