"""How PostgreSQL carries out what one case's life asks of it."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from cityops.app import create_app
from cityops.config import Config
from cityops.db import Database

GROWING = (
    "cases",
    "reports",
    "case_events",
    "stage_clocks",
    "clock_pauses",
    "assignments",
    "assignment_hops",
    "attachments",
    "inspector_tasks",
    "notices",
    "idempotency_keys",
    "automation_entries",
    "case_requests",
    "check_answers",
    "check_flags",
    "clock_warnings",
    "co_handlings",
    "component_changes",
    "rechecks",
    "reporter_answers",
)


def explain(config: Config, live: Callable[[FlaskClient], None]) -> dict[str, Any]:
    """The plans of all SELECTs and UPDATEs of a life, and which of them read a growing table from end to end."""
    asked = _statements(config, live)
    database = Database(config.database_url)
    plans = {}
    with database.transaction() as session:
        for statement, given in asked.items():
            found = session.connection().exec_driver_sql(f"EXPLAIN {statement}", given)
            plans[" ".join(statement.split())] = [row[0] for row in found]
    database.dispose()
    scanning = [statement for statement, plan in plans.items() if any(_is_scan(line) for line in plan)]
    return {"statements": len(plans), "reading_a_growing_table_whole": scanning, "plans": plans}


def _statements(config: Config, live: Callable[[FlaskClient], None]) -> dict[str, Any]:
    app = create_app(config)
    asked: dict[str, Any] = {}

    def note(_connection: object, _cursor: object, statement: str, given: Any, *_rest: object) -> None:
        if statement.startswith(("SELECT", "UPDATE")):
            asked[statement] = given

    event.listen(Engine, "before_cursor_execute", note)
    live(app.test_client())
    event.remove(Engine, "before_cursor_execute", note)
    app.extensions["cityops"].close()
    return asked


def _is_scan(line: str) -> bool:
    return any(f"Seq Scan on {name} " in f"{line} " for name in GROWING)
