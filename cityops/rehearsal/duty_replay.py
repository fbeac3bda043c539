"""The cases of the last months dispatched anew under another set of responsibility rules: nothing is touched.

The rules of the day from which the change is to hold are taken for all of the time that is looked at, once without the
change and once with it. Where both propose the same, a case counts as it went. Otherwise it is taken to have gone to
the body that would have been proposed, and to have taken it the time that it took.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from cityops.accounts.bodies import find_responsible
from cityops.accounts.models import Body
from cityops.accounts.viewer import Viewer
from cityops.cases.proposals import Proposal, body_of_phase, list_wishes, pick
from cityops.catalog import rules
from cityops.catalog.duties import Matter, RuleBook, subject_of
from cityops.catalog.models import FilingCondition, ResponsibilityRule
from cityops.catalog.phases import FIRST_PHASE
from cityops.catalog.rules import NewRule
from cityops.rehearsal.duty_past import PastCase, list_past
from cityops.rehearsal.replay import first_day


@dataclass(frozen=True)
class RuleChange:
    """A rule more, or rules less, on the day from which that is to hold.

    Attributes:
        subject: the rule whose matter is looked at: no other case can go elsewhere.
        ended: the numbers of the rules that would not hold any more.
    """

    on: date
    subject: ResponsibilityRule
    added: ResponsibilityRule | None = None
    ended: frozenset[int] = frozenset()


class Outcome(StrEnum):
    """What becomes of a case that would have been proposed for another body than it was given to."""

    MOVED = "moved"
    SPARED = "spared"
    SENT_BACK = "sent_back"


@dataclass(frozen=True, slots=True)
class Redirected:
    """A case that would have gone elsewhere, and why: by which proposal."""

    past: PastCase
    proposal: Proposal
    body: Body
    outcome: Outcome


@dataclass(slots=True)
class Account:
    """What a body has: how many cases, how many of them late, and how many cases it sent back."""

    cases: int = 0
    late: int = 0
    sent_back: int = 0


@dataclass
class DutyRehearsal:
    """What came of it.

    Attributes:
        total: the dispatched cases of the rule's matter that were filed since the day.
        as_went: how many of them would be proposed for another body than today, and went there anyway.
        undecided: how many would be left to a dispatcher's choice that are not today.
        lost: the time that spared cases lost with bodies that sent them back.
        before, after: by the key of the body.
        redirected: the newest of the cases that would have gone elsewhere; `outcomes` counts all of them.
        is_whole: whether every case since the first day was looked at.
    """

    since_on: date
    total: int = 0
    as_went: int = 0
    undecided: int = 0
    lost: timedelta = timedelta()
    before: dict[int, Account] = field(default_factory=dict)
    after: dict[int, Account] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    redirected: list[Redirected] = field(default_factory=list)
    is_whole: bool = True

    @property
    def body_ids(self) -> set[int]:
        """The keys of all bodies that are named here."""
        firsts = {each.past.first_id for each in self.redirected}
        return firsts | self.before.keys() | self.after.keys()

    def list_changed(self) -> list[tuple[int, Account, Account]]:
        """The bodies for which it would have been otherwise, those that gain most cases first."""
        pairs = ((key, self.before.get(key, Account()), account) for key, account in self.after.items())
        gone = ((key, account, Account()) for key, account in self.before.items() if key not in self.after)
        changed = (each for each in (*pairs, *gone) if each[1] != each[2])
        return sorted(changed, key=lambda each: (each[1].cases - each[2].cases, each[0]))


def adding(session: Session, viewer: Viewer | None, new: NewRule, *, ends_others: bool = False) -> RuleChange:
    """A rule more; `ends_others` leaves out those that say of the same that it is another body's.

    Raises:
        NotAllowed, Invalid: as adding it would be refused.
    """
    rule = rules.draft_rule(session, viewer, new)
    alike = {
        each.id for each in rules.list_in_force(session, rule.valid_from_on) if subject_of(each) == subject_of(rule)
    }
    return RuleChange(rule.valid_from_on, rule, rule, frozenset(alike) if ends_others else frozenset())


def ending(session: Session, viewer: Viewer | None, number: int, last_on: date) -> RuleChange:
    """A rule less after its last day.

    Raises:
        NotFound: there is no such rule.
        NotAllowed: the viewer is no administrator.
    """
    rule = rules.get_rule(session, viewer, number)
    return RuleChange(last_on + timedelta(days=1), rule, ended=frozenset({number}))


def rehearse(
    session: Session,
    viewer: Viewer | None,
    change: RuleChange,
    months: int,
    *,
    most_redirected: int = 200,
    most_cases: int | None = None,
) -> DutyRehearsal:
    """Dispatch the cases filed in the last months anew, in a fixed number of queries.

    Args:
        most_redirected: how many of the cases that would have gone elsewhere are kept; all are counted.
        most_cases: how many cases are looked at, the newest; None for all.

    Raises:
        Invalid: the months are none, or too many.
    """
    result = DutyRehearsal(first_day(months))
    past = list_past(session, viewer, result.since_on, change.subject, most_cases and most_cases + 1)
    result.is_whole = most_cases is None or len(past) <= most_cases
    standing = rules.list_in_force(session, change.on)
    wanted = [rule for rule in standing if rule.id not in change.ended]
    if change.added is not None:
        wanted.append(change.added)
    bodies = find_responsible(session, change.on)
    whole = select(FilingCondition).options(selectinload(FilingCondition.phases))
    conditions, phase = {row.id: row for row in session.scalars(whole)}, change.subject.phase or FIRST_PHASE
    before, after = (Proposer(each, change.on, bodies, conditions, phase) for each in (standing, wanted))
    for case in past[:most_cases]:
        _count(result, case, before.propose(case), after.propose(case), most_redirected)
    return result


class Proposer:
    """Who would be proposed for a case by these rules; what is alike is worked out once."""

    def __init__(
        self,
        standing: Sequence[ResponsibilityRule],
        on: date,
        bodies: Mapping[str, Body],
        conditions: Mapping[int, FilingCondition],
        phase: int,
    ) -> None:
        self._book, self._bodies, self._conditions = RuleBook(standing, on), bodies, conditions
        self._phase = phase
        self._found: dict[tuple[str, int | None, str, str], Proposal | None] = {}

    def propose(self, case: PastCase) -> Proposal | None:
        """The proposal; None where there is none."""
        alike = case.class_key, case.condition_id, case.area_code, case.keeper
        if alike not in self._found:
            condition = self._conditions.get(case.condition_id or 0)
            matter = Matter(case.class_key, condition.code if condition else "", case.area_code, self._phase)
            won, wished = self._book.choose(matter), list_wishes(condition, case.area_code)
            named = body_of_phase(condition, self._phase, case.area_code) if condition is not None else ""
            keeper, of_phase = self._bodies.get(case.keeper), self._bodies.get(named)
            self._found[alike] = pick(keeper, of_phase, won, wished, self._bodies, {})
        return self._found[alike]


def _count(
    result: DutyRehearsal, case: PastCase, before: Proposal | None, after: Proposal | None, most_redirected: int
) -> None:
    result.total += 1
    body_before, body = (proposal.body if proposal is not None else None for proposal in (before, after))
    outcome = None
    if body is None:
        result.undecided += body_before is not None
    elif body is not body_before and body.id == case.first_id:
        result.as_went += 1
    elif body is not body_before:
        outcome = _outcome(case, body)
    _enter(result.before, case, case.last_id, case.sent_back_by)
    if outcome is None or body is None or after is None:
        _enter(result.after, case, case.last_id, case.sent_back_by)
        return
    result.outcomes[outcome] += 1
    if outcome is Outcome.SPARED:
        result.lost += case.detour
    is_back = outcome is Outcome.SENT_BACK
    _enter(result.after, case, case.last_id if is_back else body.id, (body.id,) if is_back else ())
    if len(result.redirected) < most_redirected:
        result.redirected.append(Redirected(case, after, body, outcome))


def _outcome(case: PastCase, body: Body) -> Outcome:
    """Who once sent a case back is taken to do so again."""
    if body.id == case.last_id:
        return Outcome.SPARED if case.sent_back_by else Outcome.MOVED
    return Outcome.SENT_BACK if body.id in case.sent_back_by else Outcome.MOVED


def _enter(accounts_of: dict[int, Account], case: PastCase, body_id: int, sent_back_by: Sequence[int]) -> None:
    account = accounts_of.setdefault(body_id, Account())
    account.cases += 1
    account.late += case.is_late
    for sender in sent_back_by:
        accounts_of.setdefault(sender, Account()).sent_back += 1
