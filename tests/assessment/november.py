"""A November whose every case is known by its letter: reported on Monday the 9th at 9:00, due on the 11th at 9:00."""

from datetime import datetime

from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.at_place import AtPlace, Manner
from cityops.cases.models import Attachment, AttachmentKind, Case
from cityops.cases.names import StepName
from tests.factories import EAST_POINT, MONDAY_MORNING, People, ask, decide, make_report, take

TO_HANDLING = ("accept", "file", "dispatch", "sign_for")
NOON = datetime(2026, 11, 20, 12, tzinfo=clock.CITY_ZONE)
"""When the scores are read."""


def at(text: str) -> datetime:
    """A moment of November, as `11T09:00`."""
    return datetime.fromisoformat(f"2026-11-{text}+08:00")


def live(session: Session, people: People) -> dict[str, Case]:
    """The cases by letter."""
    with clock.running_at(MONDAY_MORNING):
        cases = {letter: make_report(session, people.inspector).case for letter in "ABCDEGH"}
        cases["I"] = make_report(session, people.inspector, point=EAST_POINT).case
        cases["F"] = _simple(session, people)
        for letter in "ABCDGI":
            _take(session, people, cases[letter], *TO_HANDLING)
        _take(session, people, cases["E"], "accept", "file", "dispatch")
        _take(session, people, cases["H"], "accept", "file")
    _handle(session, people, cases)
    with clock.running_at(at("20T09:00")):
        cases["J"] = make_report(session, people.inspector).case
        _take(session, people, cases["J"], "accept", "file", "dispatch")
    return cases


def _handle(session: Session, people: People, cases: dict[str, Case]) -> None:
    with clock.running_at(at("09T11:00")):
        not_ours = ask(session, people.handler, cases["D"], "send_back")
    with clock.running_at(at("10T09:00")):
        decide(session, people.dispatcher, not_ours)
        take(session, people.dispatcher, cases["D"], "dispatch", body="roads")
        for letter in "ACGI":
            _take(session, people, cases[letter], "report_back")
    with clock.running_at(at("10T11:00")):
        _take(session, people, cases["A"], "check", "close")
        _close(session, people, cases["I"], Manner.WAIVED)
        take(session, people.inspector, cases["C"], StepName.CHECK, result="failed")
        take(session, people.viewer("handler-roads"), cases["D"], "report_back")
        _take(session, people, cases["D"], "check")
    with clock.running_at(at("11T08:00")):
        _take(session, people, cases["C"], "report_back")
        _close(session, people, cases["C"], Manner.BY_PHOTO)
    with clock.running_at(at("11T10:00")):
        _take(session, people, cases["B"], "report_back")
        _close(session, people, cases["B"], Manner.BY_VIDEO)


def _close(session: Session, people: People, case: Case, manner: Manner) -> None:
    """Check a case in another way than on the spot, and close it."""
    take(session, people.inspector, case, "check", at_place=AtPlace(reason="原因", manner=manner))
    _take(session, people, case, "close")


def _simple(session: Session, people: People) -> Case:
    facts = {"kind": "matter", "class_code": "06001", "condition": "M06001-1", "is_self_handled": True}
    case = make_report(session, people.inspector, **facts).case
    for number, kind in enumerate((AttachmentKind.BEFORE, AttachmentKind.AFTER)):
        case.attachments.append(_photo(people, number, kind))
    return take(session, people.dutyleader, case, "review")


def _photo(people: People, number: int, kind: AttachmentKind) -> Attachment:
    return Attachment(
        uuid=f"photo-{number}",
        kind=kind,
        sha256=f"{number:064d}",
        media_type="image/jpeg",
        size_bytes=1,
        added_at=clock.now(),
        added_by=people.inspector.person_id,
    )


def _take(session: Session, people: People, case: Case, *steps: str) -> None:
    who = {
        "accept": people.operator,
        "file": people.dutyleader,
        "dispatch": people.dispatcher,
        "check": people.inspector,
        "close": people.dutyleader,
    }
    for step in steps:
        take(session, who.get(step, people.handler), case, step)
