"""The demo city brought into an empty database: its grid, catalogue, calendars, bodies, people, shifts and rules."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.centres import set_centres
from cityops.accounts.models import Body, Jurisdiction, JurisdictionRange, Person, PersonPost
from cityops.accounts.passwords import DEMO_PASSWORD, hash_password
from cityops.catalog.models import ResponsibilityRule
from cityops.catalog.seed import seed_catalog
from cityops.config import Config
from cityops.crypto import Keys
from cityops.db import Database
from cityops.demo.bodies import CITY, IN_CHARGE, demo_bodies, demo_credit_codes, demo_jurisdictions
from cityops.demo.census import load_furniture
from cityops.demo.duties import demo_duties
from cityops.demo.gazetteer import demo_addresses
from cityops.demo.geography import OUTER_CELLS_M2, built_up, demo_city
from cityops.demo.holidays import load_years_by_law
from cityops.demo.local_classes import load_local_classes
from cityops.demo.people import PersonRecord, demo_people
from cityops.demo.roster import load_duty_lists, load_roster
from cityops.errors import NotAllowed, WrongState
from cityops.grid.addresses.services import load_addresses
from cityops.grid.coverage.services import NewLayer, set_band, set_layer, set_target
from cityops.grid.models import Area, DutyGrid
from cityops.grid.services import Terms, load_grid
from cityops.notices.seed import seed_rules
from cityops.patrol.models import InspectorShift
from cityops.words import N_
from cityops.worktime.seed import seed_calendars

# Everything in the demo was surveyed and appointed on this day, so that months of its life can be simulated.
FOUNDED_AT = datetime(2025, 1, 1, tzinfo=UTC)
FOUNDED_ON = date(2025, 1, 1)
# What percentage of the land that a tier's cells should cover the whole city is to reach.
COVER_TARGETS = {1: 95.0, 2: 90.0}

Progress = Callable[[str], None]


def load_demo(
    database: Database, keys: Keys, config: Config, progress: Progress, *, with_components: bool = True
) -> None:
    """Load the demo city into a migrated database in which there is no city yet, all or nothing.

    Args:
        progress: told in words what is being done.
        with_components: False leaves out the 36,000 components.

    Raises:
        NotAllowed: in production, where the demo's people and their password have no place.
        WrongState: there is a city already.
    """
    if config.production:
        raise NotAllowed(N_("This is a production system: the demo city and its people have no place in it."))
    with database.reading() as session:
        _refuse_second_city(session)
    progress("drawing the demo city")
    grid = demo_city()
    # All of the demo's people share one password, and one hash of it: argon2 is slow on purpose.
    password_hash = hash_password(DEMO_PASSWORD)
    with database.transaction() as session, clock.running_at(FOUNDED_AT):
        _refuse_second_city(session)
        progress("loading calendars and catalogue")
        seed_calendars(session)
        load_years_by_law(session)
        seed_catalog(session)
        load_local_classes(session)
        seed_rules(session)
        progress(f"loading {len(grid.cells)} cells")
        low_m2, high_m2 = OUTER_CELLS_M2
        set_band(session, None, tier=2, low_m2=low_m2, high_m2=high_m2)
        load_grid(session, grid, terms=Terms("示意网格（演示数据）"))
        for tier, communities in built_up().items():
            set_layer(session, None, NewLayer(tier, "示意建成区（演示数据）", communities))
        progress(f"loading {len(demo_addresses())} addresses")
        load_addresses(session, demo_addresses())
        progress("appointing people")
        bodies = _load_bodies(session)
        _load_people(session, keys, password_hash, bodies)
        if with_components:
            progress("taking in the census of components")
            load_furniture(session)
        _load_centres(session)
        for tier, percent in COVER_TARGETS.items():
            set_target(session, None, jurisdiction=CITY, tier=tier, percent=percent, from_on=FOUNDED_ON)
        _load_duties(session, bodies)
        load_roster(session, bodies)
        load_duty_lists(session, keys, bodies)
        # The planner goes by statistics of an empty database until now.
        session.execute(text("ANALYZE"))


def _refuse_second_city(session: Session) -> None:
    if session.scalar(select(Body.id).limit(1)) or session.scalar(select(Area.id).limit(1)):
        raise WrongState(N_("There is a city in this database already: the demo city needs an empty one."))


def _load_people(session: Session, keys: Keys, password_hash: str, bodies: dict[str, int]) -> None:
    jurisdictions = _load_jurisdictions(session)
    duty_grids = {code: key for key, code in session.execute(select(DutyGrid.id, DutyGrid.code))}
    records = demo_people(sorted(duty_grids))
    persons = [
        Person(
            username=record.username,
            name=record.name,
            password_hash=password_hash,
            is_demo=True,
            phone_sealed=keys.seal(f"+861540000{number:04d}"),
            created_at=clock.now(),
        )
        for number, record in enumerate(records)
    ]
    session.add_all(persons)
    session.flush()
    posts = [
        {
            "person_id": person.id,
            "post": held.post,
            "body_id": bodies[held.body],
            "jurisdiction_id": jurisdictions[held.jurisdiction],
            "from_on": FOUNDED_ON,
        }
        for person, record in zip(persons, records, strict=True)
        for held in record.posts
    ]
    session.execute(insert(PersonPost), posts)
    shifts = [
        row for person, record in zip(persons, records, strict=True) for row in _shifts(person, record, duty_grids)
    ]
    session.execute(insert(InspectorShift), shifts)


def _shifts(person: Person, record: PersonRecord, duty_grids: dict[str, int]) -> list[dict[str, object]]:
    return [
        {
            "person_id": person.id,
            "duty_grid_id": duty_grids[shift.duty_grid],
            "weekday": weekday,
            "start_minute": shift.start_minute,
            "end_minute": shift.end_minute,
            "from_on": FOUNDED_ON,
        }
        for shift in record.shifts
        for weekday in range(7)
    ]


def _load_centres(session: Session) -> None:
    for jurisdiction, (supervision, command) in IN_CHARGE.items():
        set_centres(
            session, None, jurisdiction=jurisdiction, supervision=supervision, command=command, from_on=FOUNDED_ON
        )


def _load_duties(session: Session, bodies: dict[str, int]) -> None:
    rules = [
        ResponsibilityRule(
            class_key=record.class_key,
            condition_code="",
            area_prefix=record.area_prefix,
            body_id=bodies[record.body],
            valid_from_on=FOUNDED_ON,
            reference=record.reference,
            note="",
        )
        for record in demo_duties()
    ]
    session.add_all(rules)
    session.flush()


def _load_bodies(session: Session) -> dict[str, int]:
    rows: dict[str, Body] = {}
    credit_codes = demo_credit_codes()
    for record in demo_bodies():
        above = rows[record.parent] if record.parent else None
        row = Body(
            code=record.code,
            name=record.name,
            name_en=record.name_en,
            kind=record.kind,
            parent_id=above and above.id,
            path="",
            credit_code=credit_codes.get(record.code),
        )
        session.add(row)
        session.flush()
        row.path = f"{above.path if above else ''}{row.id}/"
        rows[record.code] = row
    session.flush()
    return {code: row.id for code, row in rows.items()}


def _load_jurisdictions(session: Session) -> dict[str, int]:
    rows = [
        Jurisdiction(
            code=record.code,
            name=record.name,
            name_en=record.name_en,
            is_city_wide=record.is_city_wide,
            ranges=[
                JurisdictionRange(code_from=code_from, code_until=code_until, from_on=FOUNDED_ON)
                for code_from, code_until in record.ranges
            ],
        )
        for record in demo_jurisdictions()
    ]
    session.add_all(rows)
    session.flush()
    return {row.code: row.id for row in rows}
