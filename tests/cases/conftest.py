from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cityops import clock
from cityops.db import Database
from tests import factories
from tests.factories import People


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """One transaction on the test city, on a Monday morning."""
    with clock.running_at(factories.MONDAY_MORNING), db.transaction() as session:
        factories.make_city(session)
        yield session


@pytest.fixture
def people(session: Session) -> People:
    return People(session)
