"""What a survey would do, told before it is done: the fate of each cell, and what duty grids gain and lose."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from cityops.grid.ancestry import Fate
from cityops.grid.comparing import Comparison, compare
from cityops.grid.records import GridData

# What a person reads in a terminal; the others are counted.
FATES_TOLD = 50


@dataclass(frozen=True, slots=True)
class CellFate:
    """What becomes of a cell that stands, and which new cells take its land; of a new one, whose land it takes."""

    code: str
    fate: Fate
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a version would do.

    Attributes:
        losses: the cells that each duty grid would lose, by its code; `gains` those that it would gain.
        without_grid: the new cells that no duty grid would hold: their streets have to be laid out again.
    """

    kept: int = 0
    fates: list[CellFate] = field(default_factory=list)
    losses: dict[str, list[str]] = field(default_factory=dict)
    gains: dict[str, list[str]] = field(default_factory=dict)
    without_grid: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[Fate, int]:
        """How many cells have each fate."""
        number = Counter(each.fate for each in self.fates)
        return {fate: number[fate] for fate in Fate}

    @property
    def streets(self) -> list[str]:
        """The streets whose duty grids have to be drawn again."""
        return sorted({code[:9] for code in self.without_grid})


def foresee(session: Session, data: GridData) -> Outlook:
    """Say what a survey would do to the cells that stand today; nothing is changed."""
    if not data.communities:
        return Outlook()
    told = compare(session, data)
    before = {code: cell.duty_grid.code if cell.duty_grid else None for code, cell in told.standing.items()}
    after = {code: _grid_after(told, code, before) for code in told.coming}
    outlook = Outlook(kept=told.kept, fates=list(_fates(told)))
    for code in sorted({*before, *after}):
        old, new = before.get(code), after.get(code)
        if old and old != new:
            outlook.losses.setdefault(old, []).append(code)
        if new and old != new:
            outlook.gains.setdefault(new, []).append(code)
    outlook.without_grid.extend(sorted(code for code, grid in after.items() if grid is None))
    return outlook


def tell_outlook(outlook: Outlook) -> Iterator[str]:
    """The lines that say in a terminal what a version would do."""
    counts = ", ".join(f"{number} {fate}" for fate, number in outlook.counts.items())
    yield f"cells: {outlook.kept} kept, {counts}"
    for each in outlook.fates[:FATES_TOLD]:
        arrow = "<-" if each.fate is Fate.ADDED else "->"
        yield f"  {each.fate:<8} {each.code}" + (f" {arrow} {', '.join(each.others)}" if each.others else "")
    if len(outlook.fates) > FATES_TOLD:
        yield f"  … and {len(outlook.fates) - FATES_TOLD} more"
    for code in sorted({*outlook.losses, *outlook.gains}):
        lost, gained = (", ".join(side.get(code, ())) or "nothing" for side in (outlook.losses, outlook.gains))
        yield f"duty grid {code}: loses {lost}; gains {gained}"
    if outlook.without_grid:
        streets = ", ".join(outlook.streets)
        yield f"{len(outlook.without_grid)} cells would be in no duty grid: draw those of {streets} again"


def _grid_after(told: Comparison, code: str, before: dict[str, str | None]) -> str | None:
    named = told.coming[code].duty_grid_code
    if named:
        return named
    if code not in told.begun:
        return before[code]
    ancestor = told.find_ancestor(code)
    return before[ancestor.code] if ancestor else None


def _fates(told: Comparison) -> Iterator[CellFate]:
    heirs: dict[str, list[str]] = {}
    for code, shared in told.descent.shared_m2.items():
        for old in shared:
            heirs.setdefault(old, []).append(code)
    for code, fate in sorted(told.descent.old_fates.items()):
        yield CellFate(code, fate, tuple(sorted(heirs.get(code, ()))))
    for code, fate in sorted(told.descent.new_fates.items()):
        if fate is Fate.ADDED:
            yield CellFate(code, fate, tuple(sorted(told.descent.shared_m2.get(code, ()))))
