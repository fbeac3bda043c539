"""A case moves in one place: nothing but its services assigns a stage, a version or a clock."""

import ast

from tests.guards.sources import modules

GUARDED = {"stage", "version", "due_at", "paused_at", "resumed_at", "stopped_at"}
ROWS = {"Case", "StageClock", "ClockPause", "CaseEvent"}
MAY = {"cityops/cases/services.py"}
# The services' own hands: they are called by nobody else.
MAY_MAKE_ROWS = MAY | {"cityops/cases/history.py", "cityops/cases/clocks.py", "cityops/cases/intake.py"}


def test_only_the_case_services_assign_a_stage_or_a_version():
    found = [
        f"{path}:{node.lineno} {ast.unparse(target)}"
        for path, tree in modules()
        if path not in MAY
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute) and target.attr in {"stage", "version"}
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
