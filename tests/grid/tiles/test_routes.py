from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from cityops import clock
from cityops.db import Database
from cityops.grid import services, versions
from cityops.grid.duty_grids import services as duty_grids
from cityops.grid.duty_grids.rules import NamedGrid, Plan
from cityops.grid.duty_grids.services import plan_change
from cityops.grid.geometry import quad, tile_at, tile_box
from cityops.grid.models import Cell, Component
from cityops.grid.records import CellRecord, GridData
from cityops.grid.services import Terms
from cityops.grid.tiles.layers import grid_tile, standing_in
from cityops.grid.tiles.tiling import Tile, polygon_layer, thin, to_units
from tests import factories
from tests.grid.meshes import make_mesh

HERE = factories.WEST_POINT
# The day before the small city was laid out.
BEFORE_THE_CITY = factories.MONDAY_MORNING.date() - timedelta(days=1)


def read(content: bytes) -> dict[str, list[dict[str, Any]]]:
    """The features of each layer, in the tile's units with y down."""
    layers = mapbox_vector_tile.decode(content, default_options={"y_coord_down": True})
    return {name: layer["features"] for name, layer in layers.items()}


def codes(features: list[dict[str, Any]]) -> list[str]:
    return sorted(feature["properties"]["code"] for feature in features)


def address(zoom: int, point: tuple[float, float] = HERE) -> str:
    return "/tiles/grid/{}/{}/{}.mvt".format(zoom, *tile_at(*point, zoom))


@pytest.fixture
def mesh(db: Database) -> GridData:
    data = make_mesh(400)
    with db.transaction() as session:
        services.load_grid(session, data)
        for number, cell in enumerate(data.cells):
            factories.add_component(session, f"33020301037{number:06d}", _inside(cell.boundary))
    return data


def _inside(boundary: shapely.Polygon) -> tuple[float, float]:
    point = boundary.representative_point()
    return point.x, point.y


def middle(data: GridData) -> tuple[float, float]:
    return _inside(data.cells[len(data.cells) // 2].boundary)


@pytest.mark.parametrize("zoom", [15, 16, 17])
def test_a_tile_holds_exactly_the_cells_that_reach_into_it(db: Database, mesh: GridData, zoom: int) -> None:
    tile = Tile(zoom, *tile_at(*middle(mesh), zoom))
    with db.reading() as session:
        found = read(grid_tile(session, tile)[1])["cells"]
        rows = session.execute(select(Cell.code, Cell.boundary)).all()
    wide = shapely.box(*tile.wider_box)
    reaching = {code for code, boundary in rows if boundary.intersection(wide).area > 1e-12}
    assert reaching
    assert set(codes(found)) == reaching


def test_a_cell_is_drawn_where_it_lies(db: Database, mesh: GridData) -> None:
    tile = Tile(15, *tile_at(*middle(mesh), 15))
    with db.reading() as session:
        found = {each["properties"]["code"]: each["geometry"] for each in read(grid_tile(session, tile)[1])["cells"]}
    window = shapely.box(-64, -64, 4160, 4160)
    for cell in mesh.cells:
        expected = shapely.transform(cell.boundary, lambda degrees: to_units(degrees, tile)).intersection(window)
        if cell.code in found:
            assert shapely.hausdorff_distance(shapely.from_geojson(_geojson(found[cell.code])), expected) < 1.5


def _geojson(geometry: dict[str, Any]) -> str:
    return str(geometry).replace("'", '"')


def test_every_name_and_cell_code_stands_in_one_tile_alone(db: Database, mesh: GridData) -> None:
    points = np.array([_inside(cell.boundary) for cell in mesh.cells])
    tiles = {Tile(17, *tile_at(lon, lat, 17)) for lon, lat in points}
    around = {Tile(17, tile.x + dx, tile.y + dy) for tile in tiles for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
    with db.reading() as session:
        drawn = [read(grid_tile(session, tile)[1]) for tile in around if grid_tile(session, tile)[1]]
    written = [code for layers in drawn for code in codes(layers.get("cell_names", []))]
    assert sorted(written) == sorted(cell.code for cell in mesh.cells)


def test_components_come_from_zoom_15_and_only_those_still_standing(db: Database, mesh: GridData) -> None:
    lon, lat = middle(mesh)
    with db.transaction() as session:
        gone = session.scalars(select(Component).order_by(Component.id)).first()
        assert gone is not None
        gone.lon, gone.lat, gone.quad, gone.ended_on = lon, lat, quad(lon, lat), factories.LONG_AGO
        gone_code = gone.code
    with db.reading() as session:
        assert "components" not in read(grid_tile(session, Tile(14, *tile_at(lon, lat, 14)))[1])
        tile = Tile(17, *tile_at(lon, lat, 17))
        found = read(grid_tile(session, tile)[1])["components"]
        rows = session.scalars(select(Component)).all()
    west, south, east, north = tile.box
    here = [row for row in rows if west <= row.lon < east and south < row.lat <= north]
    assert codes(found) == sorted(row.code for row in here if row.code != gone_code)
    assert {each["properties"]["major"] for each in found} == {"01"}


def test_one_of_each_kind_is_drawn_on_a_spot_and_never_too_many() -> None:
    units = np.array([[0, 0], [3, 3], [3, 3], [70, 70]])
    assert thin(units, ["01", "01", "02", "01"], 100) == [0, 2, 3]
    crowd = np.stack(np.meshgrid(np.arange(0, 4096, 16), np.arange(0, 4096, 16)), axis=-1).reshape(-1, 2)
    assert 500 < len(thin(crowd, ["01"] * len(crowd), 2_500)) <= 2_500


@pytest.mark.parametrize(
    ("zoom", "levels"),
    [(8, {"district"}), (9, {"district", "street"}), (12, {"district", "street", "community"})],
)
def test_smaller_areas_come_with_the_zoom(db: Database, mesh: GridData, zoom: int, levels: set[str]) -> None:
    with db.reading() as session:
        found = read(grid_tile(session, Tile(zoom, *tile_at(*middle(mesh), zoom)))[1])["areas"]
    assert {each["properties"]["level"] for each in found} <= levels
    assert {each["properties"]["level"] for each in found} == levels & {area.level.value for area in mesh.areas}


def test_neighbours_share_their_border_to_the_unit_at_the_exact_zooms(db: Database, mesh: GridData) -> None:
    tile = Tile(15, *tile_at(*middle(mesh), 15))
    with db.reading() as session:
        shapes = [
            shapely.from_geojson(_geojson(each["geometry"])) for each in read(grid_tile(session, tile)[1])["cells"]
        ]
    overlap = sum(float(shape.area) for shape in shapes) - float(shapely.union_all(shapes).area)
    assert abs(overlap) < 1.0


def test_what_vanishes_in_rounding_is_left_out_with_its_fields() -> None:
    tile = Tile(8, *tile_at(*HERE, 8))
    west, south, _, north = tile_box(*tile)
    shapes = np.array([shapely.box(*HERE, HERE[0] + 1e-7, HERE[1] + 1e-7), shapely.box(west, south, west + 0.5, north)])
    assert polygon_layer("areas", shapes, tile, {"code": ["speck", "half"]}).fields == {"code": ["half"]}


def test_a_tile_is_made_once_until_the_grid_changes(db: Database, mesh: GridData) -> None:
    named = mesh.areas[-1]
    tile = Tile(15, *tile_at(*_inside(named.boundary), 15))
    with db.reading() as session:
        first, again = grid_tile(session, tile), grid_tile(session, tile)
    assert again[1] is first[1]
    changed = replace(named, name="改名社区")
    with db.transaction() as session:
        services.load_grid(session, GridData(areas=[changed]))
    with db.reading() as session:
        after = grid_tile(session, tile)
    assert after[0] > first[0]
    assert "改名社区".encode() in after[1] and "改名社区".encode() not in first[1]


def test_a_tile_of_the_current_revision_is_kept_and_another_asks_again(as_person: Any, small_city: Database) -> None:
    client: FlaskClient = as_person("handler")
    with small_city.reading() as session:
        revision = _revision(session)
    kept = client.get(f"{address(15)}?revision={revision}")
    assert kept.status_code == 200
    assert kept.content_type == "application/vnd.mapbox-vector-tile"
    assert "immutable" in kept.headers["Cache-Control"]
    assert "private" in kept.headers["Cache-Control"]
    stale = client.get(f"{address(15)}?revision={revision - 1}")
    assert stale.headers["Cache-Control"] == "private, no-cache"
    same = client.get(address(15), headers={"If-None-Match": kept.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")


def _revision(session: Session) -> int:
    return grid_tile(session, Tile(8, *tile_at(*HERE, 8)))[0]


def test_a_tile_outside_the_city_is_empty(as_person: Any) -> None:
    answer: TestResponse = as_person("handler").get(address(15, (116.4, 39.9)))
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize("kind", ["grid", "cases"])
def test_an_address_that_is_no_tile_is_not_there(as_person: Any, kind: str) -> None:
    client = as_person("dispatcher")
    for path in ("18/0/0", "2/4/0", "2/0/4", "-1/0/0", "15/-3/0", "x/0/0", "15/1.5/0", "99999999999/0/0", "3/1e3/0"):
        assert client.get(f"/tiles/{kind}/{path}.mvt").status_code == 404, path


def test_from_afar_one_component_stands_for_a_spot_and_from_zoom_16_each_for_itself(db: Database) -> None:
    with db.transaction() as session:
        factories.make_grid(session)
        for k in range(8):
            factories.add_component(session, f"33020301037{k:06d}", (HERE[0] + k * 1e-6, HERE[1]))
    with db.reading() as session:
        drawn = [
            len(read(grid_tile(session, Tile(zoom, *tile_at(*HERE, zoom)))[1])["components"]) for zoom in (15, 16, 17)
        ]
    assert drawn == [1, 8, 8]


def test_the_components_of_a_tile_are_read_along_their_index(db: Database) -> None:
    asked = standing_in(Tile(15, *tile_at(*HERE, 15)), clock.today())
    with db.transaction() as session:
        if not db.is_sqlite:
            # A table without rows is read whole otherwise.
            session.execute(text("SET LOCAL enable_seqscan = off"))
        words = asked.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        rows = session.execute(text(f"EXPLAIN {'QUERY PLAN ' if db.is_sqlite else ''}{words}"))
        assert "ix_components_quad" in " ".join(str(row[-1]) for row in rows)


def test_a_duty_grid_is_what_its_cells_cover_and_is_named_once(db: Database) -> None:
    mesh = make_mesh(100)
    held = {cell.code: f"{cell.code[:9]}-{position // 12}" for position, cell in enumerate(mesh.cells)}
    mesh.cells = [replace(cell, duty_grid_code=held[cell.code]) for cell in mesh.cells]
    with db.transaction() as session:
        services.load_grid(session, mesh)
    points = [_inside(cell.boundary) for cell in mesh.cells]
    tiles = {Tile(14, *tile_at(lon, lat, 14)) for lon, lat in points}
    around = {Tile(14, tile.x + dx, tile.y + dy) for tile in tiles for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
    with db.reading() as session:
        drawn = {tile: read(content) for tile in around if (content := grid_tile(session, tile)[1])}
    named = [code for layers in drawn.values() for code in codes(layers.get("duty_grid_names", []))]
    assert sorted(named) == sorted(set(held.values()))
    for tile, layers in drawn.items():
        window = shapely.box(-64, -64, 4160, 4160)
        for feature in layers.get("duty_grids", []):
            own = [cell.boundary for cell in mesh.cells if held[cell.code] == feature["properties"]["code"]]
            expected = shapely.transform(shapely.union_all(own), lambda degrees, tile=tile: to_units(degrees, tile))
            difference = expected.intersection(window) ^ shapely.from_geojson(_geojson(feature["geometry"]))
            assert difference.area < 8 * expected.length


def test_any_day_has_the_cells_and_duty_grids_of_it_and_a_plan_is_seen_from_its_day_on(small_city: Database) -> None:
    street = factories.WEST + "001"
    first, second = f"{street}001001", f"{street}001002"
    merged = CellRecord(f"{street}001009", shapely.box(121.5, 29.87, 121.502, 29.871))
    day = clock.today()
    tomorrow, later = day + timedelta(days=1), day + timedelta(days=2)
    with small_city.transaction() as session:
        leader = factories.People(session).dutyleader
        old, new = NamedGrid(f"{street}-1", "责任网格", "Duty grid"), NamedGrid(f"{street}Z01", "新", "New")
        plan_change(session, leader, street, Plan((old, new), {first: old.code, second: new.code}), tomorrow)
    tile = Tile(15, *tile_at(*HERE, 15))

    def seen(on: date) -> tuple[list[str], list[str]]:
        with small_city.reading() as session:
            content = grid_tile(session, tile, on)[1]
            layers = read(content) if content else {}
        near = [code for code in codes(layers.get("cells", [])) if code.startswith(street)]
        return near, [code for code in codes(layers.get("duty_grids", [])) if code.startswith(street)]

    assert seen(BEFORE_THE_CITY) == ([], [])
    assert seen(day) == ([first, second], [old.code])
    assert seen(tomorrow) == ([first, second], [old.code, new.code])
    with small_city.transaction() as session:
        duty_grids.withdraw(session, factories.People(session).dutyleader, street)
        versions.take_in(session, GridData(cells=[merged]), [], Terms("again", because="one"), later)
    assert seen(tomorrow) == ([first, second], [old.code])
    assert seen(later) == ([merged.code], [])
    with small_city.transaction() as session:
        versions.withdraw(session, None, versions.list_versions(session)[0].id)
    assert seen(later) == ([first, second], [old.code])


def test_a_day_that_has_passed_is_kept_and_one_to_come_is_asked_for_again(as_person: Any) -> None:
    client = as_person("handler")
    kept = {}
    for days in (-1, 0, 1):
        on = clock.today() + timedelta(days=days)
        kept[days] = client.get(f"{address(15)}?revision=1&on={on}").headers["Cache-Control"]
    assert "immutable" in kept[-1] and "immutable" in kept[0]
    assert kept[1] == "private, no-cache"


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", "0000-01-01", "2026-1-1", "１"])
def test_a_day_that_is_none_is_no_tile(as_person: Any, given: str) -> None:
    assert as_person("handler").get(address(15), query_string={"on": given}).status_code == 422


@pytest.mark.parametrize("given", ["0001-01-01", "9999-12-31"])
def test_a_day_far_away_is_a_day(as_person: Any, given: str) -> None:
    assert as_person("handler").get(address(15), query_string={"on": given}).status_code in {200, 204}
