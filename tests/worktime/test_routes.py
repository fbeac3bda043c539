"""The calendars' pages: for the administrator alone, with every refusal beside its field."""

import io
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from cityops import clock
from cityops.db import Database
from cityops.worktime.queries import load_calendar
from tests import factories

As = Callable[[str], FlaskClient]
OFFICE = "/settings/calendars/office"
PATHS = ("/settings/calendars", OFFICE, "/settings/calendars/continuous", "/settings/holidays")
WEEK = {f"hours_{weekday}": "08:00-11:30; 14:30-18:00" for weekday in range(5)}
TERMS = {"label_zh": "夜班", "label_en": "Night shift", "nominal_minutes": "480", "day_rule": "nominal"}
NOTICE = "day,kind,name_zh,name_en,spans\n2027-01-01,holiday,元旦,New Year,\n2027-02-20,make_up,调休,make-up day,\n"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    """A Monday morning before the holidays of 2027 are known."""
    with clock.running_at(factories.MONDAY_MORNING):
        yield


@pytest.fixture
def admin(as_person: As) -> FlaskClient:
    """The administrator of the whole city, who reads English."""
    client = as_person("admin")
    client.post("/language", data={"language": "en"})
    return client


def spans_on(database: Database, day: str, name: str = "office") -> list[str]:
    with database.reading() as session:
        calendar = load_calendar(session, name)
    return [str(span) for span in calendar.spans_on(datetime.fromisoformat(day).date())]


def handed_in(text: str, year: str = "2027") -> dict[str, object]:
    return {"year": year, "source": "notice", "file": (io.BytesIO(text.encode()), "2027.csv")}


@pytest.mark.parametrize("path", PATHS)
def test_the_pages_are_the_administrators(as_person: As, path: str) -> None:
    assert as_person("admin").get(path).status_code == 200
    for other in ("dispatcher", "dutyleader-east", "supervisor", "inspector"):
        assert as_person(other).get(path).status_code == 403


def test_nobody_else_changes_a_calendar(as_person: As, small_city: Database) -> None:
    client = as_person("leader")
    for path in (OFFICE + "/terms", OFFICE + "/hours", OFFICE + "/days", OFFICE + "/days/remove", "/settings/holidays"):
        assert client.post(path, data={"day": "2026-11-27"}).status_code == 403
    assert spans_on(small_city, "2026-11-27") == ["08:30-12:00", "13:30-18:00"]


def test_a_month_shows_open_hours_and_reasons(admin: FlaskClient) -> None:
    page = admin.get(OFFICE + "?month=2026-10").text
    assert "18 working days, 144 h" in page
    assert page.count("08:30-12:00") >= 18
    assert "make-up day (National Day)" in page
    assert "holidays not known" in admin.get(OFFICE + "?month=2027-01").text
    assert "day and night" in admin.get("/settings/calendars/continuous").text


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "1700-01", "x" * 500])
def test_a_month_that_is_none_is_this_one(admin: FlaskClient, month: str) -> None:
    assert "2026-11 " in admin.get(OFFICE, query_string={"month": month}).text


def test_a_calendar_that_is_not_there_is_not_found(admin: FlaskClient) -> None:
    assert admin.get("/settings/calendars/moon").status_code == 404
    assert admin.post("/settings/calendars/moon/days", data={"day": "2026-11-27"}).status_code == 404


def test_a_typhoon_afternoon_is_entered_and_taken_out(admin: FlaskClient, small_city: Database) -> None:
    sent = {"day": "2026-11-27", "kind": "special", "name_zh": "台风", "closed_from": "14:00", "whose": "all"}
    answer = admin.post(OFFICE + "/days?month=2026-11", data=sent)
    assert answer.location == OFFICE + "?month=2026-11"
    assert spans_on(small_city, "2026-11-27") == ["08:30-12:00", "13:30-14:00"]
    assert "台风" in admin.get(answer.location).text
    assert "台风" in admin.get("/settings/audit").text
    twice = admin.post(OFFICE + "/days", data=sent)
    assert twice.status_code == 422
    assert 'id="closed_from-error"' in twice.text and 'value="台风"' in twice.text
    removed = admin.post(OFFICE + "/days/remove", data={"day": "2026-11-27", "whose": "this"})
    assert removed.status_code == 302
    assert spans_on(small_city, "2026-11-27") == ["08:30-12:00", "13:30-18:00"]
    assert admin.post(OFFICE + "/days/remove", data={"day": "2026-11-27", "whose": "this"}).status_code == 404
    assert admin.post(OFFICE + "/days/remove", data={"day": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": "2026-02-30"}, "day"),
        ({"day": ""}, "day"),
        ({"name_zh": " "}, "name_zh"),
        ({"hours": "8-12"}, "hours"),
        ({"hours": "08:30-12:00;11:00-13:00"}, "hours"),
        ({"hours": ""}, "hours"),
        ({"closed_from": "14:00"}, "closed_from"),
        ({"closed_from": "25:00"}, "closed_from"),
        ({"kind": "holiday"}, "hours"),
        ({"kind": "strike"}, "kind"),
        ({"whose": "x"}, "whose"),
    ],
)
def test_a_day_that_cannot_be_is_refused_beside_its_field(
    admin: FlaskClient, small_city: Database, changes: dict[str, str], field: str
) -> None:
    sent = {"day": "2026-11-27", "kind": "special", "name_zh": "台风", "hours": "09:00-10:00", "whose": "this"}
    answer = admin.post(OFFICE + "/days", data=sent | changes)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert spans_on(small_city, "2026-11-27") == ["08:30-12:00", "13:30-18:00"]


def test_other_hours_are_entered_from_a_day_on(admin: FlaskClient, small_city: Database) -> None:
    answer = admin.post(OFFICE + "/hours", data={"from_on": "2026-12-01", **WEEK})
    assert answer.status_code == 302
    assert spans_on(small_city, "2026-12-01") == ["08:00-11:30", "14:30-18:00"]
    assert "2026-12-01" in admin.get(OFFICE).text


def test_hours_that_overlap_are_refused_beside_their_day(admin: FlaskClient) -> None:
    answer = admin.post(
        OFFICE + "/hours", data={"from_on": "2026-12-01", **WEEK, "hours_2": "08:00-12:00; 11:00-18:00", "hours_4": "x"}
    )
    assert answer.status_code == 422
    assert 'id="hours_2-error"' in answer.text and 'id="hours_4-error"' in answer.text
    assert 'value="08:00-12:00; 11:00-18:00"' in answer.text
    night = {**WEEK, "hours_4": "22:00-08:00", "hours_5": "06:00-09:00"}
    assert 'id="hours_5-error"' in admin.post(OFFICE + "/hours", data={"from_on": "2026-12-01", **night}).text


def test_a_night_shift_is_added(admin: FlaskClient, small_city: Database) -> None:
    sent = {"name": "night-shift", **TERMS, "hours_0": "22：00－06：00"}
    answer = admin.post("/settings/calendars", data=sent)
    assert answer.location == "/settings/calendars/night-shift"
    assert spans_on(small_city, "2026-11-09", "night-shift") == ["22:00-06:00"]
    again = admin.post("/settings/calendars", data=sent)
    assert again.status_code == 422 and 'id="name-error"' in again.text
    assert 'id="hours_0-error"' in admin.post("/settings/calendars", data=sent | {"name": "b2", "hours_0": ""}).text


def test_how_a_calendar_counts_is_changed(admin: FlaskClient, small_city: Database) -> None:
    assert admin.post(OFFICE + "/terms", data=TERMS | {"nominal_minutes": "420"}).status_code == 302
    with small_city.reading() as session:
        calendar = load_calendar(session, "office")
    assert (calendar.nominal_minutes, calendar.holiday_years) == (420, None)
    refused = admin.post(OFFICE + "/terms", data=TERMS | {"nominal_minutes": "0"})
    assert refused.status_code == 422 and 'id="nominal_minutes-error"' in refused.text


def test_a_year_is_looked_at_before_it_is_entered(admin: FlaskClient, small_city: Database) -> None:
    looked = admin.post("/settings/holidays/preview", data=handed_in(NOTICE))
    assert "2 days in the file, 0 out, 2 in; nothing is entered yet" in looked.text
    assert "New Year" in looked.text
    with small_city.reading() as session:
        assert 2027 not in (load_calendar(session, "office").holiday_years or ())
    sent = {"year": "2027", "source": "notice", "text": NOTICE}
    assert admin.post("/settings/holidays", data=sent).status_code == 302
    assert spans_on(small_city, "2027-01-01") == []
    assert "notice" in admin.get("/settings/holidays").text
    again = admin.post("/settings/holidays/preview", data=handed_in(NOTICE))
    assert "known already (notice)" in again.text and 'name="replaces" value="1"' in again.text
    assert "says what the year has already" in again.text
    assert admin.post("/settings/holidays", data=sent).status_code == 422
    assert admin.post("/settings/holidays", data=sent | {"replaces": "1"}).status_code == 302


def test_every_bad_row_of_a_file_is_listed_and_nothing_entered(admin: FlaskClient) -> None:
    answer = admin.post("/settings/holidays/preview", data=handed_in(NOTICE + "2026-01-01,x,,,\n2027-01-02,x,a,b,\n"))
    assert answer.status_code == 422
    assert "2 faults: nothing was entered" in answer.text
    assert '<td class="number">4</td>' in answer.text and '<td class="number">5</td>' in answer.text


@pytest.mark.parametrize(
    "content", [b"", NOTICE.encode("gbk"), b"x" * 500_000, b"\xff\xd8\xff", "日".encode() * 110_000]
)
def test_a_file_that_is_no_notice_is_refused(admin: FlaskClient, content: bytes) -> None:
    sent = {"year": "2027", "source": "notice", "file": (io.BytesIO(content), "2027.csv")}
    answer = admin.post("/settings/holidays/preview", data=sent)
    assert answer.status_code == 422
    assert "error-summary" in answer.text


def test_a_missing_year_is_said_from_september_on(as_person: As) -> None:
    def said(month: int, path: str) -> bool:
        with clock.running_at(datetime(2026, month, 1, 9, tzinfo=clock.CITY_ZONE)):
            return "2027 年的节假日尚未录入" in as_person("admin").get(path).text

    for path in ("/", "/settings/people", "/settings/calendars", "/settings/holidays"):
        assert said(9, path)
        assert not said(8, path)


def test_a_missing_year_is_said_to_administrators_alone_and_no_fault_of_the_city(
    as_person: As, admin: FlaskClient
) -> None:
    assert "/settings/holidays" not in as_person("leader").get("/").text
    assert "jobs_given_up" in as_person("leader").get("/healthz").text
    admin.post("/settings/holidays", data={"year": "2027", "source": "notice", "text": NOTICE})
    assert "note-warning" not in admin.get("/settings/calendars").text
