import pytest

from cityops.catalog.seed import seed_catalog
from cityops.db import Database


@pytest.fixture
def stocked(db: Database) -> Database:
    """A database with the shipped catalogue."""
    with db.transaction() as session:
        seed_catalog(session)
    return db
