from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cityops import clock
from cityops.db import Database
from tests import factories
from tests.factories import People


@pytest.fixture
def session(small_city: Database) -> Iterator[Session]:
    """One transaction on the test city, on a Monday morning."""
    with clock.running_at(factories.MONDAY_MORNING), small_city.transaction() as session:
        yield session


@pytest.fixture
def people(session: Session) -> People:
    return People(session)
