"""Areas that a survey gives up, and communities that shrink: what is checked, what follows, and what stays."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from click.testing import CliRunner
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.models import Jurisdiction, JurisdictionRange
from cityops.cli import cli
from cityops.clock import today
from cityops.config import Config
from cityops.db import Database
from cityops.grid import queries, services, versions
from cityops.grid.addresses.queries import search
from cityops.grid.ancestry import Fate
from cityops.grid.duty_grids.models import DutyGridChange
from cityops.grid.files import read_grid, write_grid
from cityops.grid.findings import Finding
from cityops.grid.models import Area, AreaLevel, Cell, CellAncestor, Component, VersionState
from cityops.grid.outlook import foresee
from cityops.grid.records import AreaRecord, CellRecord, GridData, RetiredArea
from cityops.grid.services import Terms
from cityops.grid.tiles.names import map_names_at
from cityops.shell import Shell
from tests import factories

DISTRICT, STREET = "330299", "330299001"
WEST, EAST, THIRD = (f"{STREET}{number:03}" for number in (1, 2, 3))
TERMS = Terms("merger", because="decided by the city")
TOMORROW = timedelta(days=1)


def land(first: int, last: int) -> BaseGeometry:
    """A row of squares of about 9,600 m², from one column to another."""
    return shapely.union_all([square(column) for column in range(first, last + 1)])


def square(column: int) -> BaseGeometry:
    return shapely.box(121.3 + column / 1000, 29.7, 121.301 + column / 1000, 29.701)


def area(code: str, name: str, level: AreaLevel, first: int, last: int) -> AreaRecord:
    parent = {AreaLevel.COMMUNITY: code[:9], AreaLevel.STREET: code[:6]}.get(level)
    return AreaRecord(code, name, f"{name} en", level, parent, land(first, last))


def community(code: str, name: str, first: int, last: int) -> AreaRecord:
    return area(code, name, AreaLevel.COMMUNITY, first, last)


def cell(community_code: str, number: int, column: int, duty_grid: str | None = "A") -> CellRecord:
    grid = duty_grid and f"{STREET}{duty_grid}"
    return CellRecord(f"{community_code}{number:03}", square(column), grid, "责任网格", "duty grid")


CITY = GridData(
    areas=[
        area(DISTRICT, "试验区", AreaLevel.DISTRICT, 0, 3),
        area(STREET, "试验街道", AreaLevel.STREET, 0, 3),
        community(WEST, "西社区", 0, 1),
        community(EAST, "东社区", 2, 3),
    ],
    cells=[cell(WEST, 1, 0), cell(WEST, 2, 1), cell(EAST, 1, 2, "B"), cell(EAST, 2, 3, "B")],
)
# The eastern community goes into the western one: its cells are numbered on there.
MERGER = GridData(
    areas=[community(WEST, "西社区", 0, 3)],
    retired=[RetiredArea(EAST, 2)],
    cells=[cell(WEST, 1, 0), cell(WEST, 2, 1), cell(WEST, 3, 2, None), cell(WEST, 4, 3, None)],
)


@pytest.fixture
def city(db: Database) -> Database:
    with db.transaction() as session:
        services.load_grid(session, CITY)
        factories.add_component(session, "33029901037000001", (121.3025, 29.7005))
    return db


def standing_cell(session: Session, code: str) -> Cell:
    return session.scalars(select(Cell).where(Cell.code == code, Cell.ended_on.is_(None))).one()


def found(database: Database, data: GridData) -> list[Finding]:
    with database.reading() as session:
        return services.check(session, data)


def reasons(findings: list[Finding]) -> list[tuple[bool, str]]:
    return [(each.is_error, each.sentence) for each in findings]


def test_a_merged_community_ends_on_the_versions_day_and_strands_nothing(city: Database) -> None:
    day = today() + TOMORROW
    with city.transaction() as session:
        told = versions.take_in(session, MERGER, [], TERMS, day)
        assert told.ended == {"areas": 1}
    with city.reading() as session:
        assert set(queries.find_areas(session, [EAST])) == {EAST}
        assert EAST in map_names_at(session, today()).codes
        assert EAST not in map_names_at(session, day).codes
        coming = queries.index_at(session, day).locate(121.3025, 29.7005)
        assert coming is not None and coming.cell_code == f"{WEST}003"
    with clock.running_at(clock.now() + TOMORROW), city.transaction() as session:
        versions.put_due_into_force(session)
        ended = session.scalars(select(Area).where(Area.code == EAST)).one()
        assert ended.ended_on == day
        assert session.scalars(select(Cell.code).where(Cell.area_code == EAST, Cell.ended_on.is_(None))).all() == []
        lamp = session.scalars(select(Component)).one()
        heir = standing_cell(session, f"{WEST}003")
        assert (lamp.cell_id, lamp.area_code) == (heir.id, WEST)
        assert heir.duty_grid is not None and heir.duty_grid.code == f"{STREET}B"
        ancestor = select(Cell.code).join(CellAncestor, CellAncestor.ancestor_id == Cell.id)
        assert session.scalars(ancestor.where(CellAncestor.cell_id == heir.id)).all() == [f"{EAST}001"]
        names = {each.name: (each.area_code, each.note) for each in search(session, "东社区")}
        assert names["西社区"][0] == WEST
    with clock.running_at(clock.now() + TOMORROW), city.reading() as session:
        before = queries.index_at(session, day - TOMORROW).locate(121.3025, 29.7005)
        assert before is not None and before.area_code == EAST


def test_before_its_day_a_merger_is_withdrawn_without_a_trace(city: Database) -> None:
    with city.transaction() as session:
        versions.take_in(session, MERGER, [], TERMS, today() + TOMORROW)
    with city.transaction() as session:
        planned = services.find_planned(session)
        assert planned is not None
        assert versions.read_planned(session, planned.id).retired_codes == {EAST}
        versions.withdraw(session, None, planned.id)
    assert found(city, MERGER) == []


def test_a_renumbered_community_hands_its_cells_on(city: Database) -> None:
    renumbered = GridData(
        areas=[community(THIRD, "东社区", 2, 3)],
        retired=[RetiredArea(EAST)],
        cells=[cell(THIRD, 1, 2, None), cell(THIRD, 2, 3, None)],
    )
    with city.transaction() as session:
        versions.take_in(session, renumbered, [], Terms())
        heir = standing_cell(session, f"{THIRD}001")
        assert heir.duty_grid is not None and heir.duty_grid.code == f"{STREET}B"
        lamp = session.scalars(select(Component)).one()
        assert lamp.area_code == THIRD
    retired = {(each.layer, each.field) for each in found(city, CITY) if "was retired" in each.reason}
    assert retired == {("areas", "code"), ("cells", "code")}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GridData(retired=[RetiredArea(THIRD, 1)]), (True, f"no area {THIRD} stands here")),
        (GridData(retired=[RetiredArea(STREET, 1)]), (True, f"{WEST} stands below it")),
        (replace(MERGER, areas=[*MERGER.areas, CITY.areas[3]]), (True, "the code stands already")),
        (replace(MERGER, areas=[]), (True, "not inside its community")),
        (GridData(retired=[RetiredArea(EAST)]), (False, "it ends, and no community takes this land")),
        (replace(MERGER, cells=[cell(EAST, 1, 2)]), (True, f"there is no community {EAST}")),
        (replace(MERGER, cells=[]), (False, f"the cells of community {WEST} leave a gap")),
        # The western community gives up a column in which a cell of it stands.
        (GridData(areas=[community(WEST, "西社区", 0, 0)]), (True, f"cell {WEST}002, which stands in it")),
        (
            GridData(areas=[area(STREET, "试验街道", AreaLevel.STREET, 0, 2)]),
            (True, f"{EAST}, which stands below it, would stick out"),
        ),
        (GridData(areas=[community(EAST, "东社区", 2, 3)]), None),
    ],
)
def test_what_would_be_stranded_is_told_with_its_place(
    city: Database, data: GridData, expected: tuple[bool, str] | None
) -> None:
    told = found(city, data)
    if expected is None:
        assert told == []
        return
    matching = [each for each in told if each.is_error is expected[0] and expected[1] in each.sentence]
    assert matching, reasons(told)
    if "code" not in matching[0].field:
        assert matching[0].point is not None and (matching[0].size_m2 or 0) > 10_000


def test_a_jurisdiction_that_would_lose_the_land_is_told(city: Database) -> None:
    with city.transaction() as session:
        session.add(
            Jurisdiction(
                code="zone",
                name="开发区",
                name_en="zone",
                ranges=[JurisdictionRange(code_from=EAST, code_until=EAST, from_on=today())],
            )
        )
    told = reasons(found(city, MERGER))
    assert (False, f"jurisdiction zone has it and not {WEST}, which takes its land") in told
    assert (False, "jurisdiction zone would have no community left") in told


def test_duty_grids_that_wait_for_a_street_that_ends_keep_it(city: Database) -> None:
    with city.transaction() as session:
        session.add(
            DutyGridChange(
                street_code=STREET,
                from_on=today() + TOMORROW,
                state=VersionState.PLANNED,
                plan='{"grids": [], "cells": {}}',
                moved=0,
                made_at=clock.now(),
            )
        )
    everything = GridData(retired=[RetiredArea(each.code) for each in CITY.areas])
    assert any(each.is_error and "duty grids waits" in each.reason for each in found(city, everything))


def test_the_outlook_names_the_fate_of_each_cell_and_what_duty_grids_gain_and_lose(city: Database) -> None:
    odd = replace(MERGER, cells=[*MERGER.cells[:3], cell(WEST, 4, 3, "C")])
    with city.reading() as session:
        told = foresee(session, odd)
    assert told.kept == 2
    assert [(each.code[9:], each.fate, [other[9:] for other in each.others]) for each in told.fates] == [
        ("002001", Fate.RETIRED, ["001003"]),
        ("002002", Fate.RETIRED, ["001004"]),
        ("001003", Fate.ADDED, ["002001"]),
        ("001004", Fate.ADDED, ["002002"]),
    ]
    assert told.losses == {f"{STREET}B": [f"{EAST}001", f"{EAST}002"]}
    assert told.gains == {f"{STREET}B": [f"{WEST}003"], f"{STREET}C": [f"{WEST}004"]}
    assert told.without_grid == []


def test_a_cell_without_a_grid_is_foretold_and_listed_on_its_day(city: Database) -> None:
    grown = GridData(
        areas=[
            *(replace(each, boundary=land(0, 4)) for each in CITY.areas[:2]),
            community(EAST, "东社区", 2, 4),
        ],
        cells=[*CITY.cells[2:], cell(EAST, 3, 4, None)],
    )
    with city.reading() as session:
        told = foresee(session, grown)
    assert (told.without_grid, told.streets) == ([f"{EAST}003"], [STREET])
    with city.transaction() as session:
        versions.take_in(session, grown, [], TERMS, today() + TOMORROW)
    with clock.running_at(clock.now() + TOMORROW), city.transaction() as session:
        versions.put_due_into_force(session)
        assert standing_cell(session, f"{EAST}003").duty_grid is None


def test_an_overdue_version_counts_today_before_the_sweep_has_run(city: Database) -> None:
    with city.transaction() as session:
        versions.take_in(session, MERGER, [], TERMS, today() + TOMORROW)
    with clock.running_at(clock.now() + TOMORROW), city.reading() as session:
        located = queries.index_at(session, today()).locate(121.3025, 29.7005)
        assert located is not None and located.cell_code == f"{WEST}003"


def test_a_file_gives_up_an_area_by_a_mark_and_needs_no_boundary_for_it(tmp_path: Path) -> None:
    pyogrio.raw.write(
        tmp_path / "merger.gpkg",
        geometry=np.array([shapely.to_wkb(land(0, 3)), None, None], dtype=object),
        field_data=[
            np.array([WEST, EAST, THIRD], dtype=object),
            np.array(["西社区", "东社区", "x"], dtype=object),
            np.array([None, "是", "perhaps"], dtype=object),
        ],
        fields=["code", "name", "retired"],
        layer="areas",
        driver="GPKG",
        geometry_type="Polygon",
        crs="EPSG:4490",
    )
    data, findings = read_grid(tmp_path / "merger.gpkg")
    assert ([each.code for each in data.areas], data.retired) == ([WEST], [RetiredArea(EAST, 2)])
    assert [(each.line, each.field) for each in findings] == [(3, "retired")]


def test_a_dry_run_for_a_day_to_come_tells_the_fates(db_url: str, city: Database, tmp_path: Path) -> None:
    merged = CellRecord(f"{WEST}009", land(0, 1))
    write_grid(tmp_path / "next.gpkg", GridData(cells=[merged]))
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    words = ("grid", "import", str(tmp_path / "next.gpkg"), "--from", str(today() + TOMORROW), "--because", "x")
    result = CliRunner().invoke(cli, [*words, "--dry-run"], obj=shell)
    shell.workshop.close()
    assert result.exit_code == 0, result.stderr
    assert "0 kept, 0 changed, 0 split, 2 merged, 0 added, 0 retired" in result.stderr
    assert f"merged   {WEST}001 -> {WEST}009" in result.stderr
    assert f"duty grid {STREET}A: loses {WEST}001, {WEST}002; gains {WEST}009" in result.stderr
    with city.reading() as session:
        assert services.find_planned(session) is None
