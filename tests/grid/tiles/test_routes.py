from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from cityops.db import Database
from cityops.grid import services
from cityops.grid.geometry import quad, tile_at, tile_box
from cityops.grid.models import Cell, Component
from cityops.grid.records import GridData
from cityops.grid.tiles.layers import grid_tile
from cityops.grid.tiles.tiling import Tile, polygon_layer, thin, to_units
from tests import factories
from tests.grid.meshes import make_mesh

HERE = factories.WEST_POINT


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


def test_components_come_from_zoom_17_and_only_those_still_standing(db: Database, mesh: GridData) -> None:
    lon, lat = middle(mesh)
    with db.transaction() as session:
        gone = session.scalars(select(Component).order_by(Component.id)).first()
        assert gone is not None
        gone.lon, gone.lat, gone.quad, gone.ended_on = lon, lat, quad(lon, lat), factories.LONG_AGO
        gone_code = gone.code
    with db.reading() as session:
        assert "components" not in read(grid_tile(session, Tile(16, *tile_at(lon, lat, 16)))[1])
        tile = Tile(17, *tile_at(lon, lat, 17))
        found = read(grid_tile(session, tile)[1])["components"]
        rows = session.scalars(select(Component)).all()
    west, south, east, north = tile.box
    here = [row for row in rows if west <= row.lon < east and south < row.lat <= north]
    assert codes(found) == sorted(row.code for row in here if row.code != gone_code)
    assert {each["properties"]["major"] for each in found} == {"01"}


def test_one_of_each_kind_is_drawn_on_a_spot_and_never_too_many() -> None:
    units = np.array([[0, 0], [3, 3], [3, 3], [40, 40]])
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
    tile = Tile(15, *tile_at(*middle(mesh), 15))
    with db.reading() as session:
        first, again = grid_tile(session, tile), grid_tile(session, tile)
    assert again[1] is first[1]
    with db.transaction() as session:
        factories.make_grid(session)
    with db.reading() as session:
        after = grid_tile(session, Tile(17, *tile_at(*HERE, 17)))
    assert after[0] > first[0]
    assert "330203001001001" in codes(read(after[1])["cells"])


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
