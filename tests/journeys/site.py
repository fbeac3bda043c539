"""The demo city served for the journeys: the real web process on a database of its own, and what happened in it."""

import http.client
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock, schema
from cityops.accounts.models import Person
from cityops.accounts.queries import find_viewer_by_username
from cityops.accounts.viewer import Viewer
from cityops.cases import services
from cityops.cases.intake import NewReport
from cityops.cases.names import Source, StepName
from cityops.cases.numbers import find_key
from cityops.cases.services import StepRequest
from cityops.catalog.models import CaseKind
from cityops.config import Config
from cityops.demo.city import load_demo
from cityops.following import make_office, make_quiet_office
from cityops.patrol.models import InspectorTask
from cityops.simulation.services import simulate
from cityops.workshop import Workshop
from tests.serving.city import eventually, free_port

SQUARE = (121.5493, 29.8695)
FILED_CASES = 24


@dataclass
class Site:
    """The running city.

    Attributes:
        url: its address, without a slash at the end.
        workshop: its database and keys, to look up what no page shows.
    """

    url: str
    workshop: Workshop

    def task_of(self, number: str) -> tuple[str, str]:
        """The user name of the inspector who has the case's open task, and that task's page."""
        found = find_key(number)
        assert found is not None
        with self.workshop.reading() as session:
            username, task_id = session.execute(
                select(Person.username, InspectorTask.id)
                .join(InspectorTask, InspectorTask.person_id == Person.id)
                .where(InspectorTask.case_id == found[1], InspectorTask.done_at.is_(None))
            ).one()
        return username, f"/tasks/{task_id}"

    def name_of(self, username: str) -> str:
        """The work name of a person."""
        with self.workshop.reading() as session:
            return session.scalars(select(Person.name).where(Person.username == username)).one()

    def make_case(self, *steps: str) -> str:
        """A case that a leader told of, after some steps of the desks; its number."""
        with self.workshop.transaction() as session:
            return make_case(session, self.workshop, *steps)


def make_case(session: Session, workshop: Workshop, *steps: str) -> str:
    """A lamp that is out, told by a leader, so that nobody has to verify it."""
    office = make_office(workshop.keys)
    new = NewReport(
        uuid=str(uuid4()),
        source=Source.LEADER,
        kind=CaseKind.COMPONENT,
        class_code="01037",
        condition="C01037-1",
        lon=SQUARE[0],
        lat=SQUARE[1],
        description="路灯不亮，夜里看不清台阶",
        address="天一广场东侧",
    )
    case = services.report(session, _viewer(session, "operator"), office, new).case
    who = {"accept": "operator", "file": "dutyleader", "dispatch": "dispatcher"}
    for step in steps:
        given = {"dispatch": {"body": "lamps"}, "file": {"condition": "C01037-1"}}.get(step, {})
        asked = StepRequest(StepName(step), case.version, **given)
        services.take_step(session, _viewer(session, who[step]), office, case.number, asked)
    return case.number


def prepare_city(home: Path) -> Workshop:
    """A data folder with the demo city, a simulated day, a full list for the dispatchers, a case for the handler."""
    home.mkdir()
    config = Config.from_env({"CITYOPS_HOME": str(home)})
    schema.upgrade(config.database_url)
    workshop = Workshop(config)
    load_demo(workshop.database, workshop.keys, config, lambda words: None)
    simulate(
        workshop.database,
        make_quiet_office(workshop.keys),
        config,
        days=1,
        per_day=100,
        seed=7,
        progress=lambda cases, of, steps: None,
    )
    with workshop.transaction() as session:
        for _ in range(FILED_CASES):
            make_case(session, workshop, "accept", "file")
        # What a simulated day brings the lamp department depends on the hour at which the journeys begin.
        make_case(session, workshop, "accept", "file", "dispatch")
    return workshop


def serve(home: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the web on a free port of its own, and wait until it answers."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environ = clean | {"CITYOPS_HOME": str(home), "CITYOPS_PORT": str(port)}
    with (home / "web.out").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cityops.serving.web"], env=environ, stdout=output, stderr=output
        )
    assert eventually(lambda: process.poll() is not None or _answers(port)) and process.poll() is None, (
        home / "web.out"
    ).read_text()
    return process, port


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/sign-in")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _viewer(session: Session, username: str) -> Viewer:
    viewer = find_viewer_by_username(session, username, clock.today(), None, several_posts=True)
    assert viewer is not None
    return viewer
