"""Test data by small functions with whole defaults: a city of two districts, four cells and a person for every post."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from uuid import uuid4

import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock, following
from cityops.accounts import centres
from cityops.accounts import queries as accounts
from cityops.accounts.models import Body, BodyKind, Jurisdiction, JurisdictionRange, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import asking, services
from cityops.cases.asking import Decision, NewRequest
from cityops.cases.at_place import AtPlace
from cityops.cases.intake import NewReport
from cityops.cases.models import Attachment, AttachmentKind, Case, Report
from cityops.cases.names import ClockName, Source, StepName
from cityops.cases.office import CaseOffice
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RequestKind
from cityops.cases.services import StepRequest
from cityops.catalog.models import (
    CaseClass,
    CaseKind,
    ConditionPhase,
    FilingCondition,
    PhaseLimit,
    StageLimit,
    Standard,
)
from cityops.catalog.phases import PhaseCheck
from cityops.crypto import KEY_NAMES, Keys
from cityops.grid import queries as places
from cityops.grid import services as grid
from cityops.grid.geometry import quad
from cityops.grid.models import AreaLevel, Component, DutyGrid
from cityops.grid.records import AreaRecord, CellRecord, GridData
from cityops.notices.seed import seed_rules
from cityops.patrol.models import InspectorShift
from cityops.roster.models import DutyShift, RosterLine, RosterPattern
from cityops.worktime.limits import Unit
from cityops.worktime.seed import seed_calendars

LONG_AGO = date(2020, 1, 1)
EAST, WEST = "330212", "330203"
# Cells are 0.001 degrees wide: the western district's two, then the eastern one's two.
WEST_POINT, EAST_POINT, OUTSIDE_POINT = (121.5005, 29.8705), (121.5025, 29.8705), (121.7, 29.9)
MONDAY_MORNING = datetime(2026, 11, 9, 9, 0, tzinfo=clock.CITY_ZONE)


def make_keys() -> Keys:
    """Keys that are the same in every test."""
    return Keys({name: bytes([number]) * 32 for number, name in enumerate(KEY_NAMES, 1)})


def make_office(keys: Keys | None = None) -> CaseOffice:
    """The case room's surroundings, with its followers."""
    return following.make_office(keys or make_keys())


@dataclass(frozen=True)
class People:
    """The persons of the test city by user name."""

    session: Session

    def viewer(self, username: str) -> Viewer:
        """The person as a viewer today."""
        found = accounts.find_viewer_by_username(self.session, username, clock.today())
        assert found is not None, username
        return found

    @cached_property
    def operator(self) -> Viewer:
        """City-wide."""
        return self.viewer("operator")

    @cached_property
    def dutyleader(self) -> Viewer:
        """City-wide."""
        return self.viewer("dutyleader")

    @cached_property
    def dispatcher(self) -> Viewer:
        """City-wide."""
        return self.viewer("dispatcher")

    @cached_property
    def handler(self) -> Viewer:
        """Of the lamp department."""
        return self.viewer("handler")

    @cached_property
    def inspector(self) -> Viewer:
        """City-wide, on duty in the western duty grid."""
        return self.viewer("inspector")


def make_city(session: Session) -> None:
    """A small whole city: bodies, people, grid, catalogue, calendars."""
    seed_calendars(session)
    make_grid(session)
    make_catalog(session)
    make_people(session)
    seed_rules(session)
    session.flush()


def make_grid(session: Session) -> None:
    """Two districts side by side, each one street, one community, two cells."""
    data = GridData()
    data.areas.append(_area("330200", "宁波市", AreaLevel.CITY, None, 121.5, 121.504))
    for code, west in ((WEST, 121.5), (EAST, 121.502)):
        east = west + 0.002
        data.areas.append(_area(code, f"{code}区", AreaLevel.DISTRICT, "330200", west, east))
        data.areas.append(_area(code + "001", f"{code}街道", AreaLevel.STREET, code, west, east))
        data.areas.append(_area(code + "001001", f"{code}社区", AreaLevel.COMMUNITY, code + "001", west, east))
        for number in (1, 2):
            data.cells.append(
                CellRecord(
                    f"{code}001001{number:03d}",
                    shapely.box(west + (number - 1) * 0.001, 29.87, west + number * 0.001, 29.871),
                    duty_grid_code=f"{code}001-1",
                    duty_grid_name="责任网格",
                    duty_grid_name_en="Duty grid",
                )
            )
    grid.load_grid(session, data)


def _area(code: str, name: str, level: AreaLevel, parent: str | None, west: float, east: float) -> AreaRecord:
    return AreaRecord(code, name, name, level, parent, shapely.box(west, 29.87, east, 29.871))


def add_component(session: Session, code: str, point: tuple[float, float], **facts: object) -> Component:
    """A component that stands at a place, in the cell of it."""
    lon, lat = point
    place = places.current_index(session).locate(lon, lat)
    component = Component(
        code=code,
        class_code=code[6:11],
        lon=lon,
        lat=lat,
        quad=quad(lon, lat),
        cell_id=place and place.cell_id,
        area_code=place and place.area_code,
        initial_on=clock.today(),
        **{"name": "路灯"} | facts,
    )
    session.add(component)
    session.flush()
    return component


def make_catalog(session: Session) -> None:
    """Lamps with two conditions, rubbish that an inspector may put right himself, and a limit for every stage."""
    standard = Standard(reference="GB/T 47678.5-2026", title="管理部件和事项", valid_from_on=LONG_AGO)
    lamp = CaseClass(
        standard=standard,
        kind=CaseKind.COMPONENT,
        code="01037",
        major_code="01",
        major_name="市政公用设施",
        name="路灯",
    )
    rubbish = CaseClass(
        standard=standard, kind=CaseKind.MATTER, code="06001", major_code="06", major_name="市容环境", name="暴露垃圾"
    )
    session.add_all(
        [
            make_condition(lamp, "C01037-1", 2, Unit.WORKING_DAY, "office", body_code="lamps"),
            make_condition(lamp, "C01037-2", 2, Unit.URGENT_HOUR, "continuous", body_code="lamps"),
            make_condition(rubbish, "M06001-1", 4, Unit.WORKING_HOUR, "street", is_simple_allowed=True),
        ]
    )
    for name in ClockName:
        if name is not ClockName.HANDLE:
            limit = StageLimit(clock=name.value, limit_value=1, limit_unit=Unit.URGENT_HOUR, calendar="continuous")
            limit.valid_from_on = LONG_AGO
            session.add(limit)


def make_condition(
    case_class: CaseClass,
    code: str,
    value: int,
    unit: Unit,
    calendar: str,
    *,
    body_code: str | None = None,
    is_simple_allowed: bool = False,
) -> FilingCondition:
    """A filing condition of a class."""
    return FilingCondition(
        case_class=case_class,
        code=code,
        text="不亮",
        text_en="out",
        closing="恢复",
        closing_en="restored",
        limit_value=value,
        limit_unit=unit,
        calendar=calendar,
        body_kind=BodyKind.DEPARTMENT,
        body_code=body_code,
        is_simple_allowed=is_simple_allowed,
        valid_from_on=LONG_AGO,
    )


PHASED = "C01037-3"
"""A lamp post that has fallen: made safe (checked by photo), put up again, the paving restored by the roads' body."""


def make_phases(session: Session) -> FilingCondition:
    """The condition `PHASED` with its phases: make safe, repair, restore."""
    lamp = session.scalars(select(CaseClass).where(CaseClass.code == "01037")).one()
    condition = make_condition(lamp, PHASED, 2, Unit.URGENT_HOUR, "continuous", body_code="lamps")
    condition.phase_name, condition.phase_name_en = "安全防护", "make safe"
    condition.phases = [
        _phase(2, "修复", "repair", PhaseCheck.BY_PHOTO, 1),
        _phase(3, "恢复路面", "restore", PhaseCheck.NONE, 7, body_kind=BodyKind.DEPARTMENT, body_code="roads"),
    ]
    condition.phases[0].limits = [
        PhaseLimit(area_level=2, limit_value=2, limit_unit=Unit.WORKING_DAY, calendar="office")
    ]
    session.add(condition)
    session.flush()
    return condition


def _phase(
    number: int,
    name: str,
    name_en: str,
    check: PhaseCheck,
    days: int,
    body_kind: BodyKind | None = None,
    body_code: str | None = None,
) -> ConditionPhase:
    return ConditionPhase(
        number=number,
        name=name,
        name_en=name_en,
        closing="完成",
        closing_en="done",
        check_before=check,
        body_kind=body_kind,
        body_code=body_code,
        limit_value=days,
        limit_unit=Unit.WORKING_DAY,
        calendar="office",
    )


def make_people(session: Session) -> None:
    """The city's bodies and jurisdictions, and a person for every post; `operator-east` sees the east alone."""
    city = make_body(session, "city", BodyKind.CITY, None)
    centre = make_body(session, "supervision", BodyKind.SUPERVISION_CENTRE, city)
    command = make_body(session, "command", BodyKind.COMMAND_CENTRE, city)
    lamps = make_body(session, "lamps", BodyKind.DEPARTMENT, city)
    crew = make_body(session, "lamps-crew", BodyKind.COMPANY, lamps)
    roads = make_body(session, "roads", BodyKind.DEPARTMENT, city)
    everywhere = Jurisdiction(code="city", name="全市", name_en="City", is_city_wide=True)
    east = Jurisdiction(code=EAST, name="东区", name_en="East", is_city_wide=False)
    east.ranges = [JurisdictionRange(code_from=EAST + "000000", code_until=EAST + "999999", from_on=LONG_AGO)]
    session.add_all([everywhere, east])
    make_person(session, "operator", Post.OPERATOR, centre, everywhere)
    make_person(session, "operator-east", Post.OPERATOR, centre, east)
    make_person(session, "dutyleader", Post.DUTY_LEADER, centre, everywhere)
    make_person(session, "dutyleader-east", Post.DUTY_LEADER, centre, east)
    make_person(session, "dispatcher", Post.DISPATCHER, command, everywhere)
    make_person(session, "dispatcher-east", Post.DISPATCHER, command, east)
    make_person(session, "handler", Post.HANDLER, lamps, everywhere)
    make_person(session, "handler-crew", Post.HANDLER, crew, everywhere)
    make_person(session, "handler-roads", Post.HANDLER, roads, everywhere)
    make_person(session, "supervisor", Post.SUPERVISOR, centre, everywhere)
    make_person(session, "leader", Post.LEADER, centre, everywhere)
    make_person(session, "admin", Post.ADMINISTRATOR, centre, everywhere)
    make_person(session, "inspector-east", Post.INSPECTOR, centre, east)
    grids = {row.street_code[:6]: row.id for row in session.scalars(select(DutyGrid))}
    for username in ("inspector", "inspector2"):
        person = make_person(session, username, Post.INSPECTOR, centre, everywhere)
        for weekday in range(7):
            shift = InspectorShift(weekday=weekday, start_minute=420, end_minute=1260, from_on=LONG_AGO)
            shift.person_id, shift.duty_grid_id = person.id, grids[WEST]
            session.add(shift)


def make_body(session: Session, code: str, kind: BodyKind, parent: Body | None) -> Body:
    """A body under its parent."""
    body = Body(code=code, name=code, name_en=code, kind=kind, parent_id=parent and parent.id, path="")
    session.add(body)
    session.flush()
    body.path = f"{parent.path if parent else ''}{body.id}/"
    return body


def make_district_centre(session: Session) -> Body:
    """The west's command centre with its dispatcher; the city's centres are in charge of the whole city."""
    city, everywhere = accounts.find_body(session, "city"), accounts.find_jurisdiction(session, "city")
    assert everywhere is not None
    district = make_body(session, "west", BodyKind.DISTRICT, city)
    centre = make_body(session, "command-west", BodyKind.COMMAND_CENTRE, district)
    west = Jurisdiction(code=WEST, name="西区", name_en="West", is_city_wide=False)
    west.ranges = [JurisdictionRange(code_from=WEST + "000000", code_until=WEST + "999999", from_on=LONG_AGO)]
    session.add(west)
    make_person(session, "dispatcher-west", Post.DISPATCHER, centre, west)
    centres.set_centres(session, None, jurisdiction="city", supervision="supervision", command="command")
    return centre


def make_person(session: Session, username: str, post: Post, body: Body, jurisdiction: Jurisdiction) -> Person:
    """A person who holds one post and cannot sign in by password."""
    person = Person(username=username, name=f"{username} 某", password_hash="!", created_at=clock.now())
    person.posts = [PersonPost(post=post, body=body, jurisdiction=jurisdiction, from_on=LONG_AGO)]
    session.add(person)
    session.flush()
    return person


def make_body_leader(session: Session, body_code: str) -> str:
    """A leader of a body, with the whole city in view; answers the user name."""
    body = session.scalars(select(Body).where(Body.code == body_code)).one()
    everywhere = session.scalars(select(Jurisdiction).where(Jurisdiction.code == "city")).one()
    return make_person(session, f"leader-{body_code}", Post.LEADER, body, everywhere).username


def give_post(session: Session, username: str, post: Post, jurisdiction: str = "city") -> None:
    """One more post for a person of the test city, in the body of the first one."""
    person = session.scalars(select(Person).where(Person.username == username)).one()
    place = session.scalars(select(Jurisdiction).where(Jurisdiction.code == jurisdiction)).one()
    person.posts.append(PersonPost(post=post, body=person.posts[0].body, jurisdiction=place, from_on=LONG_AGO))


def new_report(point: tuple[float, float] = WEST_POINT, **changes: object) -> NewReport:
    """A lamp that is out, told by an inspector, so that no verification is asked for."""
    facts: dict[str, object] = {
        "uuid": str(uuid4()),
        "source": Source.INSPECTOR,
        "kind": CaseKind.COMPONENT,
        "class_code": "01037",
        "lon": point[0],
        "lat": point[1],
        "description": "路灯不亮",
        "address": "中山西路 1 号",
    }
    return NewReport(**(facts | changes))  # type: ignore[arg-type]


def make_report(session: Session, viewer: Viewer, office: CaseOffice | None = None, **changes: object) -> Report:
    """A report through the service, from the source that is the viewer's own."""
    changes.setdefault("source", Source.INSPECTOR if viewer.has(Post.INSPECTOR) else Source.TRANSFER)
    return services.report(session, viewer, office or make_office(), new_report(**changes))  # type: ignore[arg-type]


def take(
    session: Session,
    viewer: Viewer,
    case: Case,
    step: StepName | str,
    office: CaseOffice | None = None,
    **given: object,
) -> Case:
    """Take a step on a case at its present version, with what it needs by default."""
    facts: dict[str, object] = {"version": case.version}
    facts |= {"condition": "C01037-1"} if step == StepName.FILE else {}
    facts |= (
        {"body": {"pass_on": "lamps-crew", "hand_down": "command-west"}.get(step, "lamps")}
        if step in {"dispatch", "arbitrate", "pass_on", "hand_down"}
        else {}
    )
    facts |= {"result": {"verify": "confirmed"}.get(step, "passed")} if step in {"verify", "check", "review"} else {}
    facts |= {"at_place": AtPlace(case.lon, case.lat)} if step in {"verify", "check"} else {}
    facts |= (
        {"note": "原因"}
        if step
        in {"decline", "refuse", "report_back", "reopen", "urge", "arbitrate", "hand_up", "hand_back", "take_over"}
        else {}
    )
    request = StepRequest(StepName(step), **(facts | given))  # type: ignore[arg-type]
    return services.take_step(session, viewer, office or make_office(), case.number, request)


def bring_to(session: Session, people: People, case: Case, *steps: str) -> Case:
    """Take these steps one after another, each by the person of the test city whose post it is."""
    who = {
        "accept": people.operator,
        "decline": people.operator,
        "verify": people.inspector,
        "file": people.dutyleader,
        "refuse": people.dutyleader,
        "dispatch": people.dispatcher,
        "sign_for": people.handler,
        "report_back": people.handler,
        "check": people.inspector,
        "close": people.dutyleader,
        "review": people.dutyleader,
    }
    for step in steps:
        if step == "send_back":
            send_back(session, people, case)
        else:
            take(session, who[step], case, step)
    return case


def ask(
    session: Session,
    viewer: Viewer,
    case: Case,
    kind: RequestKind | str,
    office: CaseOffice | None = None,
    **given: object,
) -> CaseRequest:
    """Ask for something for a case at its present version."""
    facts = {"version": case.version, "reason": "原因"} | given
    new = NewRequest(RequestKind(kind), **facts)  # type: ignore[arg-type]
    return asking.ask(session, viewer, office or make_office(), case.number, new)


def decide(
    session: Session, viewer: Viewer, request: CaseRequest, decision: Decision | str = "grant", note: str = "同意"
) -> CaseRequest:
    """Decide on what was asked, at the case's present version."""
    version = session.get_one(Case, request.case_id).version
    return asking.decide(session, viewer, make_office(), request.id, Decision(decision), version, note)


def make_photo(people: People, kind: AttachmentKind) -> Attachment:
    """A photo taken now, to be added to a case."""
    return Attachment(
        uuid=str(uuid4()),
        kind=kind,
        sha256=uuid4().hex * 2,
        media_type="image/jpeg",
        size_bytes=1,
        added_at=clock.now(),
        added_by=people.handler.person_id,
    )


def send_back(session: Session, people: People, case: Case) -> Case:
    """The body asks to send the case back, and the dispatcher takes it back."""
    decide(session, people.dispatcher, ask(session, people.handler, case, "send_back"))
    return case


def put_on_duty(session: Session, body_code: str, hours: dict[str, tuple[int, int]]) -> None:
    """A daily roster of a body: each person, in the first of his posts, has a shift of his own minutes of the day."""
    body = session.scalars(select(Body).where(Body.code == body_code)).one()
    pattern = RosterPattern(body_id=body.id, from_on=LONG_AGO, cycle_days=1, made_at=clock.now())
    for username, (begin, end) in hours.items():
        person = session.scalars(select(Person).where(Person.username == username)).one()
        shift = DutyShift(body_id=body.id, name=username, name_en=username, start_minute=begin, end_minute=end)
        session.add(shift)
        session.flush()
        pattern.lines.append(RosterLine(day=1, shift_id=shift.id, person_id=person.id, post=person.posts[0].post))
    session.add(pattern)
    session.flush()
