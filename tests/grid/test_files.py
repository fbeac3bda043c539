from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely

from cityops.errors import Invalid
from cityops.grid.files import read_grid, write_grid
from tests.grid.meshes import make_mesh

GRID = make_mesh(25)


def write_layer(
    path: Path, layer: str, geometries: list[shapely.Geometry | None], fields: dict[str, list[object]], crs: str
) -> None:
    pyogrio.raw.write(
        path,
        geometry=np.array([None if each is None else shapely.to_wkb(each) for each in geometries], dtype=object),
        field_data=[np.array(values) for values in fields.values()],
        fields=list(fields),
        layer=layer,
        driver="GPKG",
        geometry_type="Unknown",
        crs=crs,
        append=path.exists(),
    )


def test_a_grid_comes_back_from_its_file_as_it_went(tmp_path: Path) -> None:
    write_grid(tmp_path / "city.gpkg", GRID)
    data, findings = read_grid(tmp_path / "city.gpkg")
    assert findings == []
    assert [replace(cell, line=0) for cell in data.cells] == GRID.cells
    assert [replace(area, line=0) for area in data.areas] == GRID.areas
    assert [cell.line for cell in data.cells] == list(range(1, 26))


def test_the_file_has_both_layers_and_replaces_its_predecessor(tmp_path: Path) -> None:
    for _ in range(2):
        write_grid(tmp_path / "city.gpkg", GRID)
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "city.gpkg")] == ["areas", "cells"]
    assert [path.name for path in tmp_path.iterdir()] == ["city.gpkg"]


def test_bad_rows_are_listed_with_line_field_and_reason_and_the_good_ones_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.gpkg"
    box = shapely.box(121.3, 29.7, 121.301, 29.701)
    cells = {"code": ["330201001001001", "", "330201001001003"], "grid_tier": ["1", "1", "two"]}
    write_layer(path, "cells", [None, box, box], cells, "EPSG:4326")
    data, findings = read_grid(path)
    assert [(each.layer, each.line, each.field) for each in findings] == [
        ("cells", 1, "geometry"),
        ("cells", 2, "code"),
        ("cells", 3, "grid_tier"),
    ]
    assert data.cells == []


def test_codes_kept_as_numbers_and_codes_of_fourteen_digits_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "old.gpkg"
    box = shapely.box(121.3, 29.7, 121.301, 29.701)
    write_layer(path, "cells", [box, box], {"code": [33020100100101, 330201001001002]}, "EPSG:4490")
    data, findings = read_grid(path)
    assert findings == []
    assert [cell.code for cell in data.cells] == ["330201001001001", "330201001001002"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + bytes(200)])
def test_what_is_no_geopackage_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.gpkg"
    path.write_bytes(content)
    with pytest.raises(Invalid) as refusal:
        read_grid(path)
    assert refusal.value.field == "file"


def test_a_file_without_our_layers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.gpkg"
    write_layer(path, "roads", [shapely.Point(0, 0)], {"code": ["1"]}, "EPSG:4326")
    with pytest.raises(Invalid, match="say what the features are"):
        read_grid(path)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be written"):
        write_grid(tmp_path / "nowhere" / "city.gpkg", GRID)


def test_codes_that_lost_their_last_digits_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.gpkg"
    box = shapely.box(121.3, 29.7, 121.301, 29.701)
    write_layer(path, "cells", [box], {"code": [33020101037000001.0]}, "EPSG:4490")
    data, findings = read_grid(path)
    assert data.cells == []
    assert ["lost digits" in each.reason for each in findings] == [True]


def test_components_are_left_and_told_where_they_come_in(tmp_path: Path) -> None:
    path = tmp_path / "census.gpkg"
    write_layer(path, "components", [shapely.Point(121.55, 29.87)], {"code": ["33020101037000001"]}, "EPSG:4490")
    with pytest.raises(Invalid, match="cityops components import"):
        read_grid(path)
    box = shapely.box(121.3, 29.7, 121.301, 29.701)
    write_layer(path, "cells", [box], {"code": ["330201001001001"]}, "EPSG:4490")
    data, findings = read_grid(path)
    assert ([cell.code for cell in data.cells], [each.is_error for each in findings]) == (["330201001001001"], [False])
    assert "cityops components import" in findings[0].reason
