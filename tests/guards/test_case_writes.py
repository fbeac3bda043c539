"""A case moves in one place: nothing but the carrying out of a step assigns a stage, a version or a clock."""

import ast
from collections.abc import Iterator

import pytest

from cityops.cases.models import Case, CaseEvent, ClockPause, StageClock
from tests.guards.sources import modules

ROWS = {row.__name__: row for row in (Case, StageClock, ClockPause, CaseEvent)}
GUARDED = {
    *("stage", "version", "head_digest", "due_at", "warn_at", "handle_due_at"),
    *("started_at", "stopped_at", "from_at", "until_at"),
    *("filed_at", "reported_back_at", "passed_at", "moved_at"),
}
MAY = {"cityops/cases/acting.py", "cityops/cases/effects.py"}
# Errors and jobs have moments of the same names; the replay makes a row of its own, to compare.
ELSEWHERE = {
    "cityops/patrol/services.py": "task.due_at",
    "cityops/cases/replay.py": "row.",
    "cityops/errors.py": "self.moved_at",
    "cityops/jobs.py": "job.due_at",
    "cityops/queue.py": "update(OwedJob)",
}
# The case room's own hands: they are called by nobody else.
MAY_MAKE_ROWS = MAY | {"cityops/cases/history.py", "cityops/cases/clocks.py", "cityops/cases/intake.py"}


def writes(tree: ast.AST) -> Iterator[ast.AST]:
    """Wherever a guarded column is written: assigned, by `setattr`, by an update's values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and node.attr in GUARDED:
            yield node
        if isinstance(node, ast.Call) and _is_write(node):
            yield node


def _is_write(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "setattr":
        return not isinstance(call.args[1], ast.Constant) or call.args[1].value in GUARDED
    if name != "values":
        return False
    given = {keyword.arg for keyword in call.keywords}
    given |= {
        key.value if isinstance(key, ast.Constant) else getattr(key, "attr", None)
        for argument in call.args
        for each in ast.walk(argument)
        if isinstance(each, ast.Dict)
        for key in each.keys
    }
    return bool(given & GUARDED)


@pytest.mark.parametrize(
    "line",
    [
        "case.stage = 1",
        "case.version += 1",
        "case.due_at: int = 1",
        "a, pause.until_at = 1, 2",
        "for row.stopped_at in rows: pass",
        "setattr(case, 'stage', 1)",
        "setattr(case, name, 1)",
        "update(Case).values(stage=1)",
        "update(Case).values({'version': 1})",
        "update(Case).values({Case.warn_at: 1})",
    ],
)
def test_every_way_of_writing_is_found(line: str) -> None:
    assert len(list(writes(ast.parse(line)))) == 1


def test_what_is_guarded_are_columns():
    assert {column.name for row in ROWS.values() for column in row.__table__.columns} >= GUARDED


def test_only_the_carrying_out_of_a_step_assigns_a_stage_a_version_or_a_clock():
    found = [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for path, tree in modules()
        if path not in MAY
        for node in writes(tree)
        if path not in ELSEWHERE or not ast.unparse(node).startswith(ELSEWHERE[path])
    ]
    assert found == []


def test_only_the_case_room_makes_events_and_clocks():
    found = [
        f"{path}:{node.lineno} {ast.unparse(node.func)}"
        for path, tree in modules()
        if path not in MAY_MAKE_ROWS
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ROWS
    ]
    assert found == []


def test_no_statement_updates_or_deletes_an_event():
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"update", "delete"}
        and any(isinstance(argument, ast.Name) and argument.id == "CaseEvent" for argument in node.args)
    ]
    assert found == []
