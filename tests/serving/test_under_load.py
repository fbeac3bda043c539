"""Every part killed while reports come in: what was confirmed is there, once, and the history holds."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from cityops.accounts.tokens import create_token
from cityops.cases.models import Case, CaseEvent, Report
from cityops.workshop import Workshop
from tests.factories import WEST_POINT, make_grid, make_people
from tests.serving.city import City, count_owed, eventually, owe

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

CLIENTS = 3


class Caller(threading.Thread):
    """A tablet that reports and reports, each report again and again until it is confirmed."""

    def __init__(self, city: City, token: str) -> None:
        super().__init__(daemon=True)
        self.city = city
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.confirmed: dict[str, str] = {}
        self.refused: list[str] = []
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            uuid = str(uuid4())
            while not self.try_once(uuid):
                time.sleep(0.2)

    def try_once(self, uuid: str) -> bool:
        body = {
            "id": uuid,
            "source": "inspector",
            "kind": "component",
            "class_code": "01037",
            "description": "路灯不亮",
        }
        body |= {"lon": WEST_POINT[0], "lat": WEST_POINT[1], "address": "中山西路 1 号"}
        connection = http.client.HTTPConnection("127.0.0.1", self.city.port, timeout=20)
        try:
            connection.request(
                "POST", "/api/v1/reports", json.dumps(body).encode(), self.headers | {"Idempotency-Key": uuid}
            )
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if answer.status >= 500:
            return False
        if answer.status in {200, 201}:
            self.confirmed[uuid] = json.loads(text)["number"]
        else:
            self.refused.append(text)
        return True


@pytest.fixture
def city(tmp_path: Path, empty_db_url: str) -> Iterator[City]:
    made = City(tmp_path / "home", "--no-demo", DATABASE_URL=empty_db_url)
    yield made
    made.clear()


def settle(city: City) -> str:
    """The small city of the tests in the running city's database; an inspector's token."""
    workshop = Workshop(city.config)
    with workshop.transaction() as session:
        make_grid(session)
        make_people(session)
        token = create_token(session, None, "inspector")
    workshop.close()
    return token


def kill_each_in_turn(city: City) -> None:
    for part in ("web", "worker", "scheduler", "redis", "web"):
        os.kill(city.parts()[part][0], signal.SIGKILL)
        owe(city, 3)
        assert eventually(city.is_well), (part, city.health(), city.words())
    os.kill(city.parts()["web"][-1], signal.SIGKILL)
    assert city.stop(signal.SIGKILL) == -signal.SIGKILL
    city.start()
    assert eventually(city.is_well), city.words()


def test_what_was_confirmed_under_fire_is_there_once_and_the_history_holds(city: City) -> None:
    city.start()
    assert eventually(city.is_well), city.words()
    token = settle(city)
    callers = [Caller(city, token) for _number in range(CLIENTS)]
    for caller in callers:
        caller.start()
    kill_each_in_turn(city)
    for caller in callers:
        caller.is_over = True
    for caller in callers:
        caller.join(60)
        assert not caller.is_alive()
        assert caller.refused == []
    confirmed = {uuid: number for caller in callers for uuid, number in caller.confirmed.items()}
    assert len(confirmed) > 10
    assert eventually(lambda: count_owed(city) == 0), count_owed(city)
    assert city.stop() == 0
    compare(city, confirmed)


def compare(city: City, confirmed: dict[str, str]) -> None:
    workshop = Workshop(city.config)
    with workshop.reading() as session:
        kept = {report.uuid: report.number for report in session.scalars(select(Report))}
        cases = session.scalar(select(func.count()).select_from(Case))
        versions = session.scalar(select(func.sum(Case.version)))
        events = session.scalar(select(func.count()).select_from(CaseEvent))
    workshop.close()
    assert kept == confirmed
    assert len(set(confirmed.values())) == len(confirmed) == cases
    assert versions == events
    done = subprocess.run(
        [sys.executable, "-m", "cityops.cli", "audit", "verify"],
        env=city.environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["cases"], answer["events"], answer["broken"]) == (cases, events, [])
