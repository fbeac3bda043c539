"""Whatever is written down as owed is a task that exists, and is called with what it takes."""

import ast
import importlib
import inspect
from datetime import timedelta

from cityops import jobs
from cityops.queue import CLAIM_FOR
from tests.guards.sources import modules


def test_every_job_that_is_owed_names_a_task_and_what_it_takes():
    wrong, found = [], 0
    for path, tree in modules():
        if path in {"cityops/jobs.py", "cityops/queue.py"}:
            continue
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func).split(".")[-1] != "owe":
                continue
            found += 1
            given = {keyword.arg for keyword in call.keywords}
            for name in _values(call.args[1], path):
                task = jobs.TASKS.get(name)
                if task is None or given != set(list(inspect.signature(task.call).parameters)[1:]):
                    wrong.append(f"{path}:{call.lineno} {name} {sorted(map(str, given))}")
    assert found
    assert wrong == []


def test_every_scheduled_task_exists_and_takes_nothing():
    for scheduled in jobs.SCHEDULE:
        assert len(inspect.signature(jobs.TASKS[scheduled.task].call).parameters) == 1, scheduled.task


def test_no_scheduled_task_comes_round_more_often_than_the_scheduler_looks():
    assert [each.task for each in jobs.SCHEDULE if each.every is not None and each.every < jobs.SWEEP_EVERY] == []


def test_no_task_may_take_longer_than_its_claim_lasts():
    assert [name for name, task in jobs.TASKS.items() if timedelta(seconds=task.limit_s) >= CLAIM_FOR] == []


def _values(node: ast.expr, path: str) -> list[str]:
    """The name itself, that of a module's constant, or all that a module's table may give."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    if isinstance(node, ast.Subscript):
        return list(getattr(module, ast.unparse(node.value)).values())
    return [str(getattr(module, ast.unparse(node)))]
