import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from cityops import clock
from cityops.accounts.models import AuditAction, AuditEntry
from cityops.cases import request_routes
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import RequestKind, RequestState
from cityops.db import Database
from tests.counting import counted_queries
from tests.factories import People, ask, bring_to, make_report

AsPerson = Callable[[str], FlaskClient]


@pytest.fixture
def number(small_city: Database) -> str:
    """A case that the lamp department is handling."""
    with small_city.transaction() as session:
        people = People(session)
        report = make_report(session, people.inspector)
        return bring_to(session, people, report.case, "accept", "file", "dispatch", "sign_for").number


def version_on(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def ask_on_page(client: FlaskClient, number: str, **given: object):
    page = client.get(f"/cases/{number}").text
    return client.post(f"/cases/{number}/requests", data={"version": version_on(page), "reason": "材料未到"} | given)


def row_of(database: Database) -> CaseRequest:
    with database.reading() as session:
        return session.scalars(select(CaseRequest)).one()


def test_a_body_asks_on_the_cases_page_and_the_dispatcher_grants_it_from_the_list(
    as_person: AsPerson, small_city: Database, number: str
) -> None:
    assert ask_on_page(as_person("handler"), number, kind="extend", more="1").status_code == 303
    listed = as_person("dispatcher").get("/requests").text
    assert number in listed and "材料未到" in listed and "1 个工作日" in listed
    request_id = row_of(small_city).id
    data = {"version": version_on(listed), "decision": "grant", "next": "/requests"}
    answer = as_person("dispatcher").post(f"/requests/{request_id}/decision", data=data)
    assert (answer.status_code, answer.location) == (303, "/requests")
    assert row_of(small_city).state is RequestState.GRANTED
    shown = as_person("handler").get(f"/cases/{number}").text
    assert "已同意" in shown and "批准延期" in shown


def test_what_was_typed_stays_where_the_request_is_refused(as_person: AsPerson, number: str) -> None:
    answer = ask_on_page(as_person("handler"), number, kind="extend", more="99", reason="等材料到货")
    assert answer.status_code == 422
    assert "等材料到货" in answer.text and 'value="99"' in answer.text and "1 至 2" in answer.text


def test_words_of_a_request_that_cannot_be_asked_any_more_are_not_lost(as_person: AsPerson, number: str) -> None:
    answer = ask_on_page(as_person("handler"), number, kind="oversee", reason="写了很久的理由")
    assert answer.status_code == 403 and "写了很久的理由" in answer.text


def test_a_rejection_without_a_reason_is_sent_back_with_the_case(
    as_person: AsPerson, small_city: Database, number: str
) -> None:
    ask_on_page(as_person("handler"), number, kind="extend", more="1")
    page = as_person("dispatcher").get(f"/cases/{number}").text
    data = {"version": version_on(page), "decision": "reject"}
    answer = as_person("dispatcher").post(f"/requests/{row_of(small_city).id}/decision", data=data)
    assert answer.status_code == 422 and row_of(small_city).state is RequestState.OPEN


def test_a_suspension_is_asked_for_with_its_proof(as_person: AsPerson, small_city: Database, number: str) -> None:
    until = (clock.today() + timedelta(days=9)).isoformat()
    handler = as_person("handler")
    assert ask_on_page(handler, number, kind="suspend", until_on=until).status_code == 422
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "JPEG")
    picture.seek(0)
    answer = ask_on_page(handler, number, kind="suspend", until_on=until, photo=(picture, "notice.jpg"))
    assert answer.status_code == 303, answer.text
    assert row_of(small_city).kind is RequestKind.SUSPEND


def test_nobody_is_offered_what_he_may_not_ask(as_person: AsPerson, number: str) -> None:
    offered = {
        name: set(re.findall(r'data-opens="ask-(\w+)"', as_person(name).get(f"/cases/{number}").text))
        for name in ("handler", "dispatcher", "operator", "leader", "inspector", "admin")
    }
    assert offered["handler"] == {"extend", "suspend", "defer", "send_back", "void", "force_close"}
    assert offered["dispatcher"] == {"void", "force_close"} and offered["operator"] == {"void"}
    assert offered["leader"] == {"oversee"}
    assert offered["inspector"] == offered["admin"] == set()


def test_the_list_asks_the_same_number_of_queries_for_three_and_for_twenty(
    as_person: AsPerson, small_city: Database
) -> None:
    dispatcher, counts = as_person("dispatcher"), []
    for more in (3, 17):
        with small_city.transaction() as session:
            people = People(session)
            for _ in range(more):
                case = bring_to(
                    session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch"
                )
                ask(session, people.handler, case, "extend", more=1)
        with counted_queries() as asked:
            assert dispatcher.get("/requests").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_what_waits_is_listed_a_page_at_a_time(as_person: AsPerson, small_city: Database, monkeypatch) -> None:
    monkeypatch.setattr(request_routes, "PAGE_ROWS", 2)
    numbers = []
    with small_city.transaction() as session:
        people = People(session)
        for _ in range(3):
            case = bring_to(session, people, make_report(session, people.inspector).case, "accept", "file", "dispatch")
            ask(session, people.handler, case, "extend", more=1)
            numbers.append(case.number)
    dispatcher = as_person("dispatcher")
    first = dispatcher.get("/requests").text
    (following,) = re.findall(r'href="(/requests\?after=\d+)" rel="next"', first)
    second = dispatcher.get(following).text
    assert [number in first for number in numbers] == [True, True, False]
    assert [number in second for number in numbers] == [False, False, True] and 'rel="next"' not in second
    answer = dispatcher.get("/api/v1/requests?size=2").json
    rest = dispatcher.get(f"/api/v1/requests?size=2&cursor={answer['next_cursor']}").json
    assert [each["case"] for each in (*answer["requests"], *rest["requests"])] == numbers
    assert rest["next_cursor"] is None


def test_the_ledger_tells_each_bodys_month(as_person: AsPerson, number: str) -> None:
    ask_on_page(as_person("handler"), number, kind="extend", more="1")
    page = as_person("supervisor").get("/requests/ledger").text
    assert "延期" in page and "10 %" in page
    assert "延期" not in as_person("handler-roads").get("/requests/ledger").text
    assert as_person("supervisor").get("/requests/ledger?period=nonsense").status_code == 200


def test_an_administrator_sets_the_numbers_of_a_kind(as_person: AsPerson, small_city: Database, number: str) -> None:
    data = {"kind": "extend", "most_times": "2", "share": "50", "decide_value": "4", "decide_unit": "working_hour"}
    data |= {"calendar": "street", "most_days": "", "month_share": ""}
    assert as_person("supervisor").post("/settings/requests", data=data).status_code == 403
    assert as_person("admin").post("/settings/requests", data=data).status_code == 303
    with small_city.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None and entry.action is AuditAction.REQUEST_TERMS_SET
        assert entry.subject == "extend: times 2, share 0.5, decide 4 working_hour street"
    assert ask_on_page(as_person("handler"), number, kind="extend", more="2").status_code == 422
    assert 'value="50"' in as_person("admin").get("/settings/requests").text


@pytest.mark.parametrize(
    "wrong", [{"decide_value": "0"}, {"decide_value": ""}, {"share": "x"}, {"calendar": "moon"}, {"kind": "holiday"}]
)
def test_numbers_that_are_none_are_refused_beside_their_field(as_person: AsPerson, wrong: dict[str, str]) -> None:
    data = {"kind": "extend", "decide_value": "4", "decide_unit": "working_hour", "calendar": "street"} | wrong
    assert as_person("admin").post("/settings/requests", data=data).status_code == 422
