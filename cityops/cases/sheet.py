"""Everything a case's page shows, read in one go: facts, clocks, photos, history, and what this person may do now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS, Body
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import at_place, automation, between, co_queries, desks, faults, hops, queries
from cityops.cases.automation import AutomationEntry
from cityops.cases.co_forms import CoHandlingForm
from cityops.cases.co_models import CoHandling
from cityops.cases.co_sheet import ShownTask, fit_giving, may_give, shown_task
from cityops.cases.component_search import component_scope
from cityops.cases.desks import DeskHop
from cityops.cases.forms import StepForm, body_choices, condition_choices, fit_form, parse_class
from cityops.cases.hops import Hop
from cityops.cases.linked_sheet import ShownLinks, read_links
from cityops.cases.merged_sheet import ShownMerging, list_merged, read_merging
from cityops.cases.models import AttachmentKind, Case, Report
from cityops.cases.names import StepName
from cityops.cases.office import CaseOffice
from cityops.cases.permission import find_held
from cityops.cases.phase_strip import ToldPhase, tell_phases
from cityops.cases.photo_sheet import ShownPhoto, shown_photos
from cityops.cases.proposals import Proposal, propose_bodies
from cityops.cases.reporter import mask_name, mask_phone
from cityops.cases.request_forms import RequestForm
from cityops.cases.request_sheet import Askable, ShownRequest, list_askable, read_requests
from cityops.cases.steps import Need, Step
from cityops.cases.telling import ToldClock, ToldEvent, named, tell_clock, tell_events
from cityops.cases.tiers import ONLY_TIER_1, waits_in_vain
from cityops.cases.workflow import STEPS
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseClass, CaseKind
from cityops.crypto import Keys
from cityops.errors import Invalid
from cityops.forms import Choice, RoomForm
from cityops.grid import queries as grid
from cityops.grid.models import Component
from cityops.worktime import queries as worktime

SEES_REPORTER = (Post.OPERATOR, Post.DUTY_LEADER)
GRAVE_STEPS = frozenset({StepName.DECLINE, StepName.REFUSE, StepName.REOPEN})
AFTER_KINDS = frozenset({AttachmentKind.AFTER, AttachmentKind.CHECK, AttachmentKind.RECHECK})
NEAR_COMPONENTS_M = 50.0
NEAR_M = 100.0


@dataclass(frozen=True)
class ShownReporter:
    """A reporter, masked or, once, in full."""

    number: str
    name: str
    phone: str
    is_shown: bool


@dataclass(frozen=True)
class Action:
    """A step this person may take now, with its form; one that needs nothing is a button alone."""

    step: Step
    form: StepForm
    is_grave: bool
    proposal: Proposal | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the step needs nothing but the click."""
        return not self.step.needs


@dataclass
class Sheet:
    """A case's page."""

    case: Case
    clocks: list[ToldClock]
    events: list[ToldEvent]
    before: list[ShownPhoto]
    after: list[ShownPhoto]
    reporters: list[ShownReporter]
    may_see_reporter: bool
    components: list[tuple[Component, float]]
    near: list[tuple[Case, float]]
    merging: ShownMerging
    links: ShownLinks
    revision: int
    changes: Sequence[faults.ToldChange] = ()
    left_by: AutomationEntry | None = None
    beyond_tier: str | None = None
    actions: list[Action] = field(default_factory=list)
    requests: list[ShownRequest] = field(default_factory=list)
    askable: list[Askable] = field(default_factory=list)
    tasks: list[ShownTask] = field(default_factory=list)
    giving: CoHandlingForm | None = None
    hops: list[Hop] = field(default_factory=list)
    desk_hops: list[DeskHop] = field(default_factory=list)
    phases: list[ToldPhase] = field(default_factory=list)

    @property
    def clock(self) -> ToldClock | None:
        """The clock that is shown first: the running one of the stage, else the last."""
        running = [each for each in self.clocks if each.is_running]
        same = [each for each in running if each.due_at == self.case.due_at]
        shown = same or running or self.clocks
        return shown[-1] if shown else None


def read_sheet(
    session: Session,
    viewer: Viewer,
    office: CaseOffice,
    number: str,
    *,
    refused: StepForm | None = None,
    asked: RequestForm | None = None,
    given: CoHandlingForm | None = None,
    joined: RoomForm | None = None,
    shown_report: str | None = None,
    merged_after: str | None = None,
    linked_after: str | None = None,
) -> Sheet:
    """What the page of this case shows to this viewer.

    Args:
        refused: the form of a step that was refused, to be shown again as it was typed.
        asked: the form of a request that was refused, likewise.
        given: the form of a co-handler's task that was refused, likewise.
        joined: the form of a merge, a link or a split that was refused, likewise.
        shown_report: the number of the report whose reporter is shown in full, once.
        merged_after, linked_after: the cursors of the lists of cases merged into it and linked with it.

    Raises:
        NotFound: no such case, or outside the viewer's scope.
    """
    case = queries.get_case(session, viewer, number)
    own = [photo for photo in case.attachments if photo.co_handling_id is None]
    # Who sees the case under another post is not therefore one who speaks with its reporter.
    sees = queries.can_see(session, viewer.only(*SEES_REPORTER), case)
    near = queries.list_near(session, viewer, case.lon, case.lat, not_id=case.id)
    tasks, passed, handed = co_queries.list_of(session, case), hops.list_of(session, case), desks.list_of(session, case)
    told = at_place.reasons_of(session, case) | between.tell_others(session, viewer, case)
    sheet = Sheet(
        case=case,
        clocks=_clocks(session, case),
        events=tell_events(case, _named_later(case, tasks, passed, handed), told),
        hops=[hop for hop in passed if hop.ended_at is None],
        desk_hops=[hop for hop in handed if hop.ended_at is None],
        tasks=[shown_task(viewer, case, row) for row in tasks],
        before=shown_photos(case, (photo for photo in own if photo.kind not in AFTER_KINDS)),
        after=shown_photos(case, (photo for photo in own if photo.kind in AFTER_KINDS)),
        reporters=_read_reporters(session, viewer, office, case, shown_report) if sees else [],
        may_see_reporter=sees,
        components=grid.list_components_near(
            session, case.lon, case.lat, NEAR_COMPONENTS_M, 6, scope=component_scope(viewer)
        ),
        near=near,
        merging=read_merging(session, viewer, case, near, joined, merged_after),
        links=read_links(session, viewer, case, joined, linked_after),
        revision=grid.current_index(session).revision,
        left_by=automation.find_entry(session, case),
        beyond_tier=ONLY_TIER_1 if waits_in_vain(session, case) else None,
        changes=faults.list_changes(session, viewer, case.component_id, size=5) if case.component_id else (),
    )
    sheet.phases = tell_phases(session, case, sheet.clocks)
    sheet.actions = list_actions(session, viewer, case, refused)
    sheet.requests = read_requests(session, viewer, case)
    sheet.askable = list_askable(session, viewer, case, [each.row for each in sheet.requests], asked)
    if may_give(viewer, case):
        bodies = [body for body in accounts.list_bodies(session, RESPONSIBLE_KINDS) if body.id != case.body_id]
        sheet.giving = fit_giving(given or CoHandlingForm(None), case, body_choices(bodies))
    return sheet


def _named_later(
    case: Case, tasks: Iterable[CoHandling], passed: Iterable[Hop], handed: Iterable[DeskHop]
) -> list[Body]:
    """The bodies and desks that events of the case may name besides those it was dispatched to."""
    desks_of = (body for hop in handed for body in (hop.from_body, hop.to_body))
    named = [*(row.body for row in tasks), *(hop.to_body for hop in passed), *desks_of]
    return [*named, case.desk] if case.desk is not None else named


def list_actions(session: Session, viewer: Viewer, case: Case, refused: StepForm | None = None) -> list[Action]:
    """The steps this viewer may take on a case now, each with its form."""
    steps = sorted(queries.steps_open_to(viewer, case), key=lambda step: step.name in GRAVE_STEPS)
    needs = {need for step in steps for need in step.needs}
    today = clock.today()
    conditions, bodies, below, proposal = [], [], [], None
    if Need.CONDITION in needs:
        area_level = case.cell.area_level if case.cell else None
        conditions = condition_choices(catalog.list_conditions_in_force(session, today), case.class_id, area_level)
    if Need.BODY in needs:
        proposal = propose_bodies(session, [case]).get(case.id)
        known = accounts.list_bodies(session, RESPONSIBLE_KINDS)
        bodies, below = body_choices(known), body_choices([body for body in known if hops.lies_below(body, case)])
    below_desk: list[Choice] = []
    if Need.CENTRE in needs:
        below_desk = body_choices(list_centres_below(session, viewer, case))
    chosen = case.condition.code if case.condition else (conditions[0].value if conditions else None)
    is_offered = any(step.name is StepName.DISPATCH for step in steps)
    proposed = proposal.body if proposal and is_offered else None
    facts = {"version": case.version, "condition": chosen, "body": proposed.code if proposed else ""}
    if case.is_checked_by_photo:
        facts["manner"] = at_place.Manner.BY_PHOTO
    actions = []
    for step in steps:
        offered = {StepName.PASS_ON: below, StepName.HAND_DOWN: below_desk}.get(step.name, bodies)
        if step.name in {StepName.PASS_ON, StepName.HAND_DOWN} and len(offered) < 2:
            # Nobody stands below: the empty choice is alone.
            continue
        is_refused = refused is not None and refused.step.data == step.name.value
        form = refused if is_refused and refused is not None else StepForm(None, data=facts | {"step": step.name.value})
        form.version.data = case.version
        fitted = fit_form(form, step, conditions, offered)
        actions.append(
            Action(step, fitted, step.name in GRAVE_STEPS, proposal if step.name is StepName.DISPATCH else None)
        )
    return actions


def list_centres_below(session: Session, viewer: Viewer, case: Case) -> list[Body]:
    """The centres to which the viewer may hand a case down."""
    held = find_held(viewer, STEPS[StepName.HAND_DOWN].posts, case, None)
    if held is None:
        return []
    return desks.list_below(session, case, case.desk.path if case.desk is not None else held.body_path)


def find_chosen_class(session: Session, value: str | None) -> CaseClass | None:
    """The class chosen in a form, or None while none is."""
    try:
        return catalog.get_class(session, *parse_class(value), clock.today())
    except Invalid:
        return None


def list_standing(session: Session, chosen: CaseClass | None, lon: float, lat: float) -> list[tuple[Component, float]]:
    """The components of a class near a point, which a report may be about; matters have none."""
    if chosen is None or chosen.kind is not CaseKind.COMPONENT:
        return []
    return grid.list_components_near(session, lon, lat, NEAR_COMPONENTS_M, 5, class_code=chosen.code)


def list_told_before(
    session: Session, viewer: Viewer, office: CaseOffice, chosen: CaseClass | None, lon: float, lat: float
) -> tuple[list[tuple[Case, float]], list[tuple[Case, float]]]:
    """What a report from here perhaps tells of once more: open cases; of a chosen class also those closed lately."""
    class_id = chosen.id if chosen else None
    still_open = queries.list_near(session, viewer, lon, lat, radius_m=NEAR_M, class_id=class_id)
    if chosen is None:
        return still_open, []
    since = clock.now() - timedelta(days=office.offered_days)
    closed = queries.list_near(session, viewer, lon, lat, radius_m=NEAR_M, class_id=class_id, closed_since=since)
    return still_open, closed


def _clocks(session: Session, case: Case) -> list[ToldClock]:
    labels = {row.name: row for row in worktime.list_calendars(session)}
    calendars = {name: worktime.get_calendar(session, name) for name in {row.calendar for row in case.clocks}}
    return [tell_clock(row, calendars[row.calendar], named(labels[row.calendar])) for row in case.clocks]


def shown_reporter(report: Report, keys: Keys, *, is_shown: bool) -> ShownReporter:
    """Who reported, masked unless he is shown in full; empty where nothing was left."""
    name = keys.unseal(report.reporter_name_sealed) if report.reporter_name_sealed else ""
    phone = keys.unseal(report.reporter_phone_sealed) if report.reporter_phone_sealed else ""
    if not is_shown:
        name, phone = mask_name(name) if name else "", mask_phone(phone) if phone else ""
    return ShownReporter(report.number, name, phone, is_shown)


def _read_reporters(
    session: Session, viewer: Viewer, office: CaseOffice, case: Case, shown_report: str | None
) -> list[ShownReporter]:
    """Who reported the case, and the first of the cases that were merged into it; each tells its own as well."""
    merged = list_merged(session, viewer.only(*SEES_REPORTER), case).cases
    reports = (report for each in (case, *merged) for report in each.reports)
    told = [shown_reporter(each, office.keys, is_shown=each.number == shown_report) for each in reports]
    return [reporter for reporter in told if reporter.name or reporter.phone]
