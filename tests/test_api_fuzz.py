"""Whatever the API's description allows, and what it does not: an answer in order, never a failure of ours."""

from collections.abc import Callable

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode

from cityops.db import Database
from tests.factories import People, make_report

EXAMPLES = 40
As = Callable[[str], FlaskClient]

fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def numbers(small_city: Database) -> dict[str, str]:
    """The numbers of a report and of its case, by the word in the API's paths."""
    with small_city.transaction() as session:
        report = make_report(session, People(session).operator)
        return {"reports": report.number, "cases": report.case.number}


def check_answer(case: Case, headers: dict[str, str]) -> int:
    """Send it; expect no 5xx, and every refusal as problem+json that names its own status. The status."""
    answer = case.call(headers=headers)
    told = f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:500]}"
    assert answer.status_code < 500, told
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == ["application/problem+json"], told
        problem = answer.json()
        assert problem["status"] == answer.status_code and problem["title"] and problem["detail"], told
    return int(answer.status_code)


def test_no_request_breaks_the_api(app: Flask, as_person: As, numbers: dict[str, str]) -> None:
    app.config["SHOW_ERROR_PAGES"] = True
    tokens = [as_person(each).environ_base["HTTP_AUTHORIZATION"] for each in ("operator", "dutyleader", "inspector")]
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 15

    seen: set[int] = set()

    def run(operation: APIOperation) -> None:
        known = next((number for room, number in numbers.items() if f"/{room}/" in operation.path), None)
        modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

        @fuzzed
        @given(st.one_of(modes), st.sampled_from(tokens), st.booleans())
        def check(case: Case, token: str, is_known: bool) -> None:
            if known and is_known and isinstance(case.path_parameters, dict):
                case.path_parameters["number"] = known
            seen.add(check_answer(case, {"Authorization": token}))

        check()

    for operation in operations:
        run(operation)
    assert {200, 404, 422} <= seen
