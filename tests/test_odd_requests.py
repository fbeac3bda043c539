"""Numbers, nestings and moments that a hand can type and no row has: an answer in order, never a failure of ours."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import gettext

from cityops.db import Database
from cityops.statuses import ADVICE
from tests import factories

As = Callable[[str], FlaskClient]

NO_KEYS = ("0", str(2**63), str(10**22), "9" * 5_000)
UNUSED_KEYS = (str(2**31), str(2**63 - 1))


@pytest.fixture(autouse=True)
def real_answers(app: Flask) -> None:
    """A failure of ours is answered as in production, with 500."""
    app.config["SHOW_ERROR_PAGES"] = True


@pytest.mark.parametrize("key", [*NO_KEYS, *UNUSED_KEYS])
def test_a_key_that_no_row_has_leads_nowhere(as_person: As, key: str) -> None:
    operator, admin = as_person("operator"), as_person("admin")
    answers = [
        as_person("inspector").get(f"/tasks/{key}"),
        operator.post(f"/answers/{key}", data={"outcome": "reached"}),
        operator.post(f"/answers/{key}/reporter"),
        admin.post(f"/settings/tokens/{key}/revoke"),
        admin.post(f"/settings/people/operator/posts/{key}/end"),
        operator.get(f"/tiles/cases/{key}/1/1.mvt"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6


@pytest.mark.parametrize("key", [*NO_KEYS, *UNUSED_KEYS, "-1", "x"])
def test_a_page_after_a_key_that_no_row_has_is_still_a_page(as_person: As, key: str) -> None:
    admin, supervisor = as_person("admin"), as_person("supervisor")
    answers = [
        admin.get(f"/settings/audit?before={key}"),
        admin.get(f"/settings/tokens?before={key}"),
        admin.get(f"/grid/outside?after={key}"),
        supervisor.get(f"/scores/cases?kind=department&figure=filed&class={key}"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4


@pytest.mark.parametrize("lon", ["nan", "inf", "-inf", "1e308", "181"])
@pytest.mark.parametrize("class_code", ["", "component-01037"])
def test_near_no_place_there_is_nothing(as_person: As, lon: str, class_code: str) -> None:
    for query in ({"lon": lon, "lat": "29.87"}, {"lon": "121.55", "lat": lon}):
        answer = as_person("operator").get("/cases/near", query_string=query | {"class_code": class_code})
        assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize("lat", ["90", "-90", "89.9999999"])
def test_near_a_pole_nothing_fails(as_person: As, lat: str) -> None:
    assert as_person("operator").get(f"/cases/near?lon=180&lat={lat}").status_code == 200


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "1999-12-31T23:59Z"])
def test_a_moment_out_of_our_time_is_refused_by_its_field(as_person: As, moment: str) -> None:
    answer = as_person("supervisor").get("/api/v1/cases", query_string={"due_before": moment})
    assert (answer.status_code, answer.json["field"]) == (422, "due_before")
    assert "2000" in answer.json["detail"]


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, "9" * 5_000])
def test_a_body_that_nobody_can_read_is_a_problem_of_the_sender(as_person: As, body: str) -> None:
    answer = as_person("operator").post("/api/v1/reports", data=body, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert answer.content_type == "application/problem+json"


def test_a_score_of_a_class_that_no_row_has_is_refused(as_person: As) -> None:
    answer = as_person("supervisor").get(f"/api/v1/scores/cases?figure=filed&class_id={10**22}")
    assert (answer.status_code, answer.json["field"]) == (422, "class_id")


@pytest.mark.parametrize("body", ["{", "", "null", '"x"', "[1]"])
def test_a_body_that_is_no_object_is_told_in_a_clean_sentence(as_person: As, body: str) -> None:
    answer = as_person("operator").post("/api/v1/reports", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["field"]) == (422, "body")
    assert answer.json["detail"].startswith("body: ") and "Input should" not in answer.json["detail"]


def test_another_method_has_words_of_its_own(app: Flask, as_person: As) -> None:
    operator = as_person("operator")
    told = [operator.delete(f"/api/v1/cases{more}") for more in ("", "/1/steps")]
    assert {answer.status_code for answer in told} == {405} and all(answer.headers["Allow"] for answer in told)
    with app.test_request_context():
        assert told[0].json["detail"] == gettext(ADVICE[405]) != gettext(ADVICE[500])


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5_000])
def test_a_form_field_that_nobody_can_read_is_a_problem_of_the_sender(
    as_person: As, small_city: Database, text: str
) -> None:
    with small_city.transaction() as session:
        number = factories.make_report(session, factories.People(session).inspector).case.number
    form: dict[str, Any] = {"id": text, "kind": "scene"}
    answer = as_person("inspector").post(f"/api/v1/cases/{number}/attachments", data=form)
    assert answer.status_code in {400, 422}


def test_a_form_with_a_nul_is_refused(as_person: As) -> None:
    assert as_person("operator").post("/intake", data={"description": "a\x00b"}).status_code == 400


def test_a_strangers_form_is_not_read(client: FlaskClient) -> None:
    with client.application.test_request_context("/intake", method="POST", data={"description": "a\x00b"}) as context:
        answer = client.application.preprocess_request()
        assert answer is not None and answer.status_code == 302
        assert "form" not in vars(context.request)
