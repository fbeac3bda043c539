from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from click.testing import CliRunner, Result

from cityops.cli import cli
from cityops.config import Config
from cityops.errors import Invalid
from cityops.grid.drawing.cells import draw_cells
from cityops.grid.drawing.files import Proof, draw_file, measure
from cityops.grid.drawing.lines import Firmness
from cityops.grid.drawing.merging import Sizes
from cityops.grid.drawing.sources import ROADS, WATER, Sources, read_kind, read_sources
from cityops.grid.files import AREA_FIELDS, columns_of, read_grid, write_grid, write_layer
from cityops.grid.models import AreaLevel
from cityops.grid.records import AreaRecord, GridData
from cityops.shell import Shell
from scripts.show_cells import make_areas

DATA = Path(__file__).parents[2] / "data"
SHANGHAI = DATA / "shanghai_roads.osm"
HELSINKI, BUILDINGS = DATA / "helsinki_roads.geojson", DATA / "helsinki_buildings.geojson"
OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
 <node id="1" lat="31.2300" lon="121.4700"/><node id="2" lat="31.2310" lon="121.4700"/>
 <node id="3" lat="31.2310" lon="121.4710"/><node id="4" lat="31.2300" lon="121.4710"/>
{ways}
</osm>
"""


def areas(tmp_path: Path, roads: Path, least_m2: float = 100_000) -> Path:
    write_grid(tmp_path / "areas.gpkg", make_areas(roads, least_m2))
    return tmp_path / "areas.gpkg"


def draw(sources: Sources, out: Path, target_m2: float = 10_000) -> Proof:
    proof, warnings = draw_file(sources, out, target_m2, 1, lambda *told: None)
    assert warnings == []
    return proof


def osm(tmp_path: Path, *tags: str) -> Path:
    """A file of OpenStreetMap with a closed way for each `key=value;key=value`."""
    ways = []
    for number, pairs in enumerate(tags, start=1):
        told = "".join('<tag k="{}" v="{}"/>'.format(*pair.split("=")) for pair in pairs.split(";"))
        ways.append(f' <way id="{number}">' + "".join(f'<nd ref="{k}"/>' for k in (1, 2, 3, 4, 1)) + told + "</way>")
    path = tmp_path / "some.osm"
    path.write_text(OSM.format(ways="\n".join(ways)))
    return path


@pytest.fixture
def shell(db_url: str, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(Config.from_env({"CITYOPS_HOME": str(tmp_path / "var"), "DATABASE_URL": db_url}))
    yield shell
    shell.workshop.close()


def run(shell: Shell | None, *words: str) -> Result:
    return CliRunner().invoke(cli, words, obj=shell)


def test_what_is_drawn_on_a_real_city_centre_is_taken_in_without_a_fault(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "cells.gpkg"
    words = ("--areas", str(areas(tmp_path, SHANGHAI)), "--roads", str(SHANGHAI), "--out", str(out))
    drawn = run(shell, "grid", "draw", *words)
    assert (drawn.exit_code, drawn.stdout) == (0, "")
    assert "gaps 0.0 m², overlaps 0.0 m²" in drawn.stderr
    checked = run(shell, "grid", "check", str(out))
    assert checked.exit_code == 0, checked.stdout
    assert "0 faults" in checked.stderr
    taken_in = run(shell, "grid", "import", str(out))
    assert taken_in.exit_code == 0, taken_in.stderr


def test_cells_of_a_real_city_centre_measure_what_they_should_and_leave_nothing_out(tmp_path: Path) -> None:
    out = tmp_path / "cells.gpkg"
    proof = draw(Sources(areas(tmp_path, SHANGHAI), SHANGHAI), out)
    assert proof.in_band >= 0.95
    assert (round(proof.gaps_m2, 3), proof.overlaps_m2) == (0, 0)
    data, findings = read_grid(out)
    assert findings == []
    cells = np.array([cell.boundary for cell in data.cells], dtype=object)
    assert shapely.coverage_is_valid(cells)
    assert len({cell.code for cell in data.cells}) == len(cells) == proof.cells
    for area in (area for area in data.areas if area.level is AreaLevel.COMMUNITY):
        mine = [cell.boundary for cell in data.cells if cell.code.startswith(area.code)]
        assert shapely.coverage_union_all(mine).normalize() == area.boundary.normalize()


def test_what_the_raster_rounds_along_straight_outlines_is_no_gap_and_what_is_missing_is(tmp_path: Path) -> None:
    west, middle, east, south, north = 121.4662, 121.4737, 121.4812, 31.2240, 31.2370
    halves = {"310101002001": (west, south, middle, north), "310101002002": (middle, south, east, north)}
    level = AreaLevel.COMMUNITY
    records = [AreaRecord(code, code, code, level, None, shapely.box(*box)) for code, box in halves.items()]
    write_grid(tmp_path / "a.gpkg", GridData(records))
    sources = Sources(tmp_path / "a.gpkg", SHANGHAI)
    ground = read_sources(sources).ground
    cells = draw_cells(ground, 10_000, lambda *told: None)
    assert measure(ground, cells, Sizes(10_000)).gaps_m2 == 0
    assert measure(ground, cells[1:], Sizes(10_000)).gaps_m2 == pytest.approx(cells[0].area_m2, rel=1e-3)


def test_no_building_of_a_real_city_centre_is_cut(tmp_path: Path) -> None:
    sources = Sources(areas(tmp_path, HELSINKI, 60_000), HELSINKI, buildings=BUILDINGS)
    proof = draw(sources, tmp_path / "cells.gpkg")
    assert (proof.communities, proof.buildings_cut, proof.overlaps_m2) == (2, 0, 0)
    assert proof.buildings > 100
    assert proof.in_band >= 0.85
    # Finland lies in no zone of China's.
    assert read_sources(sources).epsg == 32635


def test_a_person_finds_the_area_and_what_to_look_at_in_the_file(tmp_path: Path) -> None:
    place = shapely.box(121.47, 31.23, 121.4705, 31.2305)
    write_grid(tmp_path / "a.gpkg", GridData([AreaRecord("310106001001", "甲", "A", AreaLevel.COMMUNITY, None, place)]))
    draw(Sources(tmp_path / "a.gpkg", osm(tmp_path, "highway=residential")), tmp_path / "cells.gpkg")
    meta, _, _, columns = pyogrio.raw.read(tmp_path / "cells.gpkg", layer="cells")
    [row] = [dict(zip(meta["fields"], values, strict=True)) for values in zip(*columns, strict=True)]
    assert (row["code"], row["why"], row["area_m2"]) == ("310106001001001", "sliver_kept", pytest.approx(2641, abs=5))


def test_streets_count_and_paths_tunnels_and_sidings_do_not(tmp_path: Path) -> None:
    told = ("highway=primary_link", "highway=residential", "highway=service", "barrier=wall", "railway=rail")
    untold = ("highway=footway", "highway=cycleway", "highway=primary;tunnel=yes", "railway=rail;service=yard")
    _, firmness = read_kind(osm(tmp_path, *told, *untold, "railway=tram", "name=x"), ROADS, [])
    assert firmness.tolist() == [Firmness.BARRIER, Firmness.STREET, Firmness.LANE, Firmness.LANE, Firmness.BARRIER]


def test_water_is_lines_and_areas(tmp_path: Path) -> None:
    shapes, firmness = read_kind(osm(tmp_path, "waterway=stream", "natural=water", "highway=primary"), WATER, [])
    assert sorted(firmness.tolist()) == [Firmness.LANE, Firmness.BARRIER]
    assert sorted(shape.geom_type for shape in shapes) == ["LineString", "MultiPolygon"]


def test_all_lines_of_a_file_without_tags_are_streets(tmp_path: Path) -> None:
    write_layer(tmp_path / "r.gpkg", "r", [shapely.LineString([(121, 31), (122, 31)])], {"name": ["路"]})
    assert read_kind(tmp_path / "r.gpkg", ROADS, [])[1].tolist() == [Firmness.STREET]


def test_fields_that_are_called_otherwise_are_mapped(tmp_path: Path) -> None:
    [community] = [area for area in make_areas(HELSINKI, 200_000).areas if area.level is AreaLevel.COMMUNITY]
    columns = columns_of([community], AREA_FIELDS)
    renamed = {"DM": columns["code"], "MC": columns["name"]}
    write_layer(tmp_path / "survey.gpkg", "社区", [community.boundary], renamed)
    words = ("--areas", str(tmp_path / "survey.gpkg"), "--roads", str(HELSINKI), "--out", str(tmp_path / "cells.gpkg"))
    assert run(None, "grid", "draw", *words, "--map", "code=DM,name=MC", "--first", "400").exit_code == 0
    data, _ = read_grid(tmp_path / "cells.gpkg")
    assert min(cell.code for cell in data.cells) == f"{community.code}400"


def test_a_file_of_streets_alone_is_refused_in_words(tmp_path: Path) -> None:
    street = [area for area in make_areas(HELSINKI).areas if area.level is not AreaLevel.COMMUNITY]
    write_grid(tmp_path / "areas.gpkg", GridData(areas=street))
    words = ("--areas", str(tmp_path / "areas.gpkg"), "--roads", str(HELSINKI), "--out", str(tmp_path / "cells.gpkg"))
    result = run(None, "grid", "draw", *words)
    assert result.exit_code == 1
    assert "has no communities" in result.stderr


@pytest.mark.parametrize("fault", ["code", "boundary", "twice"])
def test_faulty_communities_are_refused_with_the_first_of_them(fault: str, tmp_path: Path) -> None:
    bow = shapely.Polygon([(121.47, 31.23), (121.48, 31.24), (121.48, 31.23), (121.47, 31.24)])
    boundary = bow if fault == "boundary" else shapely.box(121.47, 31.23, 121.48, 31.24)
    code = "31010600100A" if fault == "code" else "310106001001"
    record = AreaRecord(code, "甲", "A", AreaLevel.COMMUNITY, None, boundary)
    write_grid(tmp_path / "areas.gpkg", GridData(areas=[record, record] if fault == "twice" else [record]))
    with pytest.raises(Invalid, match="areas:(1: code: .*12 digits|1: boundary: .*crosses|2: code: .*already)"):
        draw(Sources(tmp_path / "areas.gpkg", SHANGHAI), tmp_path / "cells.gpkg")


def test_what_was_there_stays_when_the_drawing_is_broken_off(tmp_path: Path) -> None:
    out = tmp_path / "cells.gpkg"
    out.write_bytes(b"yesterday's")
    areas_file = areas(tmp_path, HELSINKI)

    def interrupt(doing: str, done: int, of: int) -> None:
        if doing.startswith("measuring"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_file(Sources(areas_file, HELSINKI), out, 10_000, 1, interrupt)
    assert out.read_bytes() == b"yesterday's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["areas.gpkg", "cells.gpkg"]
