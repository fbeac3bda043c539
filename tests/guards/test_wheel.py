"""The wheel, installed in an empty environment far from the checkout, carries all it needs to serve a page."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.guards.sources import ROOT

NOT_SOURCE = shutil.ignore_patterns(".git", ".venv", "var", "build", "dist", "*.egg-info", "__pycache__", ".*_cache")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new environment that has the locked requirements and our wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=NOT_SOURCE)
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "source")
    shutil.rmtree(folder / "source")
    (wheel,) = folder.glob("*.whl")
    _run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    _run(python, "-m", "pip", "install", "-q", "--require-hashes", "-r", ROOT / "requirements" / "main.txt")
    _run(python, "-m", "pip", "install", "-q", "--no-deps", wheel)
    return python.parent


@pytest.mark.process
@pytest.mark.xdist_group("wheel")
def test_the_wheel_in_an_empty_environment_serves_a_page(installed, tmp_path):
    port = _free_port()
    environment = {
        "PATH": f"{installed}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CITYOPS_HOME": str(tmp_path / "home"),
        "CITYOPS_PORT": str(port),
        "LANG": "C.UTF-8",
    }
    with (tmp_path / "log").open("wb") as log:
        city = subprocess.Popen(
            [installed / "cityops", "serve", "--no-demo"], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        health = json.loads(_fetch_when_ready(f"{address}/healthz", city, tmp_path / "log"))
        assert health["status"] == "ok", health
        page = _fetch(f"{address}/sign-in").decode()
        assert "登录" in page
        linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert linked, "the sign-in page has no stylesheet"
        for path in linked:
            assert _fetch(f"{address}{path}")
    finally:
        city.send_signal(signal.SIGINT)
        code = city.wait(30)
    assert code in {0, 130, -signal.SIGINT}, (tmp_path / "log").read_text()


@pytest.mark.process
@pytest.mark.xdist_group("wheel")
def test_the_wheel_brings_no_tests_and_no_scripts(installed):
    names = {path.name for path in installed.parent.glob("lib/python3*/site-packages/*")}
    assert not names & {"tests", "scripts", "benchmarks", "templates", "static", "migrations"}


def _fetch_when_ready(url: str, process: subprocess.Popen, log: Path) -> bytes:
    deadline = time.monotonic() + 60
    while True:
        try:
            return _fetch(url)
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(log.read_text(errors="replace"))
            time.sleep(0.3)


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(*command: str | Path) -> None:
    run = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
