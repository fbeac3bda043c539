"""Rooms import one way, at the top of a file, by full name."""

import ast
import subprocess
import sys
from pathlib import Path

from tests.guards.sources import ROOT, functions, modules


def test_rooms_import_one_way():
    command = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_nothing_is_imported_inside_a_function():
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for function in functions(tree)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_no_import_is_relative():
    found = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert found == []


def test_only_the_clock_asks_what_time_it_is():
    asking = {"now", "utcnow", "today", "fromtimestamp"}
    found = [
        f"{path}:{node.lineno} {ast.unparse(node.func)}"
        for path, tree in modules()
        if path != "cityops/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in asking
        and ast.unparse(node.func.value) in {"datetime", "date", "datetime.datetime", "datetime.date"}
    ]
    assert found == []


def test_importing_the_application_opens_nothing():
    """Nothing connects or reads a setting at import; the web loads nothing of GDAL, which is the worker's."""
    code = (
        "import sys, socket\n"
        "def refuse(*_): raise AssertionError('a connection at import')\n"
        "socket.socket.connect = refuse\n"
        "import cityops.app\n"
        "heavy = {'pyogrio', 'geopandas', 'pandas', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import cityops.jobs\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": "nonsense", "CITYOPS_PORT": "nonsense"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
