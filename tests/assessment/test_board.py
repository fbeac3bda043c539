"""The scores of a November in which every case is known."""

from collections.abc import Iterator
from datetime import date, datetime

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Body, BodyKind
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.assessment import board, queries
from cityops.assessment.board import Board, read_board
from cityops.assessment.facts import COUNTS
from cityops.assessment.formulas import Count, Kind, Rate, indicators_of
from cityops.assessment.periods import Month
from cityops.assessment.queries import EVERYTHING, RowOf
from cityops.cases.models import Case
from cityops.errors import NotAllowed, NotFound
from cityops.grid.models import AreaLevel, Cell
from tests.assessment import november
from tests.factories import EAST, OUTSIDE_POINT, WEST, People, make_body, make_report, take

NOVEMBER = Month(2026, 11)
LETTERS = dict[str, Case]

# Of the lamp department: which of the cases stand behind each count.
LAMPS = {
    Count.FILED: "ABCEGIJ",
    Count.TO_HANDLE: "ABCEGI",
    Count.HANDLED: "ABCGI",
    Count.HANDLED_ON_TIME: "ACI",
    Count.AWAITING_CHECK: "G",
    Count.LATE: "BE",
    Count.OVERDUE: "E",
    Count.SENT_BACK: "D",
    Count.REWORKED: "C",
    Count.TO_CLOSE: "ABCEGI",
    Count.CLOSED: "ABCI",
    Count.CLOSED_ON_TIME: "ACI",
    Count.CHECKED: "ABCI",
    Count.CHECKED_ON_THE_SPOT: "A",
    Count.CHECKED_BY_VIDEO: "B",
    Count.CHECKED_BY_PHOTO: "C",
    Count.CHECK_WAIVED: "I",
}
EVERYWHERE = LAMPS | {
    Count.FILED: "ABCDEGHIJ",
    Count.SIMPLE: "F",
    Count.TO_HANDLE: "ABCDEGI",
    Count.HANDLED: "ABCDGI",
    Count.HANDLED_ON_TIME: "ACDI",
    Count.TO_CLOSE: "ABCDEGI",
}
COUNTS_OF_BODIES = tuple(count for count in Count if count in EVERYWHERE and count is not Count.SIMPLE)


def figures(shown: Board, code: str) -> dict[str, tuple[int, int | None]]:
    row = shown.total if not code else next(row for row in shown.rows if row.code == code)
    return {name: (figure.n, figure.of) for name, figure in row.figures.items()}


def letters(session: Session, viewer: Viewer, kind: Kind, count: Count, row: RowOf, cases: LETTERS) -> str:
    span = NOVEMBER.span(clock.now())
    page = queries.list_behind(session, viewer, kind, count, span, row)
    named = {case.id: letter for letter, case in cases.items()}
    return "".join(sorted(named[each.case.id] for each in page.rows))


def test_a_department_is_scored_by_what_it_was_given(session: Session, people: People, cases: LETTERS) -> None:
    shown = read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, NOVEMBER)
    assert figures(shown, "lamps") == {
        "filed": (7, None),
        "to_handle": (6, None),
        "handled": (5, None),
        "on_time_rate": (3, 6),
        "awaiting_check": (1, None),
        "late": (2, None),
        "overdue": (1, None),
        "sent_back": (1, None),
        "rework_rate": (1, 6),
        "to_close": (6, None),
        "closed": (4, None),
        "closing_rate": (4, 6),
        "closing_on_time_rate": (3, 6),
        "checked": (4, None),
        "checked_on_the_spot": (1, None),
        "checked_by_video": (1, None),
        "checked_by_photo": (1, None),
        "waived_rate": (1, 4),
    }
    roads = figures(shown, "roads")
    assert roads["on_time_rate"] == (1, 1), "sent back by the lamps in time, the case is the roads' alone"
    assert roads["closing_rate"] == (0, 1)
    assert figures(shown, board.NOBODY)["filed"] == (1, None)
    assert figures(shown, "")["on_time_rate"] == (4, 7)


def test_an_area_is_scored_by_its_jurisdiction(session: Session, people: People, cases: LETTERS) -> None:
    shown = read_board(session, people.viewer("supervisor"), Kind.AREA, NOVEMBER)
    assert [row.code for row in shown.rows] == [EAST], "the test city's west has no jurisdiction of its own"
    assert figures(shown, EAST)["on_time_rate"] == (1, 1)
    assert figures(shown, "")["simple"] == (1, None)
    assert figures(shown, "")["filed"] == (9, None), "the simple case is counted apart"


@pytest.mark.parametrize("level", [AreaLevel.STREET, AreaLevel.COMMUNITY])
def test_streets_and_communities_are_scored_by_their_codes(
    session: Session, people: People, cases: LETTERS, level: AreaLevel
) -> None:
    shown = read_board(session, people.viewer("supervisor"), Kind.AREA, NOVEMBER, level)
    assert [row.figures["to_handle"].n for row in shown.rows] == [6, 1]


def test_the_lists_hold_the_cases_of_each_figure(session: Session, people: People, cases: LETTERS) -> None:
    viewer = people.viewer("supervisor")
    lamps = board.get_row(session, Kind.DEPARTMENT, NOVEMBER, None, "lamps").row
    for count, expected in LAMPS.items():
        assert letters(session, viewer, Kind.DEPARTMENT, count, lamps, cases) == expected, count
    for count, expected in EVERYWHERE.items():
        assert letters(session, viewer, Kind.AREA, count, EVERYTHING, cases) == expected, count


def every_figure(shown: Board) -> Iterator[tuple[str, Count, int]]:
    """Row, count and number of all that a board shows and links."""
    for row in (*shown.rows, shown.total):
        for figure in row.figures.values():
            yield row.code, figure.indicator.numerator, figure.n
            if figure.indicator.denominator is not None:
                yield row.code, figure.indicator.denominator, figure.of or 0


@pytest.mark.parametrize(
    ("kind", "level"),
    [(Kind.DEPARTMENT, None), (Kind.POST, None), *((Kind.AREA, level) for level in board.AREA_LEVELS)],
)
def test_every_figure_opens_exactly_what_it_counts(
    session: Session, people: People, cases: LETTERS, kind: Kind, level: AreaLevel | None
) -> None:
    make_report(session, people.operator, point=OUTSIDE_POINT)
    span, opened = NOVEMBER.span(clock.now()), set()
    for username in ("supervisor", "handler", "dutyleader-east"):
        viewer = people.viewer(username)
        if not viewer.has(*queries.SEES[kind]):
            continue
        for code, count, number in set(every_figure(read_board(session, viewer, kind, NOVEMBER, level))):
            row = board.get_row(session, kind, NOVEMBER, level, code).row
            assert queries.count_behind(session, viewer, kind, count, span, row) == number, (username, code, count)
            if number:
                page = queries.list_behind(session, viewer, kind, count, span, row, size=200)
                assert len(page.rows) == number, (username, code, count)
                opened.add(count)
    assert opened >= {each.numerator for each in indicators_of(kind)}


def test_every_count_is_of_some_indicator_and_has_its_condition() -> None:
    used = {count for kind in Kind for each in indicators_of(kind) for count in each.counts}
    assert used == set(Count) == set(COUNTS)


def test_a_list_is_paged_without_loss(session: Session, people: People, cases: LETTERS) -> None:
    viewer, span = people.viewer("supervisor"), NOVEMBER.span(clock.now())
    cursor, found = None, []
    while True:
        page = queries.list_behind(session, viewer, Kind.AREA, Count.TO_HANDLE, span, EVERYTHING, cursor=cursor, size=2)
        found += [each.case.id for each in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(found) == sorted(cases[letter].id for letter in "ABCDEGI")


def test_a_month_is_that_of_the_city_not_of_greenwich(session: Session, people: People) -> None:
    cases = {}
    # Two urgent hours: due one minute before and one minute after the city's midnight.
    for letter, minute in (("october", "21:59"), ("november", "22:01")):
        with clock.running_at(datetime.fromisoformat(f"2026-10-31T{minute}+08:00")):
            case = cases[letter] = make_report(session, people.inspector).case
            take(session, people.operator, case, "accept")
            take(session, people.dutyleader, case, "file", condition="C01037-2")
            take(session, people.dispatcher, case, "dispatch")
    viewer = people.viewer("supervisor")
    shown = {month: read_board(session, viewer, Kind.DEPARTMENT, month) for month in (Month(2026, 10), NOVEMBER)}
    assert [each.total.figures["to_handle"].n for each in shown.values()] == [1, 1]
    assert [each.total.figures["filed"].n for each in shown.values()] == [2, 0]


def test_what_is_done_after_the_month_does_not_make_it_better(session: Session, people: People) -> None:
    october = Month(2026, 10)
    with clock.running_at(datetime.fromisoformat("2026-10-28T09:00+08:00")):
        case = make_report(session, people.inspector).case
        for who, step in ((people.operator, "accept"), (people.dutyleader, "file"), (people.dispatcher, "dispatch")):
            take(session, who, case, step)
    before = figures(read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, october), "lamps")
    for who, step in ((people.handler, "report_back"), (people.inspector, "check"), (people.dutyleader, "close")):
        take(session, who, case, step)
    after = figures(read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, october), "lamps")
    assert before == after
    assert after["overdue"] == (1, None) and after["closing_rate"] == (0, 1)


def test_a_check_made_after_the_month_still_counts_for_who_was_in_time(session: Session, people: People) -> None:
    october = Month(2026, 10)
    with clock.running_at(datetime.fromisoformat("2026-10-28T09:00+08:00")):
        case = make_report(session, people.inspector).case
        for who, step in ((people.operator, "accept"), (people.dutyleader, "file"), (people.dispatcher, "dispatch")):
            take(session, who, case, step)
        take(session, people.handler, case, "report_back")
    shown = figures(read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, october), "lamps")
    assert (shown["on_time_rate"], shown["awaiting_check"]) == ((0, 1), (1, None))
    take(session, people.inspector, case, "check")
    shown = figures(read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, october), "lamps")
    assert (shown["on_time_rate"], shown["awaiting_check"]) == ((1, 1), (0, None))


def test_what_is_not_yet_due_is_held_against_nobody(session: Session, people: People, cases: LETTERS) -> None:
    assert cases["J"].handle_due_at is not None and cases["J"].handle_due_at > november.NOON
    viewer = people.viewer("supervisor")
    assert "J" not in letters(session, viewer, Kind.DEPARTMENT, Count.TO_HANDLE, EVERYTHING, cases)
    with clock.running_at(november.at("30T23:00")):
        assert "J" in letters(session, viewer, Kind.DEPARTMENT, Count.OVERDUE, EVERYTHING, cases)


def test_a_district_supervisor_sees_his_district_and_a_handler_his_body(
    session: Session, people: People, cases: LETTERS
) -> None:
    east = people.viewer("dutyleader-east")
    assert figures(read_board(session, east, Kind.DEPARTMENT, NOVEMBER), "lamps")["to_handle"] == (1, None)
    assert letters(session, east, Kind.AREA, Count.FILED, EVERYTHING, cases) == "I"
    roads = read_board(session, people.viewer("handler-roads"), Kind.DEPARTMENT, NOVEMBER)
    assert [row.code for row in roads.rows] == ["roads"]
    assert figures(roads, "")["to_handle"] == (1, None)
    crew = read_board(session, people.viewer("handler-crew"), Kind.DEPARTMENT, NOVEMBER)
    assert [row.code for row in crew.rows] == ["lamps-crew"], "nothing was given to it, and that is said"
    with pytest.raises(NotAllowed):
        read_board(session, people.handler, Kind.AREA, NOVEMBER)
    with pytest.raises(NotAllowed):
        read_board(session, people.inspector, Kind.DEPARTMENT, NOVEMBER)


def test_a_case_that_left_a_body_stays_in_its_score_but_is_not_opened(
    session: Session, people: People, cases: LETTERS
) -> None:
    span = NOVEMBER.span(clock.now())
    page = queries.list_behind(session, people.handler, Kind.DEPARTMENT, Count.SENT_BACK, span, EVERYTHING)
    assert [(each.case.id, each.can_be_opened) for each in page.rows] == [(cases["D"].id, False)]


def test_persons_are_counted_by_their_steps(session: Session, people: People, cases: LETTERS) -> None:
    shown = read_board(session, people.viewer("supervisor"), Kind.POST, NOVEMBER)
    assert figures(shown, "dispatcher/dispatcher/dispatch") == {"steps": (9, None), "steps_on_time_rate": (9, 9)}
    # A check has an hour: those of A and I and the first of C came after two, those of B and D and C's second at once.
    assert figures(shown, "inspector/inspector/check") == {"steps": (6, None), "steps_on_time_rate": (3, 6)}
    assert figures(shown, "handler/handler/report_back") == {"steps": (6, None), "steps_on_time_rate": (0, 0)}
    own = read_board(session, people.dispatcher, Kind.POST, NOVEMBER)
    assert {row.code for row in own.rows} == {"dispatcher/dispatcher/dispatch", "dispatcher/dispatcher/send_back"}


def survey(session: Session, tiers: dict[str, int], on: date) -> None:
    """Let cells stand since a day, each of a tier of the grid."""
    for cell in session.scalars(select(Cell)):
        cell.initial_on, cell.grid_tier = on, tiers.get(cell.code, 1)
    session.flush()


def test_areas_are_compared_within_their_tier_of_the_grid(session: Session, people: People, cases: LETTERS) -> None:
    viewer, urban = people.viewer("supervisor"), f"{EAST}001001001"
    survey(session, {urban: 2}, date(2026, 1, 1))
    session.execute(update(Cell).where(Cell.code == urban).values(area_m2=50_000))
    shown = read_board(session, viewer, Kind.AREA, NOVEMBER, AreaLevel.STREET)
    assert [(tier, [row.code for row in rows]) for tier, rows in shown.groups] == [
        (1, [f"{WEST}001"]),
        (2, [f"{EAST}001"]),
    ]
    session.execute(update(Cell).where(Cell.code == urban).values(area_m2=9_000))
    assert len(read_board(session, viewer, Kind.AREA, NOVEMBER, AreaLevel.STREET).groups) == 1, (
        "most is of tier 1 again"
    )
    survey(session, {}, date(2026, 11, 25))
    before = read_board(session, viewer, Kind.AREA, NOVEMBER, AreaLevel.STREET)
    assert {row.tier for row in before.rows} == {None}, "there were no cells yet on the twentieth"


def test_inspectors_are_compared_where_most_of_their_steps_are_taken(
    session: Session, people: People, cases: LETTERS
) -> None:
    viewer = people.viewer("supervisor")
    survey(session, {f"{WEST}001001001": 2, f"{WEST}001001002": 2}, date(2026, 1, 1))
    rows = read_board(session, viewer, Kind.POST, NOVEMBER).rows
    assert {row.tier for row in rows if row.post is Post.INSPECTOR} == {2}
    assert {row.tier for row in rows if row.post is not Post.INSPECTOR} == {None}


def test_a_late_step_is_late_and_a_missing_rate_is_no_rate(session: Session, people: People) -> None:
    with clock.running_at(november.at("10T09:00")):
        case = make_report(session, people.inspector).case
    with clock.running_at(november.at("10T10:01")):
        take(session, people.operator, case, "accept")
    shown = read_board(session, people.viewer("supervisor"), Kind.POST, NOVEMBER)
    accepted = next(row for row in shown.rows if row.code == "operator/operator/accept")
    assert accepted.figures[Rate.STEPS_ON_TIME_RATE].value == 0.0
    reported = next(row for row in shown.rows if row.code == "inspector/inspector/report")
    assert reported.figures[Rate.STEPS_ON_TIME_RATE].value is None


def test_the_month_before_and_the_worst_class_are_told(session: Session, people: People, cases: LETTERS) -> None:
    with clock.running_at(november.NOON):
        shown = read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, NOVEMBER)
    assert shown.points is None, "nothing fell due in October"
    assert shown.latest is not None and (shown.latest[0].code, shown.latest[1]) == ("01037", 2)
    with clock.running_at(datetime.fromisoformat("2026-12-15T09:00+08:00")):
        december = read_board(session, people.viewer("supervisor"), Kind.DEPARTMENT, Month(2026, 12))
    assert december.before is not None and (december.before.n, december.before.of) == (4, 8)


def test_a_row_that_does_not_exist_is_not_found(session: Session) -> None:
    for kind, code in ((Kind.DEPARTMENT, "nobody"), (Kind.AREA, "nowhere"), (Kind.POST, "a/b/c")):
        with pytest.raises(NotFound):
            board.get_row(session, kind, NOVEMBER, None, code)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_score_asks_as_many_statements_for_fifty_bodies_as_for_two(
    session: Session, people: People, cases: LETTERS, kind: Kind
) -> None:
    viewer = people.viewer("supervisor")

    def statements() -> int:
        asked: list[str] = []
        bind = session.connection()
        event.listen(bind, "before_cursor_execute", listener := lambda *args: asked.append(args[2]))
        session.expire_all()
        read_board(session, viewer, kind, NOVEMBER, AreaLevel.DISTRICT if kind is Kind.AREA else None)
        event.remove(bind, "before_cursor_execute", listener)
        return len(asked)

    first = statements()
    for number in range(50):
        body = make_body(session, f"body-{number}", BodyKind.DEPARTMENT, None)
        session.add(body)
        case = make_report(session, people.inspector).case
        take(session, people.operator, case, "accept")
        take(session, people.dutyleader, case, "file")
        take(session, people.dispatcher, case, "dispatch", body=body.code)
    session.flush()
    assert session.query(Body).count() > 50
    assert statements() == first
