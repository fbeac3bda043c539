from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.models import Case
from cityops.db import Database
from tests.assessment import november
from tests.factories import People


@pytest.fixture
def session(small_city: Database) -> Iterator[Session]:
    """One transaction on the test city, on a Friday noon of November."""
    with clock.running_at(november.NOON), small_city.transaction() as session:
        yield session


@pytest.fixture
def people(session: Session) -> People:
    return People(session)


@pytest.fixture
def cases(session: Session, people: People) -> dict[str, Case]:
    """The cases of November by letter."""
    return november.live(session, people)


@pytest.fixture
def lived(small_city: Database) -> Iterator[dict[str, str]]:
    """The numbers of November's cases by letter, on its twentieth."""
    with clock.running_at(november.NOON):
        with small_city.transaction() as session:
            numbers = {letter: case.number for letter, case in november.live(session, People(session)).items()}
        yield numbers
