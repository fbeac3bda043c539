"""The verbs of the notices' administration: rules of warning and quiet hours, which are the whole city's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import audit
from cityops.accounts.administration import is_city_administrator, must_administer
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.cases.names import ClockName
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.notices.hours import DAY_MINUTES, Quiet
from cityops.notices.models import ClockWarning, Moment, Owed, QuietHours, Recipient, WarningRule
from cityops.notices.sweeping import pass_over
from cityops.words import N_

MOST_MINUTES = 30 * DAY_MINUTES
LEAST_EVERY = 5
COUNTED_DAYS = 7

_WITHOUT_BODY = frozenset({ClockName.ACCEPT, ClockName.VERIFY, ClockName.FILE, ClockName.DISPATCH})
_OF_THE_BODY = frozenset({Recipient.HANDLER, Recipient.BODY_ABOVE, Recipient.DUTY_LIST})


@dataclass(frozen=True)
class NewWarning:
    """A rule of warning as it is to be; `models.WarningRule` says what its parts mean."""

    clock: ClockName | None
    moment: Moment
    after_minutes: int
    every_minutes: int | None
    recipient: Recipient
    is_urgent_only: bool
    owed: Owed | None = None


def list_rules(session: Session, viewer: Viewer) -> Sequence[WarningRule]:
    """Every rule of the city, those that speak first."""
    must_administer(viewer)
    return session.scalars(select(WarningRule).order_by(WarningRule.is_active.desc(), WarningRule.id)).all()


def count_spoken(session: Session) -> Mapping[int, int]:
    """How often each rule has spoken in the last days, by its number; one that has not is missing."""
    since = clock.now() - timedelta(days=COUNTED_DAYS)
    counts = select(ClockWarning.rule_id, func.count().label("times")).where(ClockWarning.made_at > since)
    return {row.rule_id: row.times for row in session.execute(counts.group_by(ClockWarning.rule_id))}


def get_rule(session: Session, viewer: Viewer, number: int) -> WarningRule:
    """The rule of this number.

    Raises:
        NotFound: there is none.
    """
    must_administer(viewer)
    return _found(session.get(WarningRule, number), number)


def add_rule(session: Session, viewer: Viewer, new: NewWarning) -> WarningRule:
    """Add a rule; it speaks of clocks that come to its moment from now on.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        Invalid: a rule that reaches nobody, that cannot be, or that there is already.
    """
    _must_set(viewer)
    return _keep(session, viewer, None, new)


def change_rule(session: Session, viewer: Viewer, number: int, new: NewWarning) -> WarningRule:
    """Change a rule, or let one speak again that has ended; what it has said stays said.

    Raises:
        NotAllowed, Invalid: as `add_rule`.
        NotFound: there is no such rule.
    """
    _must_set(viewer)
    return _keep(session, viewer, _locked(session, number).id, new)


def end_rule(session: Session, viewer: Viewer, number: int) -> None:
    """Let a rule speak no more.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
        NotFound: there is no such rule.
        WrongState: it has ended already.
    """
    _must_set(viewer)
    rule = _locked(session, number)
    if not rule.is_active:
        raise WrongState(N_("Rule #%(number)s has ended already."), number=number)
    rule.is_active = False
    audit.record(session, viewer.person_id, AuditAction.WARNING_RULE_ENDED, f"#{number}")


def set_quiet(session: Session, viewer: Viewer, quiet: Quiet) -> None:
    """Set the city's quiet hours, for the notices that are made from now on; two equal times are none.

    Raises:
        NotAllowed: the viewer does not administer the whole city.
    """
    _must_set(viewer)
    row = session.scalar(select(QuietHours).with_for_update()) or QuietHours()
    row.from_minute, row.until_minute = quiet.from_minute, quiet.until_minute
    session.add(row)
    hours = "–".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (quiet.from_minute, quiet.until_minute))
    audit.record(session, viewer.person_id, AuditAction.QUIET_HOURS_SET, hours)


def may_set(viewer: Viewer) -> bool:
    """Whether the viewer may change what warns the whole city."""
    return is_city_administrator(viewer)


def _must_set(viewer: Viewer) -> None:
    must_administer(viewer)
    if not may_set(viewer):
        raise NotAllowed(N_("Warnings are the whole city's: ask the city's administrator."))


def _keep(session: Session, viewer: Viewer, number: int | None, new: NewWarning) -> WarningRule:
    _check(new)
    _refuse_twin(session, new, number)
    rule = session.merge(WarningRule(id=number, is_active=True, **asdict(new)))
    session.flush()
    pass_over(session, rule)
    audit.record(session, viewer.person_id, AuditAction.WARNING_RULE_SET, _subject(rule))
    return rule


def _check(new: NewWarning) -> None:
    if not 0 <= new.after_minutes <= MOST_MINUTES:
        raise Invalid("after_minutes", N_("Between 0 and %(most)s minutes."), most=MOST_MINUTES)
    if new.every_minutes is not None and not LEAST_EVERY <= new.every_minutes <= MOST_MINUTES:
        message = N_("Between %(least)s and %(most)s minutes, or nothing.")
        raise Invalid("every_minutes", message, least=LEAST_EVERY, most=MOST_MINUTES)
    if new.recipient is Recipient.DUTY_LIST and new.every_minutes is None:
        raise Invalid("every_minutes", N_("The duty list is climbed rung by rung: say after how long each time."))
    if new.recipient in _OF_THE_BODY and new.clock in _WITHOUT_BODY:
        raise Invalid("recipient", N_("No body has the case while this clock runs: this would reach nobody."))
    if new.clock is not None and new.owed is not None:
        raise Invalid("owed", N_("A rule speaks of a clock or of what is owed beside the clocks, not of both."))
    if new.owed is Owed.RECHECK:
        _check_of_recheck(new)


def _check_of_recheck(new: NewWarning) -> None:
    """A re-check counts in days, is nobody's emergency, and is no concern of who is judged by it."""
    if new.moment is Moment.NEAR:
        raise Invalid("moment", N_("A re-check counts in days: choose its begin or its limit."))
    if new.recipient in _OF_THE_BODY:
        raise Invalid("recipient", N_("A re-check is not told to the body that it judges."))
    if new.is_urgent_only:
        raise Invalid("is_urgent_only", N_("No re-check is urgent: this would reach nobody."))


def _refuse_twin(session: Session, new: NewWarning, own_number: int | None) -> None:
    alike = select(WarningRule).where(
        WarningRule.is_active,
        WarningRule.clock.is_(None) if new.clock is None else WarningRule.clock == new.clock,
        WarningRule.owed.is_not_distinct_from(new.owed),
        WarningRule.moment == new.moment,
        WarningRule.after_minutes == new.after_minutes,
        WarningRule.recipient == new.recipient,
        WarningRule.is_urgent_only == new.is_urgent_only,
    )
    twin = next((rule for rule in session.scalars(alike) if rule.id != own_number), None)
    if twin is not None:
        raise Invalid("recipient", N_("Rule #%(number)s says the same already."), number=twin.id)


def _locked(session: Session, number: int) -> WarningRule:
    query = select(WarningRule).where(WarningRule.id == number).with_for_update()
    return _found(session.scalar(query.execution_options(populate_existing=True)), number)


def _found(rule: WarningRule | None, number: int) -> WarningRule:
    if rule is None:
        raise NotFound(N_("There is no rule #%(number)s."), number=number)
    return rule


def _subject(rule: WarningRule) -> str:
    again = f" / {rule.every_minutes}" if rule.every_minutes is not None else ""
    urgent = " urgent" if rule.is_urgent_only else ""
    clock_name = rule.watches.value if rule.watches is not None else "*"
    return f"#{rule.id}: {clock_name}{urgent} {rule.moment.value} +{rule.after_minutes}{again} → {rule.recipient.value}"
