"""The sweep: open clocks, re-checks and tasks that a rule of warning speaks of, each claimed once, and the notices.

A rule claims its clocks in one statement; a unique key lets one sweep have each, however many run. So the work goes by
what has come since the last sweep, not by how many clocks are open.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal, select, tuple_, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Body
from cityops.accounts.posts import Post
from cityops.cases.models import Case
from cityops.cases.queries import still_in_charge
from cityops.db import UtcDateTime, insert_once
from cityops.notices.hours import Quiet
from cityops.notices.models import ClockWarning, Moment, Notice, NoticeKind, Owed, QuietHours, Recipient, WarningRule
from cityops.notices.recipients import POST_OF_CLOCK, Directory, Subject
from cityops.notices.watched import WATCHED, Watched
from cityops.patrol import drawing
from cityops.patrol.models import InspectorTask

KIND_OF_MOMENT = {Moment.STARTED: NoticeKind.WAITING, Moment.NEAR: NoticeKind.NEAR, Moment.DUE: NoticeKind.OVER}
MAX_TURNS = 12
# The scheduler is no metronome: a rule that speaks every ten minutes does so at the tenth minute, not the eleventh.
JITTER = timedelta(seconds=30)


@dataclass(frozen=True)
class _Claim:
    """A clock, re-check or task that a rule may speak of in this sweep, and nobody else."""

    key: int
    turn: int


def warn(session: Session, *, limit: int) -> int:
    """Speak of at most `limit` clocks, re-checks and tasks that rules have come to; how many it were.

    A clock that was near while nothing ran and is over by now is told of as over, once.
    """
    rules = session.scalars(select(WarningRule).where(WarningRule.is_active).order_by(WarningRule.id)).all()
    claims: list[tuple[WarningRule, list[_Claim]]] = []
    spoken = 0
    for rule in rules:
        claimed = _claim(session, rule, limit - spoken)
        spoken += len(claimed)
        if claimed:
            claims.append((rule, claimed))
    if claims:
        _settle_handed_on(session, claims)
        _tell(session, claims)
    return spoken


def pass_over(session: Session, rule: WarningRule) -> None:
    """Claim what has come to a rule by now without a word: one that is set anew tells nobody of what is long past.

    A rule that speaks again does so of these too, an interval later. What it speaks of already it goes on speaking of,
    and the duty list of urgent cases is climbed from its first rung: nobody on it is passed over.
    """
    if rule.recipient is not Recipient.DUTY_LIST or not rule.is_urgent_only:
        _claim(session, rule, None, unspoken_only=True)


def _claim(session: Session, rule: WarningRule, limit: int | None, *, unspoken_only: bool = False) -> list[_Claim]:
    moment, of = clock.now(), WATCHED[rule.owed]
    same = [of.named == of.key, ClockWarning.rule_id == rule.id, ClockWarning.due_at == of.due_at]
    said, turns = same, select(func.count()).select_from(ClockWarning).where(*same).scalar_subquery()
    turn: ColumnElement[int] = turns
    conditions = [*_has_come(rule, of, moment), of.runs]
    if rule.recipient is Recipient.HOLDER and of.holder is not None:
        # What was said before it was given to him was said to another.
        conditions.append(of.holder.is_not(None))
        said = [*same, ClockWarning.made_at >= of.begun_at]
    elif rule.every_minutes is None or unspoken_only:
        turn = literal(0)
    if rule.clock is not None:
        conditions.append(of.clock == rule.clock)
    if rule.is_urgent_only:
        conditions.append(exists().where(Case.id == of.case_id, of.is_urgent))
    if rule.every_minutes is None or unspoken_only:
        conditions.append(~exists().where(*said))
    else:
        lately = ClockWarning.made_at > moment - timedelta(minutes=rule.every_minutes) + JITTER
        conditions += [turns < MAX_TURNS, ~exists().where(*said, lately)]
    chosen = select(of.key, literal(rule.id), of.due_at, turn, literal(moment, UtcDateTime))
    claiming = insert_once(session, ClockWarning).from_select(
        [of.named.key, "rule_id", "due_at", "turn", "made_at"], chosen.where(*conditions).limit(limit)
    )
    claimed = session.execute(claiming.on_conflict_do_nothing().returning(of.named, ClockWarning.turn))
    return [_Claim(key, turn) for key, turn in claimed]


def _has_come(rule: WarningRule, of: Watched, moment: datetime) -> list[ColumnElement[bool]]:
    since = moment - timedelta(minutes=rule.after_minutes)
    if rule.moment is Moment.STARTED:
        return [of.begun_at <= since]
    if rule.moment is Moment.NEAR:
        return [of.warn_at <= since, of.due_at > moment]
    # What is over has been near: the index leads with that.
    return [of.warn_at <= since, of.due_at <= since]


def _settle_handed_on(session: Session, claims: list[tuple[WarningRule, list[_Claim]]]) -> None:
    """Who had a task before the one who is told of it now need not read of it any more."""
    keys = {
        claim.key
        for rule, claimed in claims
        if rule.recipient is Recipient.HOLDER and WATCHED[rule.owed].holder is not None
        for claim in claimed
    }
    tasks = session.scalars(select(InspectorTask).where(InspectorTask.id.in_(keys))) if keys else ()
    left = [(task.id, person_id) for task in tasks if (person_id := drawing.left_by(task)) is not None]
    if left:
        session.execute(
            update(Notice)
            .where(tuple_(Notice.task_id, Notice.person_id).in_(left))
            .where(Notice.read_at.is_(None), Notice.settled_at.is_(None))
            .values(settled_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def _tell(session: Session, claims: list[tuple[WarningRule, list[_Claim]]]) -> None:
    moment, directory = clock.now(), Directory(session)
    later = find_quiet(session).shown_at(moment, clock.CITY_ZONE)
    facts = {
        owed: _facts(session, of, {claim.key for rule, claimed in claims if rule.owed is owed for claim in claimed})
        for owed, of in WATCHED.items()
    }
    inspectors = _inspectors(session, [fact for each in facts.values() for fact in each.values()])
    rows: dict[Owed | None, list[dict[str, Any]]] = defaultdict(list)
    for rule, claimed in claims:
        of = WATCHED[rule.owed]
        for claim in claimed:
            fact = facts[rule.owed][claim.key]
            post = _post(of, fact)
            subject = Subject(fact.area_code, fact.path, post, inspectors[fact.case_id], fact.centre_id, fact.desk_id)
            contact = directory.find_contact(subject, claim.turn) if rule.recipient is Recipient.DUTY_LIST else None
            rows[rule.owed] += [
                {
                    "person_id": person_id,
                    "kind": KIND_OF_MOMENT[rule.moment],
                    "case_id": fact.case_id,
                    of.named.key: claim.key,
                    "due_at": fact.due_at,
                    "turn": claim.turn,
                    "is_urgent": fact.is_urgent,
                    "call": contact.name if contact is not None else None,
                    "made_at": moment,
                    "show_at": moment if fact.is_urgent or directory.is_on_duty(person_id) else later,
                }
                for person_id in directory.find(rule.recipient, subject, claim.turn)
            ]
    for told in filter(None, rows.values()):
        # Who is told by two rules at once, holding two posts at night, reads it once.
        session.execute(insert_once(session, Notice).on_conflict_do_nothing(), told)


def _post(of: Watched, fact: Any) -> Post:
    """Who has to act: at a desk that has the case, its dispatcher."""
    if of.post is not None:
        return of.post
    return Post.DISPATCHER if fact.desk_since_at else POST_OF_CLOCK.get(fact.clock, Post.DUTY_LEADER)


def find_quiet(session: Session) -> Quiet:
    """The city's quiet hours; none where no row says so."""
    row = session.scalar(select(QuietHours))
    return Quiet(row.from_minute, row.until_minute) if row is not None else Quiet(0, 0)


def _facts(session: Session, of: Watched, keys: Collection[int]) -> dict[int, Any]:
    """What the notices need of each clock, re-check or task and its case."""
    if not keys:
        return {}
    rows = session.execute(
        select(
            of.key.label("key"),
            of.clock.label("clock"),
            of.due_at.label("due_at"),
            Case.id.label("case_id"),
            Case.area_code,
            still_in_charge(Case.centre_id).label("centre_id"),
            still_in_charge(Case.desk_id).label("desk_id"),
            Case.desk_since_at,
            Body.path,
            of.is_urgent.label("is_urgent"),
            literal(of.post).label("post"),
        )
        .select_from(of.key.parent)
        .join(Case, Case.id == of.case_id)
        .outerjoin(Body, Body.id == of.body_id)
        .where(of.key.in_(keys))
    )
    return {row.key: row for row in rows}


def _inspectors(session: Session, facts: Collection[Any]) -> dict[int, tuple[int, ...]]:
    """Who has the open task of each case that waits for an inspector."""
    found: dict[int, tuple[int, ...]] = defaultdict(tuple)
    waiting = {fact.case_id for fact in facts if (fact.post or POST_OF_CLOCK.get(fact.clock)) == Post.INSPECTOR}
    for case_id, person_id in session.execute(
        select(InspectorTask.case_id, InspectorTask.person_id).where(
            InspectorTask.case_id.in_(waiting), InspectorTask.done_at.is_(None)
        )
    ):
        if person_id is not None:
            found[case_id] += (person_id,)
    return found
