from collections.abc import Callable

from flask.testing import FlaskClient

from tests.cases.test_api import post_report, step
from tests.counting import counted_queries

# Who makes a call ask more has to say so here: at 30 lives a second each of these runs 30 times.
MOST = {"report": 15, "accept": 13, "file": 15, "dispatch": 20, "report_back": 25, "check": 25, "close": 11}
ROAD = (
    ("operator", "accept", {}),
    ("dutyleader", "file", {"condition": "C01037-1"}),
    ("dispatcher", "dispatch", {"body": "lamps"}),
    ("handler", "report_back", {"note": "换了灯泡"}),
    ("inspector2", "check", {"result": "passed"}),
    ("dutyleader", "close", {}),
)


def test_the_calls_of_a_life_ask_no_more_than_these_statements(as_person: Callable[[str], FlaskClient]) -> None:
    clients = {name: as_person(name) for name in ("inspector", *(name for name, _, _ in ROAD))}
    for client in clients.values():
        client.environ_base["HTTP_IDEMPOTENCY_KEY"] = "once"
    counts = {}
    for _ in ("calendars and grid are read once a process", "counted"):
        for client in clients.values():
            client.environ_base["HTTP_IDEMPOTENCY_KEY"] += "+"
        with counted_queries() as seen:
            case = post_report(clients["inspector"])["case"]
        counts["report"] = _asked(seen)
        for username, name, given in ROAD:
            # A person has one key for each call; two steps of one person are two calls.
            clients[username].environ_base["HTTP_IDEMPOTENCY_KEY"] += name
            with counted_queries() as seen:
                answer = step(clients[username], case["number"], name, case["version"], **given)
            assert answer.status_code == 200, answer.text
            case, counts[name] = answer.json, _asked(seen)
    assert {name: count for name, count in counts.items() if count > MOST[name]} == {}


def _asked(seen: list[str]) -> int:
    """How many statements these are; that SQLite is told BEGIN in words is no more than PostgreSQL's."""
    return sum(statement.partition(" ")[0] != "BEGIN" for statement in seen)
