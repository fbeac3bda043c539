"""Files of every make, read into degrees; what is assumed is said, what cannot be known is asked for."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyproj import Transformer
from shapely import Point, Polygon

from cityops.errors import Invalid
from cityops.grid.geometry import distance_m
from cityops.grid.shifts import wgs84_to_bd09
from cityops.grid.sources import count_features, list_layers, read_features

PLACE = (121.55, 29.87)
NAME = "鼓楼街道办事处"


def write(path: Path, point: tuple[float, ...] = PLACE, **options: Any) -> Path:
    """A file with one point and its name."""
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array([Point(*point)], dtype=object)),
        field_data=[np.array([NAME], dtype=object)],
        fields=["MC"],
        geometry_type="Point",
        **({"crs": "EPSG:4490"} | options),
    )
    return path


def is_at_the_place(path: Path, **options: Any) -> bool:
    ((_, row, point),) = read_features(path, mapping={"name": "MC"}, **options).rows()
    assert row["name"] == row["MC"] == NAME
    assert point is not None
    return distance_m(*PLACE, point.x, point.y) < 0.001


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("a.gpkg", "GPKG"),
        ("a.shp", "ESRI Shapefile"),
        ("a.geojson", "GeoJSON"),
        ("a.gdb", "OpenFileGDB"),
        ("a.fgb", "FlatGeobuf"),
    ],
)
def test_whatever_gdal_reads_is_read(tmp_path: Path, name: str, driver: str) -> None:
    assert is_at_the_place(write(tmp_path / name, driver=driver))


@pytest.mark.parametrize("epsg", [4549, 4550, 4528, 4529, 32651, 3857])
def test_a_declared_system_is_brought_to_degrees(tmp_path: Path, epsg: int) -> None:
    place = Transformer.from_crs(4490, epsg, always_xy=True).transform(*PLACE)
    assert is_at_the_place(write(tmp_path / "a.gpkg", place, crs=f"EPSG:{epsg}"))


def test_a_system_that_is_said_goes_before_the_declared_one(tmp_path: Path) -> None:
    shifted = tuple(float(number) for number in wgs84_to_bd09(*PLACE))
    path = write(tmp_path / "a.geojson", shifted)
    assert not is_at_the_place(path)
    assert is_at_the_place(path, crs="bd09")


def test_an_inexact_way_is_said(tmp_path: Path) -> None:
    features = read_features(write(tmp_path / "a.gpkg", (500_000.0, 3_306_000.0), crs="EPSG:2384"))
    assert ["inexact" in warning.reason for warning in features.warnings] == [True]


@pytest.mark.parametrize("says_so", [True, False])
def test_names_in_gbk_are_read(tmp_path: Path, *, says_so: bool) -> None:
    path = write(tmp_path / "a.shp", encoding="GBK")
    if not says_so:
        path.with_suffix(".cpg").unlink()
    assert is_at_the_place(path)
    assert bool(read_features(path).warnings) is not says_so


def test_gbk_bytes_in_a_file_that_should_be_utf_8_are_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f'MC,WKT\n{NAME},"POINT({PLACE[0]} {PLACE[1]})"\n'.encode("gbk"))
    assert is_at_the_place(path)
    assert [warning.field for warning in read_features(path).warnings] == ["encoding", "crs"]
    with pytest.raises(Invalid) as refusal:
        read_features(path, encoding="utf-8")
    assert refusal.value.field == "encoding"


def test_columns_of_longitude_and_latitude_make_points(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"MC,lon,lat\n{NAME},{PLACE[0]},{PLACE[1]}\n", "utf-8")
    assert is_at_the_place(path)


@pytest.mark.parametrize(
    ("place", "guess"),
    [(PLACE, "EPSG:4490"), ((40_600_000.0, 3_306_000.0), "EPSG:4528"), ((360_000.0, 3_306_000.0), "EPSG:4549")],
)
def test_a_shapefile_without_prj_asks_for_its_system(tmp_path: Path, place: tuple[float, float], guess: str) -> None:
    path = write(tmp_path / "a.shp", place)
    path.with_suffix(".prj").unlink()
    with pytest.raises(Invalid, match=guess) as refusal:
        read_features(path)
    assert refusal.value.field == "crs"


def test_curves_and_heights_become_flat_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "MC,WKT\n"
        'a,"CURVEPOLYGON(CIRCULARSTRING(121 29,121.1 29.1,121.2 29,121.1 28.9,121 29))"\n'
        'b,"POLYGON Z((121 29 5,121.1 29 5,121.1 29.1 5,121 29 5))"\n'
        "c,\n",
        "utf-8",
    )
    curved, high, nothing = read_features(path).geometries
    assert isinstance(curved, Polygon) and curved.is_valid and len(curved.exterior.coords) > 60
    assert not high.has_z
    assert nothing is None


def test_a_zipped_shapefile_is_read_and_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    write(tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in tmp_path.glob("a.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    assert is_at_the_place(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", bytes(300 << 20))
    with pytest.raises(Invalid, match="300 MB"):
        list_layers(tmp_path / "bomb.zip")


@pytest.mark.parametrize("folder", ["survey 2026", "社区/二〇二六"])
def test_a_shapefile_in_a_folder_of_an_archive_is_found(tmp_path: Path, folder: str) -> None:
    write(tmp_path / "a.shp")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in tmp_path.glob("a.*"):
            if part.suffix != ".zip":
                archive.write(part, f"{folder}/{part.name}")
                archive.writestr(f"__MACOSX/{folder}/._{part.name}", b"x")
    assert list_layers(tmp_path / "a.zip") == ["a"]
    assert count_features(tmp_path / "a.zip") == 1
    assert is_at_the_place(tmp_path / "a.zip")


def test_headings_in_gbk_name_the_columns_of_a_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"MC,经度,纬度\n{NAME},{PLACE[0]},{PLACE[1]}\n".encode("gbk"))
    assert is_at_the_place(path)
    assert is_at_the_place(path, encoding="gb18030")


def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.geojson").read_bytes()
    (tmp_path / "cut.geojson").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.gpkg").touch()
    (tmp_path / "no.zip").write_bytes(b"PK")
    for name in ("cut.geojson", "empty.gpkg", "no.zip", "absent.shp"):
        with pytest.raises(Invalid, match=name) as refusal:
            read_features(tmp_path / name)
        assert refusal.value.field == "file"


def test_a_layer_a_field_and_a_system_that_are_not_there_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", layer="one")
    write(path, layer="two", append=True)
    for options, field in (
        ({}, "layer"),
        ({"layer": "three"}, "layer"),
        ({"layer": "one", "mapping": {"name": "DM"}}, "map"),
        ({"layer": "one", "crs": "EPSG:99"}, "crs"),
    ):
        with pytest.raises(Invalid) as refusal:
            read_features(path, **options)  # type: ignore[arg-type]
        assert refusal.value.field == field


def test_a_long_edge_in_metres_stays_where_it_was(tmp_path: Path) -> None:
    metres = Transformer.from_crs(4490, 4549, always_xy=True)
    corner = metres.transform(*PLACE)
    side = shapely.box(corner[0], corner[1], corner[0] + 2_000, corner[1] + 2_000)
    pyogrio.raw.write(
        tmp_path / "a.gpkg",
        geometry=shapely.to_wkb(np.array([side], dtype=object)),
        field_data=[],
        fields=[],
        geometry_type="Polygon",
        crs="EPSG:4549",
    )
    (read,) = read_features(tmp_path / "a.gpkg").geometries
    back = shapely.transform(
        read, lambda p: np.column_stack(Transformer.from_crs(4490, 4549, always_xy=True).transform(*p.T))
    )
    assert back.symmetric_difference(side).area < 1.0
    middle = Transformer.from_crs(4549, 4490, always_xy=True).transform(corner[0] + 1_000, corner[1])
    assert read.exterior.distance(Point(*middle)) < 1e-9
