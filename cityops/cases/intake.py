"""What a reporter told becomes a report and the facts of a case."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.centres import find_centres
from cityops.accounts.viewer import Viewer
from cityops.cases import history
from cityops.cases.models import Case, Report
from cityops.cases.names import Source, Stage
from cityops.cases.office import CaseOffice
from cityops.cases.reporter import e164
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.errors import Invalid, NotFound
from cityops.grid import geometry
from cityops.grid import queries as grid
from cityops.grid.models import Component
from cityops.words import N_

MAX_TEXT = 4_000


@dataclass(frozen=True)
class NewReport:
    """What a reporter told.

    Attributes:
        uuid: made by the client; the same one twice is the same report.
        lon, lat: WGS84/CGCS2000 degrees.
        condition: a filing condition's code, where it is known already.
        is_self_handled: an inspector put it right on the spot (简易案件).
        occurred_at: when it came in, where it is entered later (补录); `late_reason` says why.
    """

    uuid: str
    source: Source
    kind: CaseKind
    class_code: str
    lon: float
    lat: float
    description: str
    address: str = ""
    condition: str | None = None
    component_code: str | None = None
    reporter_name: str | None = None
    reporter_phone: str | None = None
    is_self_handled: bool = False
    occurred_at: datetime | None = None
    late_reason: str | None = None


def same_report(earlier: Report, viewer: Viewer) -> Report:
    """The report that came in under this uuid before; Invalid where another person made it."""
    if earlier.entered_by != viewer.person_id:
        raise Invalid("id", N_("This id belongs to another report: make a new one."))
    return earlier


def open_case(session: Session, office: CaseOffice, new: NewReport, stage: Stage) -> Case:
    """The case of a new report, checked and located, at the stage where its first step is to leave it."""
    moment = clock.now()
    today = clock.city_day(moment)
    _check_occurred(new, moment, office.late_entry)
    case_class = catalog.get_class(session, new.kind, new.class_code, today)
    condition = catalog.check_condition(session, case_class, new.condition, today) if new.condition else None
    geometry.check_point(new.lon, new.lat)
    component = _component(session, new.component_code)
    case = Case(
        opened_at=moment,
        occurred_at=new.occurred_at,
        moved_at=moment,
        source=new.source,
        stage=stage,
        version=0,
        head_digest=history.GENESIS,
        kind=new.kind,
        class_id=case_class.id,
        case_class=case_class,
        condition_id=condition and condition.id,
        condition=condition,
        component_id=component and component.id,
        lon=new.lon,
        lat=new.lat,
        quad=geometry.quad(new.lon, new.lat),
        address=checked_text("address", new.address, required=False, longest=200),
        description=checked_text("description", new.description),
        is_simple=new.is_self_handled,
        rework_count=0,
        send_back_count=0,
        reopen_count=0,
        open_requests=0,
        desk_hops=0,
        clocks=[],
        assignments=[],
    )
    _locate(session, case, today)
    return case


def _locate(session: Session, case: Case, today: date) -> None:
    """Write down whose the case's place is: its cell, its area, and the centres in charge of that."""
    located = grid.locate_point(session, case.lon, case.lat)
    if located is not None:
        case.cell_id, case.area_code = located.cell_id, located.area_code
    centres = find_centres(session, case.area_code, today)
    if centres is not None:
        case.centre_id, case.desk_id, case.desk = centres.supervision_id, centres.command_id, centres.command


def _check_occurred(new: NewReport, moment: datetime, most: timedelta) -> None:
    if new.occurred_at is None:
        if new.late_reason:
            raise Invalid("occurred_at", N_("Say when it happened, or leave the reason empty."))
        return
    if new.occurred_at.tzinfo is None:
        raise Invalid("occurred_at", N_("A moment needs its time zone: 2026-11-23T16:00+08:00."))
    if new.occurred_at > moment:
        raise Invalid("occurred_at", N_("This lies in the future."))
    if new.occurred_at < moment - most:
        hours = most // timedelta(hours=1)
        raise Invalid(
            "occurred_at", N_("What happened more than %(hours)s hours ago is not entered later."), hours=hours
        )


def _component(session: Session, code: str | None) -> Component | None:
    if not code:
        return None
    try:
        return grid.get_component(session, code)
    except NotFound:
        raise Invalid("component_code", N_("There is no component with this code.")) from None


def checked_text(name: str, text: str | None, *, required: bool = True, longest: int = MAX_TEXT) -> str:
    """What a person typed, trimmed; Invalid where it is empty and may not be, or too long."""
    kept = (text or "").replace("\x00", "").strip()
    if required and not kept:
        raise Invalid(name, N_("This may not be empty."))
    if len(kept) > longest:
        raise Invalid(
            name, N_("This has %(n)s characters, and may have %(most)s: shorten it."), n=len(kept), most=longest
        )
    return kept


def add_report(session: Session, office: CaseOffice, viewer: Viewer, case: Case, new: NewReport) -> Report:
    """The row of what came in, with the reporter's name and phone sealed."""
    keys = office.keys
    name = checked_text("reporter.name", new.reporter_name, required=False, longest=64)
    phone = e164(new.reporter_phone) if new.reporter_phone else None
    row = Report(
        uuid=new.uuid,
        case=case,
        source=new.source,
        reported_at=case.opened_at,
        occurred_at=new.occurred_at,
        late_reason=_late_reason(new),
        entered_by=viewer.person_id,
        description=case.description,
        reporter_name_sealed=keys.seal(name) if name else None,
        reporter_phone_sealed=keys.seal(phone) if phone else None,
        reporter_phone_lookup=keys.lookup(phone) if phone else None,
        wants_answer=phone is not None,
    )
    session.add(row)
    return row


def keep_reporter(row: Report, of: Report) -> None:
    """Let a report be by the reporter of another, as sealed as he is there."""
    row.reporter_name_sealed, row.reporter_phone_sealed = of.reporter_name_sealed, of.reporter_phone_sealed
    row.reporter_phone_lookup, row.wants_answer = of.reporter_phone_lookup, of.wants_answer


def _late_reason(new: NewReport) -> str | None:
    return None if new.occurred_at is None else checked_text("late_reason", new.late_reason, longest=200)
