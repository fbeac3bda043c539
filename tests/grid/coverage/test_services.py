"""Coverage in the database: the layer of a tier, its days, the trend, targets, and who sees what."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import date, timedelta

import pytest
import shapely
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from cityops.accounts.models import AuditAction, AuditEntry, Jurisdiction
from cityops.clock import running_at, today
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed
from cityops.grid import versions
from cityops.grid.coverage.models import CoverTarget
from cityops.grid.coverage.queries import Coverage, Row, Sums, open_land_tile, read_coverage
from cityops.grid.coverage.services import NewLayer, set_band, set_layer, set_target
from cityops.grid.export import read_out
from cityops.grid.findings import Finding
from cityops.grid.geometry import tile_at
from cityops.grid.services import BadGrid, Terms, check, load_grid
from cityops.grid.tiles.tiling import Tile
from tests.factories import EAST, MONDAY_MORNING, People

MONDAY = MONDAY_MORNING.date()
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
# The two eastern cells, and as much land again north of them, in no community.
EASTERN = shapely.box(121.502, 29.87, 121.504, 29.872)
# All four cells.
CITY = shapely.box(121.5, 29.87, 121.504, 29.871)


def shares(told: Coverage) -> dict[tuple[str, int], float | None]:
    return {
        (row.jurisdiction.code, row.tier): None if row.sums.share is None else round(row.sums.share, 3)
        for row in told.rows
    }


def without_a_cell(session: Session) -> None:
    """A version in which an eastern cell is gone."""
    data = read_out(session)
    cells = [cell for cell in data.cells if not cell.code.startswith(EAST)]
    eastern = [cell for cell in data.cells if cell.code.startswith(EAST)]
    load_grid(session, replace(data, cells=[*cells, eastern[0]]), terms=Terms("one less", because="a test"))


def test_the_layer_is_what_should_be_covered(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        assert read_coverage(session, None, today()).since_on is None
        set_layer(session, None, NewLayer(1, "built-up", [EASTERN]))
        told = read_coverage(session, None, today())
        # Of the whole city's layer half lies in no community; of the east all that lies there is covered.
        assert shares(told) == {("city", 1): pytest.approx(0.5, abs=0.001), (EAST, 1): 1.0}
        whole = told.rows[0].sums
        assert (whole.cells, round(whole.cells_m2 / whole.covered_m2, 2)) == (4, 2.0)
        assert session.scalars(select(AuditEntry.action)).all()[-1] is AuditAction.COVER_LAYER_SET


def test_a_day_has_the_figures_of_its_cells_and_its_layer(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "first", [CITY]))
    with running_at(MONDAY_MORNING + timedelta(days=1)), small_city.transaction() as session:
        without_a_cell(session)
    with running_at(MONDAY_MORNING + timedelta(days=2)), small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "second", [EASTERN]))
        then = {day: shares(read_coverage(session, None, day)).get((EAST, 1)) for day in (MONDAY, TUESDAY, WEDNESDAY)}
        assert then == {MONDAY: 1.0, TUESDAY: 0.5, WEDNESDAY: 0.5}
        assert read_coverage(session, None, MONDAY - timedelta(days=1)).rows == []
        told = read_coverage(session, None, WEDNESDAY + timedelta(days=9))
        assert (told.since_on, [day.since_on for day in told.days]) == (WEDNESDAY, [WEDNESDAY, TUESDAY, MONDAY])
        assert [day.causes[-1] for day in told.days] == ["second", "one less", "first"]
        city = told.rows[0].jurisdiction.id
        assert [round(day.shares[city, 1] or 0, 3) for day in told.days] == [0.25, 0.75, 1.0]


def test_a_planned_version_counts_when_it_comes_into_force(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "first", [CITY]))
        data = read_out(session)
        second = [replace(cell, grid_tier=2) if cell.code.startswith(EAST) else cell for cell in data.cells]
        versions.take_in(session, replace(data, cells=second), [], Terms("tiers", because="small"), TUESDAY)
        assert shares(read_coverage(session, None, TUESDAY))["city", 1] == 1.0
    with running_at(MONDAY_MORNING + timedelta(days=2)), small_city.transaction() as session:
        versions.put_due_into_force(session)
        assert shares(read_coverage(session, None, TUESDAY))["city", 1] == 0.5
        assert shares(read_coverage(session, None, MONDAY))["city", 1] == 1.0


def test_a_layer_does_not_go_back_behind_the_one_that_stands(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "first", [CITY], TUESDAY))
        with pytest.raises(Invalid, match="stands from"):
            set_layer(session, None, NewLayer(1, "earlier", [CITY], MONDAY))
        # The other tier has its own.
        set_layer(session, None, NewLayer(2, "rim", [EASTERN], MONDAY))
        assert shares(read_coverage(session, None, TUESDAY))[EAST, 2] == 0.0


@pytest.mark.parametrize(
    ("layer", "findings", "refusal"),
    [
        (NewLayer(3, "no tier", [CITY]), [], "not allowed"),
        (NewLayer(1, "nothing", []), [], "no polygon"),
        (NewLayer(1, "elsewhere", [shapely.box(10, 10, 11, 11)]), [], "meets no community"),
        (NewLayer(1, "broken", [CITY]), [Finding("layer", 1, "boundary", "the polygon is not valid")], "1 faults"),
    ],
)
def test_a_layer_that_cannot_be_one_changes_nothing(
    small_city: Database, layer: NewLayer, findings: list[Finding], refusal: str
) -> None:
    with small_city.transaction() as session, pytest.raises((Invalid, BadGrid)) as refused:
        set_layer(session, None, layer, findings)
    assert refusal in str(refused.value)
    with small_city.reading() as session:
        assert read_coverage(session, None, today()).since_on is None


def test_who_sees_the_east_sees_the_east(small_city: Database) -> None:
    with small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "first", [EASTERN, CITY]))
        without_a_cell(session)
        people = People(session)
        eastern, everywhere = people.viewer("dutyleader-east"), people.dutyleader
        assert set(shares(read_coverage(session, eastern, today()))) == {(EAST, 1)}
        assert set(shares(read_coverage(session, everywhere, today()))) == {("city", 1), (EAST, 1)}
        tile = Tile(15, *tile_at(121.503, 29.8705, 15))
        assert len(open_land_tile(session, eastern, tile, today())) > 0
        assert len(open_land_tile(session, eastern, tile, today())) < len(
            open_land_tile(session, everywhere, tile, today())
        )
        assert open_land_tile(session, everywhere, Tile(15, 0, 0), today()) == b""


def test_targets_hold_from_their_day_on(small_city: Database) -> None:
    with running_at(MONDAY_MORNING), small_city.transaction() as session:
        set_layer(session, None, NewLayer(1, "first", [EASTERN]))
        for percent, day in ((40.0, MONDAY), (60.0, WEDNESDAY)):
            set_target(session, None, jurisdiction="city", tier=1, percent=percent, from_on=day)
        reached = {day: read_coverage(session, None, day).rows[0] for day in (MONDAY, TUESDAY, WEDNESDAY)}
        assert [(row.target, row.is_reached) for row in reached.values()] == [(40, True), (40, True), (60, False)]
        assert read_coverage(session, None, MONDAY).rows[1].is_reached is None
        with pytest.raises(Invalid):
            set_target(session, None, jurisdiction="city", tier=1, percent=float("nan"), from_on=MONDAY)


def test_only_the_citys_administrator_sets_them(small_city: Database) -> None:
    with small_city.transaction() as session:
        leader = People(session).dutyleader
        with pytest.raises(NotAllowed):
            set_layer(session, leader, NewLayer(1, "mine", [CITY]))
        with pytest.raises(NotAllowed):
            set_target(session, leader, jurisdiction="city", tier=1, percent=1, from_on=today())
        with pytest.raises(NotAllowed):
            set_band(session, leader, tier=1, low_m2=1, high_m2=2)


def test_cells_are_checked_by_the_band_of_their_tier(small_city: Database) -> None:
    """Cells of the small city have about 10,700 m²."""
    with small_city.transaction() as session:
        data = read_out(session)
        second = replace(data, cells=[replace(cell, grid_tier=2) for cell in data.cells])
        assert check(session, second) == []
        set_band(session, None, tier=2, low_m2=20_000, high_m2=50_000)
        found = check(session, second)
        assert {finding.params["low"] for finding in found} == {20_000}
        assert (len(found), {finding.is_error for finding in found}) == (4, {False})
        assert check(session, data) == []
        with pytest.raises(Invalid):
            set_band(session, None, tier=2, low_m2=2, high_m2=2)


def test_a_long_trend_asks_no_more_than_a_short_one(small_city: Database) -> None:
    asked: list[str] = []
    first = date(2026, 1, 1)
    with small_city.transaction() as session:
        event.listen(session.connection().engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        counts = []
        for number in range(3):
            set_layer(session, None, NewLayer(1, f"layer {number}", [CITY], first + timedelta(days=number)))
            asked.clear()
            read_coverage(session, None, first + timedelta(days=number))
            counts.append(len(asked))
    assert counts == [counts[0]] * 3


@pytest.mark.parametrize("percent", range(1, 101))
def test_a_target_that_is_met_to_the_point_is_reached(percent: int) -> None:
    place = Jurisdiction(code="city", name="全市", name_en="City", is_city_wide=True)
    assert Row(place, 1, Sums(100.0, float(percent), 1, 1.0), float(percent)).is_reached
    assert not Row(place, 1, Sums(100.0, percent - 0.001, 1, 1.0), float(percent)).is_reached


def test_two_who_set_the_same_target_at_once_both_have_said_it(small_city: Database) -> None:
    def say(percent: float) -> None:
        with running_at(MONDAY_MORNING), small_city.transaction() as session:
            set_target(session, None, jurisdiction="city", tier=1, percent=percent, from_on=MONDAY)

    with ThreadPoolExecutor(1) as another, small_city.transaction() as session:
        set_target(session, None, jurisdiction="city", tier=1, percent=90, from_on=MONDAY)
        session.flush()
        later = another.submit(say, 95)
        wait([later], timeout=0.5)
        session.commit()
        later.result()
    with small_city.reading() as session:
        assert session.scalars(select(CoverTarget.percent)).all() == [95]
