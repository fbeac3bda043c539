"""What travels between a file, the demo and the database: the grid's things as plain records, no rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from cityops.errors import Invalid
from cityops.grid.models import AreaLevel
from cityops.words import N_

# From here on a decimal number cannot tell whole numbers apart.
EXACT_FLOAT = 2**53


@dataclass(frozen=True, slots=True)
class AreaRecord:
    """An area; `line` is the feature's number in its file, from 1, 0 where there is no file."""

    code: str
    name: str
    name_en: str
    level: AreaLevel
    parent_code: str | None
    boundary: BaseGeometry
    line: int = 0


@dataclass(frozen=True, slots=True)
class RetiredArea:
    """An area that a survey gives up: merged into another, renumbered, or handed to another city."""

    code: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A unit cell with the code and names of its duty grid, where it has one."""

    code: str
    boundary: BaseGeometry
    duty_grid_code: str | None = None
    duty_grid_name: str = ""
    duty_grid_name_en: str = ""
    grid_tier: int = 1
    area_level: int = 1
    line: int = 0

    @property
    def area_code(self) -> str:
        """The 12-digit community code."""
        return self.code[:12]


@dataclass(frozen=True, slots=True)
class SaidOfFile:
    """What a person says about a file that does not say it itself.

    Attributes:
        kind: what the features of `layer` are: areas or cells, a kind of address.
        mapping: the file's name of each of our fields, by ours.
    """

    kind: str | None = None
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)


def read_mapping(text: str) -> dict[str, str]:
    """The file's name of each of our fields, out of `code=DM,name=MC`.

    Raises:
        Invalid: field `mapping`; it is not of that form.
    """
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not all(ours.strip() and theirs.strip() for ours, _, theirs in pairs):
        raise Invalid("mapping", N_("write it as code=DM,name=MC: our field, then the file's"))
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


@dataclass(slots=True)
class GridData:
    """A grid to be loaded, or one that was read out; `retired` are the areas that end with it."""

    areas: list[AreaRecord] = field(default_factory=list)
    retired: list[RetiredArea] = field(default_factory=list)
    cells: list[CellRecord] = field(default_factory=list)

    @property
    def has_ground(self) -> bool:
        """Whether there is anything to make a version of."""
        return bool(self.areas or self.retired or self.cells)

    @property
    def retired_codes(self) -> set[str]:
        """The codes of the areas that end."""
        return {area.code for area in self.retired}

    @property
    def communities(self) -> set[str]:
        """The codes of the communities whose cells come as a whole, or end with them."""
        return {cell.area_code for cell in self.cells} | self.retired_codes
