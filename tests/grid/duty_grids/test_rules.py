"""What makes a duty grid: one piece by shared edges, one street, no cell left out. Properties and plain cases."""

from collections import deque

import shapely
from hypothesis import given
from hypothesis import strategies as st

from cityops.grid.duty_grids.rules import (
    Load,
    NamedGrid,
    Plan,
    check,
    find_neighbours,
    find_pieces,
    grids_beside,
    next_code,
    weigh,
)

STREET = "330203001"
SIDE = 5
CODES = [f"{STREET}001{number:03d}" for number in range(SIDE * SIDE)]
STEP = 0.001


def square(number: int) -> shapely.Geometry:
    """A cell of the little chessboard."""
    west, south = 121.5 + number % SIDE * STEP, 29.87 + number // SIDE * STEP
    return shapely.box(west, south, west + STEP, south + STEP)


BOARD = {code: square(number) for number, code in enumerate(CODES)}
NEIGHBOURS = find_neighbours(BOARD)
GRIDS = tuple(NamedGrid(f"{STREET}Z0{number}", f"责任网格{number}", f"Duty grid {number}") for number in (1, 2, 3))
some_cells = st.sets(st.sampled_from(CODES))


def walk(cells: set[str]) -> set[str]:
    """The cells reached from the lowest one by steps to the side, up or down: the plain rule."""
    numbers = {CODES.index(code) for code in cells}
    reached, waiting = {min(numbers)}, deque([min(numbers)])
    while waiting:
        at = waiting.popleft()
        row, column = divmod(at, SIDE)
        steps = ((row, column - 1), (row, column + 1), (row - 1, column), (row + 1, column))
        for y, x in steps:
            number = y * SIDE + x
            if 0 <= y < SIDE and 0 <= x < SIDE and number in numbers - reached:
                reached.add(number)
                waiting.append(number)
    return {CODES[number] for number in reached}


def test_cells_of_a_board_have_their_four_sides_and_no_corner():
    assert all(len(NEIGHBOURS[code]) == 2 for code in (CODES[0], CODES[SIDE - 1], CODES[-1]))
    middle = CODES[SIDE * 2 + 2]
    assert NEIGHBOURS[middle] == {CODES[SIDE * 2 + 1], CODES[SIDE * 2 + 3], CODES[SIDE + 2], CODES[SIDE * 3 + 2]}


def test_an_edge_is_shared_though_only_one_side_has_a_corner_on_it_and_the_survey_is_a_hand_off():
    whole = shapely.box(121.5, 29.87, 121.501, 29.872)
    beside = shapely.box(121.5010000002, 29.8705, 121.502, 29.8713)
    across = shapely.box(121.501, 29.872, 121.502, 29.873)
    apart = shapely.box(121.4899, 29.87, 121.49999, 29.872)
    near = find_neighbours({"whole": whole, "beside": beside, "across": across, "apart": apart})
    assert near == {"whole": {"beside"}, "beside": {"whole"}, "across": set(), "apart": set()}


@given(some_cells)
def test_pieces_part_the_cells_and_none_touches_another(cells: set[str]):
    pieces = find_pieces(cells, NEIGHBOURS)
    assert sorted(code for piece in pieces for code in piece) == sorted(cells)
    for piece in pieces:
        assert walk(set(piece)) == set(piece)
        assert not any(NEIGHBOURS[code] & (cells - set(piece)) for code in piece)
    assert [len(piece) for piece in pieces] == sorted((len(piece) for piece in pieces), reverse=True)


@given(some_cells, st.randoms(use_true_random=False))
def test_a_plan_is_sound_exactly_where_every_grid_is_one_piece(cells: set[str], shuffle):
    plan = Plan(GRIDS, {code: GRIDS[code not in cells].code for code in CODES})
    faults = check(STREET, plan, dict.fromkeys(CODES, "before"), NEIGHBOURS)
    sides = [side for side in (cells, set(CODES) - cells) if side]
    assert (not faults) == all(walk(side) == side for side in sides)
    # The order in which the cells are told is nothing to it.
    told = list(plan.cells.items())
    shuffle.shuffle(told)
    assert check(STREET, Plan(GRIDS, dict(told)), dict.fromkeys(CODES, "before"), NEIGHBOURS) == faults


@given(some_cells)
def test_what_grids_weigh_together_is_what_the_street_weighs(cells: set[str]):
    loads = {code: Load(1, 10.0 * number, number, 2 * number) for number, code in enumerate(CODES)}
    parts = [weigh(cells, loads), weigh(set(CODES) - cells, loads)]
    assert [sum(values) for values in zip(*parts, strict=True)] == list(weigh(CODES, loads))


def reasons(plan: Plan, before: dict[str, str | None] | None = None, retired: tuple[str, ...] = ()) -> list[str]:
    """What is wrong, in words with their values."""
    standing = dict.fromkeys(CODES, GRIDS[0].code) if before is None else before
    return [fault.reason % fault.values for fault in check(STREET, plan, standing, NEIGHBOURS, retired)]


def test_no_cell_is_left_out_where_the_street_had_it_and_none_of_another_street_comes_in():
    plan = Plan(GRIDS, dict.fromkeys(CODES[1:], GRIDS[0].code) | {"330203002001001": GRIDS[0].code})
    left_out, in_pieces = [f"{CODES[0]} would have no duty grid any more"], "in 2 pieces"
    told = reasons(plan)
    assert told[0] == "330203002001001 are no standing cells of this street" and told[1:2] == left_out
    assert in_pieces in told[2]
    # One that never had a grid may stay without.
    never = {code: None if code == CODES[0] else GRIDS[0].code for code in CODES}
    assert reasons(Plan(GRIDS, dict.fromkeys(CODES[1:], GRIDS[0].code)), never) == []


def test_codes_and_names_are_the_streets_own_and_each_once():
    halves = {code: GRIDS[number >= SIDE].code for number, code in enumerate(CODES)}
    same_name = (GRIDS[0], NamedGrid(GRIDS[1].code, GRIDS[0].name, ""))
    assert reasons(Plan(same_name, halves)) == [
        f"another duty grid of the street is called the same as {GRIDS[0].code}",
        f"another duty grid of the street is called the same as {GRIDS[1].code}",
    ]
    foreign = NamedGrid("330203002Z01", "x", "x")
    assert "330203002Z01 is not the street" in reasons(Plan((foreign,), dict.fromkeys(CODES, foreign.code)))[0]
    nameless = NamedGrid(GRIDS[0].code, " ", "")
    assert "name" in reasons(Plan((nameless,), dict.fromkeys(CODES, nameless.code)))[0]
    assert "ended" in reasons(Plan(GRIDS, dict.fromkeys(CODES, GRIDS[0].code)), retired=(GRIDS[0].code,))[0]
    assert "no duty grid" in reasons(Plan((), dict.fromkeys(CODES, GRIDS[0].code)))[0]


def test_the_grids_beside_one_share_an_edge_with_it():
    rows = {code: GRIDS[min(number // SIDE, 2)].code for number, code in enumerate(CODES)}
    plan = Plan(GRIDS, rows)
    assert grids_beside(GRIDS[0].code, plan, NEIGHBOURS) == {GRIDS[1].code}
    assert grids_beside(GRIDS[1].code, plan, NEIGHBOURS) == {GRIDS[0].code, GRIDS[2].code}
    assert (
        next_code(STREET, [grid.code for grid in GRIDS]) == f"{STREET}Z04" and next_code(STREET, []) == f"{STREET}Z01"
    )
