"""Re-checks (抽查, 复核): draw a sample of closed cases, have each looked at once more, and follow what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import Session

from cityops import clock, milestones
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS, Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import attachments, services
from cityops.cases import queries as cases
from cityops.cases.at_place import Manner
from cityops.cases.attachments import Photo
from cityops.cases.models import AttachmentKind, Case, CaseEvent
from cityops.cases.names import Stage
from cityops.cases.office import CaseOffice
from cityops.cases.services import StepRequest
from cityops.cases.workflow import SUPERVISION
from cityops.catalog import rules as catalog
from cityops.crypto import Keys
from cityops.errors import Invalid, NotAllowed, WrongState
from cityops.patrol import recheck_draw
from cityops.patrol import recheck_queries as queries
from cityops.patrol.choosing import Rules, Wait
from cityops.patrol.models import InspectorTask, TaskKind
from cityops.patrol.queries import get_rules
from cityops.patrol.recheck_models import Recheck, RecheckEnd, RecheckSample
from cityops.patrol.recheck_queries import ClosedCase, Narrow
from cityops.patrol.sampling import Drawn, Wanted
from cityops.words import N_

SEES = (*SUPERVISION, Post.LEADER)
"""Who looks at samples; the supervision side draws them."""

MOST_DAYS = 92
MOST_CLOSED = 300_000
MOST_DRAWN = 2_000
AT_DESK = frozenset({Manner.BY_VIDEO, Manner.BY_PHOTO})
"""How a closed case is judged by one who does not go there."""

DRAWN_UNTIL = "simple and waived cases drawn until"
"""The milestone up to which cases put right on the spot, or closed without a check, were drawn by the city's rule."""


@dataclass(frozen=True)
class NewSample:
    """A sample to draw: the cases closed from one city day to another, narrowed; a share of them or a number."""

    from_on: date
    until_on: date
    percent: int | None = None
    number: int | None = None
    area_prefix: str = ""
    class_key: str = ""
    body: str = ""
    manner: Manner | None = None


def draw(session: Session, viewer: Viewer, keys: Keys, new: NewSample) -> RecheckSample:
    """Draw a sample of the closed cases in the viewer's area, and ask for a re-check of each.

    Flagged checks and those by the reporter himself are always in it; of waived checks and of cases put right on the
    spot the city's shares.

    Raises:
        NotAllowed: the supervision side draws.
        Invalid: days, an area, class, body or share that cannot be; nothing to draw from; too much at once.
    """
    acting = viewer.only(*SUPERVISION)
    if not acting.held:
        raise NotAllowed(N_("The supervision side draws samples."))
    body = _checked(session, new)
    rules = get_rules(session)
    wanted = Wanted(rules.waived_percent, rules.simple_percent, new.percent, new.number)
    sample = RecheckSample(
        drawn_by=viewer.person_id,
        from_on=new.from_on,
        until_on=new.until_on,
        area_prefix=new.area_prefix,
        class_key=new.class_key,
        body_id=body.id if body is not None else None,
        manner=new.manner,
        percent=new.percent,
        number=new.number,
    )
    narrow = Narrow(*_moments(new.from_on, new.until_on), new.area_prefix, new.class_key, body, new.manner)
    closed = queries.list_closed(session, cases.scope(acting), narrow, MOST_CLOSED + 1)
    if len(closed) > MOST_CLOSED:
        raise Invalid("until_on", N_("These are more than %(most)s cases: draw from fewer days."), most=MOST_CLOSED)
    if not _fill(session, keys, sample, closed, wanted, rules):
        raise Invalid("until_on", N_("No case of these days is left to be drawn: choose others."))
    return sample


def draw_by_rule(session: Session, keys: Keys) -> RecheckSample | None:
    """Draw the city's share of what was put right on the spot, or closed without a check, until yesterday; once.

    The days that were missed are drawn in one sample. None where they hold nothing to draw.
    """
    today = clock.today()
    midnight = datetime.combine(today, time.min, clock.CITY_ZONE)
    milestones.keep(session, DRAWN_UNTIL, midnight - timedelta(days=1))
    since = milestones.find_milestone(session, DRAWN_UNTIL) or midnight
    if not milestones.move_on(session, DRAWN_UNTIL, due_by=midnight - timedelta(days=1), to=midnight):
        return None
    from_on = max(clock.city_day(since), today - timedelta(days=MOST_DAYS))
    until_on = today - timedelta(days=1)
    sample = RecheckSample(drawn_by=None, from_on=from_on, until_on=until_on, area_prefix="", class_key="")
    seen: ColumnElement[bool] = true()
    closed = queries.list_closed(session, seen, Narrow(*_moments(from_on, until_on)), MOST_CLOSED)
    of_rule = [each for each in closed if each.closed.kind in {Drawn.SIMPLE, Drawn.WAIVED}]
    rules = get_rules(session)
    wanted = Wanted(rules.waived_percent, rules.simple_percent)
    return sample if _fill(session, keys, sample, of_rule, wanted, rules) else None


def answer(
    session: Session, viewer: Viewer, office: CaseOffice, recheck_id: int, asked: StepRequest, photo: Photo | None
) -> Recheck:
    """Say what a re-check came to: at the place by the inspector who has it, or at the desk by the supervision side.

    Raises:
        NotFound: no such re-check, or outside the viewer's scope.
        NotAllowed: another inspector's, or one who handled or judged the case.
        WrongState: answered already, or the case was reopened.
        Conflict, Invalid: as a step; not upheld where several bodies had a phase, and it is not said which.
    """
    row = queries.get_recheck(session, viewer, recheck_id)
    case = cases.get_case_for_update(session, viewer, row.case.number)
    session.refresh(row)
    if row.end is not None:
        raise WrongState(N_("This re-check is not open any more."))
    acting, asked = _acting(viewer, row, asked)
    if photo is not None:
        uuid = str(uuid5(NAMESPACE_OID, f"recheck/{row.id}/{photo.sha256}"))
        attachments.attach(session, acting, case, uuid, AttachmentKind.RECHECK, photo)
    at_fault = _find_at_fault(session, row, asked)
    event = services.recheck(session, acting, office, case, asked, row.sample_id, at_fault)
    row.end, row.ended_at = RecheckEnd(event.result), event.at
    row.at_fault_id = at_fault
    row.answered_seq, row.answered_by = event.seq, event.person_id
    task = session.get_one(InspectorTask, row.task_id)
    task.done_at, task.done_by = event.at, event.person_id
    return row


def follow_reopening(session: Session, case: Case, event: CaseEvent) -> None:
    """A case was reopened: what waited to be re-checked lapses, what was not upheld has had its consequence."""
    for row in queries.list_touched_by_reopening(session, case.id):
        if row.end is None:
            row.end, row.ended_at = RecheckEnd.LAPSED, event.at
            session.get_one(InspectorTask, row.task_id).done_at = event.at
        else:
            row.reopened_seq = event.seq


def is_at_desk(viewer: Viewer, row: Recheck) -> bool:
    """Whether the viewer would answer at the desk: the supervision side, but for what is his own task."""
    return row.task.person_id != viewer.person_id and viewer.has(*SUPERVISION)


def _find_at_fault(session: Session, row: Recheck, asked: StepRequest) -> int | None:
    """The body on which it is booked that a re-check is not upheld; None where it is upheld, or nobody handled it."""
    if asked.result != RecheckEnd.NOT_UPHELD:
        return None
    carriers = queries.list_carriers(session, row.case_id)
    if asked.body is None:
        if len(carriers) > 1:
            raise Invalid("body", N_("Several bodies handled this case: say whose work is at fault."))
        return row.body_id
    named = next((body for body in carriers if body.code == asked.body), None)
    if named is None:
        raise Invalid("body", N_("This body did not handle the case."))
    return named.id


def _acting(viewer: Viewer, row: Recheck, asked: StepRequest) -> tuple[Viewer, StepRequest]:
    """The viewer in the posts in which he answers, and the answer as it is taken from them."""
    if asked.at_place.manner is Manner.WAIVED:
        raise Invalid("manner", N_("A re-check cannot be waived."))
    if not is_at_desk(viewer, row):
        if row.task.person_id != viewer.person_id:
            raise NotAllowed(N_("This re-check was given to another."))
        return viewer.only(Post.INSPECTOR), asked
    if asked.at_place.manner not in AT_DESK:
        raise Invalid("manner", N_("At the desk it is judged by video or by photo."))
    if not asked.at_place.reason:
        raise Invalid("at_place_reason", N_("Say what it was judged by."))
    return viewer.only(*SUPERVISION), replace(asked, at_place=replace(asked.at_place, is_proof_asked=False))


def _checked(session: Session, new: NewSample) -> Body | None:
    """The body a sample is narrowed to, once all that was given can be."""
    if new.from_on > new.until_on:
        raise Invalid("until_on", N_("The last day lies before the first."))
    if new.until_on > clock.today():
        raise Invalid("until_on", N_("This day has not come yet."))
    if (new.until_on - new.from_on).days >= MOST_DAYS:
        raise Invalid("until_on", N_("A sample is drawn from at most %(n)s days."), n=MOST_DAYS)
    if (new.percent is None) == (new.number is None):
        raise Invalid("amount", N_("Say a share or a number."))
    if not 0 <= (new.percent or 0) <= 100:
        raise Invalid("amount", N_("A share is 0 to 100 percent."))
    if not 0 <= (new.number or 0) <= MOST_DRAWN:
        raise Invalid("amount", N_("At most %(most)s cases are drawn at once."), most=MOST_DRAWN)
    catalog.check_subject(session, new.class_key, new.area_prefix, clock.today())
    if not new.body:
        return None
    body = accounts.find_body(session, new.body)
    if body is None or body.kind not in RESPONSIBLE_KINDS:
        raise Invalid("body", N_("There is no responsible body with this code."))
    return body


def _moments(from_on: date, until_on: date) -> tuple[datetime, datetime]:
    begin, end = (datetime.combine(day, time.min, clock.CITY_ZONE) for day in (from_on, until_on + timedelta(days=1)))
    return begin, end


def _fill(
    session: Session, keys: Keys, sample: RecheckSample, closed: Sequence[ClosedCase], wanted: Wanted, rules: Rules
) -> bool:
    """Draw a sample's cases and write it down with a task for each; whether any was drawn."""
    sample.drawn_at = clock.now()
    sample.waived_percent, sample.simple_percent = wanted.waived_percent, wanted.simple_percent
    sample.closed_count = len(closed)
    reasons = recheck_draw.draw_into(keys, sample, [each.closed for each in closed], wanted).reasons()
    if len(reasons) > MOST_DRAWN and sample.drawn_by is not None:
        message = N_("This would draw %(n)s cases; at most %(most)s are drawn at once.")
        raise Invalid("amount", message, n=len(reasons), most=MOST_DRAWN)
    if not reasons:
        return False
    session.add(sample)
    session.flush()
    due_at = datetime.combine(clock.today() + timedelta(days=rules.recheck_days + 1), time.min, clock.CITY_ZONE)
    found = queries.lock_drawn(session, list(reasons))
    for each in closed:
        reason = reasons.get(each.closed.case_id)
        if reason is not None:
            _ask(session, sample, each, reason, found[each.closed.case_id], due_at)
    session.flush()
    return True


def _ask(
    session: Session, sample: RecheckSample, each: ClosedCase, reason: Drawn, case: Case, due_at: datetime
) -> None:
    """Ask for the re-check of one case; who does it is drawn by the sweep that hands tasks on."""
    task = InspectorTask(
        case_id=case.id,
        kind=TaskKind.RECHECK,
        waits_because=Wait.NEW,
        case_version=case.version,
        turn=0,
        body_id=each.body_id,
        given_at=sample.drawn_at,
        due_at=due_at,
    )
    session.add(task)
    session.flush()
    row = Recheck(
        sample_id=sample.id,
        case_id=case.id,
        closed_seq=each.closed_seq,
        drawn_because=reason,
        body_id=each.body_id,
        judged_by=each.judged_by,
        manner=each.manner,
        task_id=task.id,
    )
    if case.stage is not Stage.CLOSED:
        # It was reopened between the look and the lock.
        row.end, row.ended_at, task.done_at = RecheckEnd.LAPSED, sample.drawn_at, sample.drawn_at
    session.add(row)
