"""A duty leader draws duty grids by clicking cells, sees the balance move, and has the change wait for its day."""

from playwright.sync_api import Page, expect
from sqlalchemy import select

from cityops.grid.duty_grids import queries as grids
from cityops.grid.duty_grids.rules import find_neighbours, find_pieces
from cityops.grid.models import DutyGrid
from tests.journeys.conftest import Signed
from tests.journeys.site import Site

AT_CELL = """([lon, lat]) => {
  const map = document.getElementById("map").cityMap, at = map.project([lon, lat]);
  const frame = map.getCanvas().getBoundingClientRect();
  return [frame.left + at.x, frame.top + at.y];
}"""


def border_cell(site: Site) -> tuple[str, str, str, tuple[float, float]]:
    """A street, the code of a cell that can go over to a grid beside its own, that grid's code, and a point in it."""
    with site.workshop.reading() as session:
        for street in sorted(set(session.scalars(select(DutyGrid.street_code)))):
            cells = grids.list_cells(session, [street])
            near = find_neighbours({cell.code: cell.boundary for cell in cells})
            held = {cell.code: cell.grid_code for cell in cells}
            for cell in cells:
                left = [code for code, grid in held.items() if grid == cell.grid_code and code != cell.code]
                beside = sorted({held[code] for code in near[cell.code]} - {cell.grid_code, None})
                if beside and len(find_pieces(left, near)) == 1:
                    point = cell.boundary.representative_point()
                    return street, cell.code, beside[0], (point.x, point.y)
    raise AssertionError("no cell lies between two duty grids")


def click_cell(page: Page, point: tuple[float, float]) -> None:
    """Click the map where a point lies."""
    x, y = page.evaluate(AT_CELL, list(point))
    page.mouse.click(x, y)


def test_duty_grids_are_drawn_by_clicking_and_wait_for_their_day(signed_in: Signed, site: Site) -> None:
    street, cell, wanted, point = border_cell(site)
    leader = signed_in("dutyleader")
    page = leader.page
    page.goto("/grid/duty")
    leader.shows("duty-grids-list")
    page.goto(f"/grid/duty/{street}")
    leader.wait_for_map()
    expect(page.locator("#map")).to_have_attribute("data-drawn", "1")
    page.locator(f'input[name="chosen"][value="{wanted}"]').check()
    first = page.locator("#balance tbody tr").first
    expect(first).to_contain_text(page.locator(f'input[name="name-{wanted}"]').input_value())
    before = int(first.locator("td").nth(1).inner_text())
    click_cell(page, point)
    expect(page.locator(f'select[data-cell="{cell}"]')).to_have_value(wanted)
    expect(first.locator("td").nth(1)).to_have_text(str(before + 1))
    leader.shows("duty-grids-drawn")
    # A second click gives it back, a third takes it again.
    click_cell(page, point)
    expect(first.locator("td").nth(1)).to_have_text(str(before))
    click_cell(page, point)
    expect(first.locator("td").nth(1)).to_have_text(str(before + 1))
    page.locator('button[name="keep"]').click()
    expect(page.locator(".map-side .note")).to_contain_text("起将是这样")
    expect(page.locator(f'select[data-cell="{cell}"]')).to_have_value(wanted)
    leader.wait_for_map()
    leader.shows("duty-grids-planned")
    page.locator(".map-side .note button").click()
    expect(page.locator(".notes").first).to_contain_text("已撤回")
    page.goto(f"/grid/duty/{street}/inspectors")
    leader.shows("duty-grids-inspectors")
    page.goto("/grid/duty/without")
    leader.shows("duty-grids-without")
    assert leader.complaints == []
