"""The scores over HTTP: figures, formulas and the cases behind them."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from cityops import clock
from cityops.db import Database
from tests.assessment import november
from tests.factories import EAST

AsPerson = Callable[[str], FlaskClient]


def test_scores_say_what_they_are_made_of(lived: dict[str, str], as_person: AsPerson) -> None:
    answer = as_person("supervisor").get("/api/v1/scores?kind=department&period=2026-11").json
    assert (answer["period"], answer["as_of"]) == ("2026-11", "2026-11-20T04:00:00Z")
    lamps = next(row for row in answer["rows"] if row["code"] == "lamps")
    assert lamps["figures"]["on_time_rate"] == {"n": 3, "of": 6, "value": 0.5}
    assert lamps["figures"]["to_handle"] == {"n": 6, "of": None, "value": 6}
    formula = next(each for each in answer["formulas"] if each["code"] == "on_time_rate")
    assert (formula["numerator"], formula["denominator"]) == ("handled_on_time", "to_handle")
    assert set(lamps["figures"]) == {each["code"] for each in answer["formulas"]}


def test_a_figure_opens_its_cases(lived: dict[str, str], as_person: AsPerson) -> None:
    path = "/api/v1/scores/cases?kind=department&period=2026-11&row=lamps&figure=handled_on_time"
    cases = as_person("supervisor").get(path).json["cases"]
    assert sorted(each["number"] for each in cases) == sorted(lived[letter] for letter in "ACI")
    first = as_person("supervisor").get(path + "&size=2").json
    rest = as_person("supervisor").get(path + f"&size=2&cursor={first['next_cursor']}").json
    assert len(first["cases"]) == 2 and len(rest["cases"]) == 1 and rest["next_cursor"] is None


@pytest.mark.parametrize("kind", ["department", "area", "post"])
def test_each_kind_answers_for_the_running_month_by_default(
    lived: dict[str, str], as_person: AsPerson, kind: str
) -> None:
    answer = as_person("leader").get(f"/api/v1/scores?kind={kind}")
    assert answer.status_code == 200 and answer.json["period"] == "2026-11" and answer.json["rows"]


def test_a_district_is_shown_by_its_jurisdiction(lived: dict[str, str], as_person: AsPerson) -> None:
    answer = as_person("dutyleader-east").get("/api/v1/scores?kind=area").json
    assert [(row["code"], row["figures"]["on_time_rate"]["n"]) for row in answer["rows"]] == [(EAST, 1)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=2026-13", 422),
        ("period=november", 422),
        ("period=2027-01", 422),
        ("kind=weather", 422),
        ("kind=area&level=cell", 422),
    ],
)
def test_what_is_no_month_or_kind_is_refused(
    small_city: Database, as_person: AsPerson, query: str, status: int
) -> None:
    with clock.running_at(november.NOON):
        answer = as_person("supervisor").get(f"/api/v1/scores?{query}")
    assert answer.status_code == status and answer.content_type == "application/problem+json"


def test_scores_are_not_for_every_post(small_city: Database, as_person: AsPerson) -> None:
    assert as_person("inspector").get("/api/v1/scores?kind=department").status_code == 403
    assert as_person("handler").get("/api/v1/scores?kind=area").status_code == 403
    assert as_person("handler").get("/api/v1/scores/cases?kind=area&figure=handled").status_code == 403
