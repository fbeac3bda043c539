"""A case handled in phases: each phase is on time or late by itself, and the case counts once."""

from datetime import timedelta

from sqlalchemy.orm import Session

from cityops import clock
from cityops.assessment.board import read_board
from cityops.assessment.formulas import Kind
from cityops.assessment.periods import Month
from cityops.cases.models import AttachmentKind, Case
from tests import factories
from tests.assessment import november
from tests.factories import MONDAY_MORNING, People

NOVEMBER = Month(2026, 11)


def live(session: Session, people: People, safe_after_hours: int) -> Case:
    """Made safe after some hours, repaired in time by the lamps' body, the paving restored in time by the roads'."""
    with clock.running_at(MONDAY_MORNING):
        factories.make_phases(session)
        case = factories.make_report(session, people.inspector).case
        factories.bring_to(session, people, case, "accept")
        factories.take(session, people.dutyleader, case, "file", condition=factories.PHASED)
        factories.bring_to(session, people, case, "dispatch", "sign_for")
    with clock.running_at(MONDAY_MORNING + timedelta(hours=safe_after_hours)):
        case.attachments.append(factories.make_photo(people, AttachmentKind.AFTER))
        session.flush()
        factories.bring_to(session, people, case, "report_back", "check", "report_back")
        factories.take(session, people.dispatcher, case, "dispatch", body="roads")
    with clock.running_at(november.at("12T09:00")):
        factories.take(session, people.viewer("handler-roads"), case, "report_back")
        factories.bring_to(session, people, case, "check", "close")
    return case


def figures(session: Session, people: People, code: str) -> dict[str, tuple[int, int | None]]:
    shown = read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, NOVEMBER)
    row = next(row for row in shown.rows if row.code == code) if code else shown.total
    return {name: (figure.n, figure.of) for name, figure in row.figures.items()}


def test_a_case_is_on_time_when_every_phase_was_and_counts_once_for_the_last_body(
    session: Session, people: People
) -> None:
    live(session, people, safe_after_hours=1)
    with clock.running_at(november.at("30T12:00")):
        lamps, roads, city = (figures(session, people, code) for code in ("lamps", "roads", ""))
    assert (lamps["on_time_rate"], roads["on_time_rate"], city["on_time_rate"]) == ((2, 2), (1, 1), (3, 3))
    assert (lamps["to_close"], roads["to_close"], city["to_close"]) == ((0, None), (1, None), (1, None))
    assert roads["closing_on_time_rate"] == city["closing_on_time_rate"] == (1, 1)


def test_the_body_that_was_late_in_a_phase_carries_the_case(session: Session, people: People) -> None:
    live(session, people, safe_after_hours=3)
    with clock.running_at(november.at("30T12:00")):
        lamps, roads, city = (figures(session, people, code) for code in ("lamps", "roads", ""))
    assert (lamps["on_time_rate"], roads["on_time_rate"], city["on_time_rate"]) == ((1, 2), (1, 1), (2, 3))
    assert (lamps["late"], roads["late"]) == ((1, None), (0, None))
    assert (lamps["to_close"], roads["to_close"], city["to_close"]) == ((1, None), (0, None), (1, None))
    assert lamps["closing_on_time_rate"] == city["closing_on_time_rate"] == (0, 1)
