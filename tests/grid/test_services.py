from dataclasses import replace

import pytest
import shapely
from sqlalchemy import func, select

from cityops.clock import today
from cityops.db import Database
from cityops.errors import Invalid, NotFound
from cityops.grid import places, queries, services
from cityops.grid.export import read_out
from cityops.grid.models import AreaLevel, Cell, DutyGrid, GridRevision
from cityops.grid.records import GridData
from tests import factories
from tests.grid.meshes import change_cell, make_mesh, shift

MESH = make_mesh(25)
FIRST = MESH.cells[0]
INSIDE = FIRST.boundary.representative_point()
LAMP, STRAY = "33020101037000001", "33020101037000002"

SIGNED = services.Terms(because="a compound that manages itself")


@pytest.fixture
def loaded(db: Database) -> Database:
    with db.transaction() as session:
        services.load_grid(session, MESH)
        factories.add_component(session, LAMP, (INSIDE.x, INSIDE.y))
        factories.add_component(session, STRAY, (120.0, 29.0))
    return db


def test_a_load_begins_every_row_and_counts_the_revision(db: Database) -> None:
    with db.transaction() as session:
        told = services.load_grid(session, MESH)
    assert told.begun == {"areas": 4, "cells": 25, "duty_grids": 1}
    assert (told.revision, told.components_outside) == (1, 0)


def test_what_was_loaded_is_read_out_again(loaded: Database) -> None:
    with loaded.reading() as session:
        data = read_out(session)
    assert [replace(cell, line=0) for cell in data.cells] == sorted(MESH.cells, key=lambda cell: cell.code)
    assert [replace(area, line=0) for area in data.areas] == sorted(MESH.areas, key=lambda area: area.code)


def test_the_same_load_twice_changes_nothing_but_the_revision(loaded: Database) -> None:
    with loaded.transaction() as session:
        told = services.load_grid(session, MESH)
    assert sum(told.begun.values()) == 0
    assert told.ended == {}
    assert told.revision == 2


def test_a_component_outside_every_cell_is_kept_and_listed(loaded: Database) -> None:
    with loaded.reading() as session:
        assert [component.code for component in queries.list_components_outside(session)] == [STRAY]
        lamp = queries.get_component(session, LAMP)
        assert lamp.cell is not None
        assert (lamp.cell.code, lamp.area_code) == (FIRST.code, FIRST.area_code)


def test_a_changed_boundary_ends_the_old_cell_and_begins_its_next_revision(loaded: Database) -> None:
    with loaded.transaction() as session:
        told = services.load_grid(session, change_cell(MESH, 0, area_level=2))
    assert (told.begun["cells"], told.ended) == (1, {"cells": 1})
    with loaded.reading() as session:
        rows = session.scalars(select(Cell).where(Cell.code == FIRST.code).order_by(Cell.revision)).all()
        assert [(row.revision, row.ended_on, row.area_level) for row in rows] == [(1, today(), 1), (2, None, 2)]
        assert queries.get_component(session, LAMP).cell_id == rows[1].id


def test_the_index_follows_the_grid_at_once(loaded: Database) -> None:
    with loaded.reading() as session:
        before = queries.locate(session, INSIDE.x, INSIDE.y)
        assert queries.current_index(session) is queries.current_index(session)
    with loaded.transaction() as session:
        services.load_grid(session, change_cell(MESH, 0, area_level=3))
    with loaded.reading() as session:
        after = queries.locate(session, INSIDE.x, INSIDE.y)
    assert (before.cell_code, before.area_level, after.cell_code, after.area_level) == (FIRST.code, 1, FIRST.code, 3)
    assert before.cell_id != after.cell_id


def test_cells_left_out_of_their_community_are_ended_and_their_codes_stay_retired(loaded: Database) -> None:
    without = replace(MESH, cells=MESH.cells[1:])
    with loaded.transaction() as session:
        told = services.load_grid(session, without, terms=SIGNED)
    assert told.ended == {"cells": 1}
    assert ["leave a gap" in warning.reason for warning in told.warnings] == [True]
    with loaded.reading() as session:
        assert queries.locate(session, INSIDE.x, INSIDE.y).is_outside
        assert queries.get_component(session, LAMP).cell_id is None
    with pytest.raises(services.BadGrid) as refusal, loaded.transaction() as session:
        services.load_grid(session, MESH)
    assert [(f.field, "retired" in f.reason) for f in refusal.value.findings if f.is_error] == [("code", True)]


def test_a_duty_grid_without_a_cell_is_ended(loaded: Database) -> None:
    moved = replace(MESH, cells=[replace(cell, duty_grid_code=f"{cell.code[:9]}Z09") for cell in MESH.cells])
    with loaded.transaction() as session:
        services.load_grid(session, moved)
    with loaded.reading() as session:
        assert list(session.scalars(select(DutyGrid.code).where(DutyGrid.ended_on.is_(None)))) == [
            f"{FIRST.code[:9]}Z09"
        ]
        assert session.scalar(select(func.count()).select_from(DutyGrid)) == 2


FAR_CELL = shift(FIRST, 0.0, -0.01)
BOW_TIE = shapely.Polygon([(121.3, 29.7), (121.301, 29.701), (121.301, 29.7), (121.3, 29.701)])


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        (change_cell(MESH, 0, code="33020100100100"), "code", "15 digits"),
        (change_cell(MESH, 0, code=MESH.cells[1].code), "code", "already in line"),
        (change_cell(MESH, 0, boundary=BOW_TIE), "boundary", "not valid"),
        (change_cell(MESH, 0, boundary=FAR_CELL), "boundary", "not inside its community"),
        (change_cell(MESH, 0, boundary=MESH.cells[1].boundary), "boundary", "overlaps"),
        (change_cell(MESH, 0, boundary=shapely.Point(121.3, 29.7)), "boundary", "a polygon"),
        (change_cell(MESH, 0, boundary=shapely.box(29.7, 121.3, 29.701, 121.301)), "boundary", "swapped"),
        (change_cell(MESH, 0, code="330201001999001"), "code", "no community"),
        (change_cell(MESH, 0, duty_grid_code="330203001Z01"), "duty_grid_code", "street"),
        (change_cell(MESH, 0, grid_tier=3), "grid_tier", "not allowed"),
        (replace(MESH, areas=[replace(MESH.areas[0], name=" "), *MESH.areas[1:]]), "name", "needed"),
        (replace(MESH, areas=MESH.areas[1:]), "parent_code", "above it"),
    ],
)
def test_a_faulty_grid_is_refused_with_field_and_reason_and_nothing_is_loaded(
    db: Database, data: GridData, field: str, words: str
) -> None:
    with pytest.raises(services.BadGrid) as refusal, db.transaction() as session:
        services.load_grid(session, data)
    errors = [finding for finding in refusal.value.findings if finding.is_error]
    assert any(finding.field == field and words in finding.sentence for finding in errors), errors
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Cell)) == 0
        assert session.scalar(select(func.count()).select_from(GridRevision)) == 0


def test_every_fault_is_listed_not_only_the_first(db: Database) -> None:
    faulty = change_cell(change_cell(MESH, 0, code="1", line=1), 5, grid_tier=9, line=6)
    with pytest.raises(services.BadGrid) as refusal, db.transaction() as session:
        services.load_grid(session, faulty)
    assert {(f.layer, f.line) for f in refusal.value.findings if f.is_error} == {
        ("cells", 1),
        ("cells", 6),
    }


def test_a_cell_over_a_neighbour_that_is_not_in_the_file_is_refused(loaded: Database) -> None:
    other = replace(MESH.areas[-1], code="330201001002", level=AreaLevel.COMMUNITY)
    cell = replace(FIRST, code="330201001002001", duty_grid_code=None)
    with pytest.raises(services.BadGrid) as refusal, loaded.transaction() as session:
        services.load_grid(session, GridData(areas=[other], cells=[cell]))
    assert any("overlaps" in finding.reason for finding in refusal.value.findings)


def test_a_cell_far_from_the_size_of_a_unit_cell_is_a_warning_that_somebody_signs(db: Database) -> None:
    whole = MESH.areas[-1]
    assert whole.level is AreaLevel.COMMUNITY
    one = GridData(areas=MESH.areas, cells=[replace(FIRST, boundary=whole.boundary)])
    with pytest.raises(services.Unsigned), db.transaction() as session:
        services.load_grid(session, one)
    with db.transaction() as session:
        told = services.load_grid(session, one, terms=SIGNED)
    assert ["is outside" in warning.reason for warning in told.warnings] == [True]


def test_components_near_a_point_come_nearest_first(loaded: Database) -> None:
    with loaded.transaction() as session:
        for k in (3, 1, 2, 9):
            point = INSIDE.x + k * 1e-4, INSIDE.y
            factories.add_component(session, f"3302010100200000{k}", point, name="污水井盖")
    with loaded.reading() as session:
        found = queries.list_components_near(session, INSIDE.x, INSIDE.y, 35.0)
        assert [component.code[-1] for component, _ in found] == ["1", "1", "2", "3"]
        assert [component.name for component, _ in found][0] == "路灯"
        assert [round(metres) for _, metres in found] == [0, 10, 19, 29]
        only = queries.list_components_near(session, INSIDE.x, INSIDE.y, 35.0, class_code="01002", limit=2)
        assert [component.code[-1] for component, _ in only] == ["1", "2"]


def test_a_place_is_described_by_codes_and_names(loaded: Database) -> None:
    with loaded.reading() as session:
        place = queries.locate(session, INSIDE.x, INSIDE.y, english=True)
        assert (place.cell_code, place.community_code, place.duty_grid_code) == (
            FIRST.code,
            FIRST.area_code,
            FIRST.duty_grid_code,
        )
        assert place.community_name == f"community {FIRST.area_code}"
        assert queries.locate(session, 120.0, 29.0).is_outside
        with pytest.raises(Invalid, match="swapped"):
            queries.locate(session, 29.87, 121.55)


def test_what_is_not_there_is_not_found(loaded: Database) -> None:
    with loaded.reading() as session:
        with pytest.raises(NotFound):
            places.get_cell_place(session, "2", today())
        with pytest.raises(NotFound):
            queries.get_component(session, "3")


def test_a_load_that_is_rolled_back_leaves_the_index_as_it_was(loaded: Database) -> None:
    with pytest.raises(RuntimeError), loaded.transaction() as session:
        services.load_grid(session, replace(MESH, cells=MESH.cells[1:]), terms=SIGNED)
        raise RuntimeError
    with loaded.reading() as session:
        assert queries.locate(session, INSIDE.x, INSIDE.y).cell_code == FIRST.code


def test_a_community_that_grows_over_one_that_stands_is_a_fault(loaded: Database) -> None:
    community = next(area for area in MESH.areas if area.level is AreaLevel.COMMUNITY)
    grown = replace(community, code=f"{community.code[:9]}777", boundary=community.boundary.buffer(0.001))
    with loaded.reading() as session:
        found = services.check(session, GridData(areas=[grown]))
    assert any("overlaps" in each.reason and each.params == {"code": community.code} for each in found)


def test_a_building_across_the_communitys_boundary_is_no_cells_fault(loaded: Database) -> None:
    community = next(area for area in MESH.areas if area.level is AreaLevel.COMMUNITY)
    corner = shapely.Point(community.boundary.exterior.coords[0])
    with loaded.reading() as session:
        assert services.check(session, MESH, buildings=[corner.buffer(0.0001)]) == []
