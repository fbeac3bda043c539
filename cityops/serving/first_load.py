"""The first start: tables made, and the demo city loaded into a database that is empty.

A milestone in the database itself says that the load is under way. Where the next start finds it, the load was killed:
what it left is deleted and it begins anew, which nothing but a load may do to a city's rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cityops import clock, milestones, schema
from cityops.accounts.models import Body, Person
from cityops.catalog.models import Standard
from cityops.catalog.seed import seed_catalog
from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Base, Database
from cityops.errors import BadSetting
from cityops.notices.models import WarningRule
from cityops.notices.seed import seed_rules
from cityops.words import N_
from cityops.workshop import Workshop
from cityops.worktime.models import WorkCalendar
from cityops.worktime.seed import seed_calendars

LOADING = "demo city being loaded"
Say = Callable[[str], None]


def make_keys(config: Config) -> None:
    """Make the city's keys where the city itself is new.

    Raises:
        BadSetting: keys are missing in production, or of a city whose rows need them.
    """
    with _answering():
        is_new = schema.revision_of(config.database_url) is None
    Keys.load(config.keys_folder, make=is_new and not config.production)


def make_tables(database_url: str) -> None:
    """Bring the tables up to date.

    Raises:
        BadSetting: the database does not answer, or a newer cityops has already changed it.
    """
    with _answering():
        try:
            schema.upgrade(database_url)
        except CommandError:
            raise BadSetting(
                N_("The database was made by another version of cityops: start that version, or a newer one.")
            ) from None


def lay_ground(database: Database) -> None:
    """Give a new database the national catalogue, calendars and rules of warning; a city's changes to them stay."""
    with database.reading() as session:
        is_laid = all(
            session.scalar(select(rows.id).limit(1)) is not None for rows in (Standard, WorkCalendar, WarningRule)
        )
    if is_laid:
        return
    with database.transaction() as session:
        seed_calendars(session)
        seed_catalog(session)
        seed_rules(session)


def load_once(workshop: Workshop, load: Callable[[], None], say: Say) -> bool:
    """Load the demo city where there is nothing yet, or where a load was killed; whether it was loaded now."""
    with workshop.transaction() as session:
        was_killed = milestones.find_milestone(session, LOADING) is not None
        if not was_killed and not _is_empty(session):
            return False
        if was_killed:
            say("the last start was killed while it loaded the demo city: beginning anew")
            _delete_all(session)
        milestones.keep(session, LOADING, clock.now())
    load()
    with workshop.transaction() as session:
        milestones.drop(session, LOADING)
    return True


def refuse_half_a_city(database: Database) -> None:
    """Let nobody work in what a killed load left: the next load would delete their work with it.

    Raises:
        BadSetting: a load was killed here.
    """
    with database.reading() as session:
        was_killed = milestones.find_milestone(session, LOADING) is not None
    if was_killed:
        raise BadSetting(
            N_(
                "Loading the demo city was broken off here: start once without --no-demo and CITYOPS_PRODUCTION, which "
                "begins it anew, or set CITYOPS_HOME and DATABASE_URL to an empty folder and an empty database."
            )
        )


def _is_empty(session: Session) -> bool:
    return all(session.scalar(select(rows.id).limit(1)) is None for rows in (Body, Person))


def _delete_all(session: Session) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise BadSetting(
            N_("The database does not answer (%(reason)s): check DATABASE_URL, and that the server runs."),
            reason=str(error.orig).strip().splitlines()[0],
        ) from None
