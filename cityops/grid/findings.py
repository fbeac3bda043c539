"""What is wrong or odd about the features of a file, and how it is told: a table, CSV, JSON, a layer for QGIS."""

import csv
import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from shapely.geometry.base import BaseGeometry

from cityops.words import harmless

COLUMNS = ("layer", "line", "field", "kind", "reason", "lon", "lat", "size_m2")
# What a person reads in a terminal; the other forms have all of them.
TABLE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong (`is_error`: nothing is loaded) or odd (a person may sign for it) about one feature of a file.

    Attributes:
        line: the feature's number in its layer, from 1; 0 where it is about the layer.
        place: where it is wrong, in degrees: the overlap, the gap, the part that sticks out.
        size_m2: how large that place is.
    """

    layer: str
    line: int
    field: str
    reason: str
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    is_error: bool = True
    place: BaseGeometry | None = None
    size_m2: float | None = None

    @property
    def kind(self) -> str:
        """`error` or `warning`."""
        return "error" if self.is_error else "warning"

    @property
    def sentence(self) -> str:
        """The reason in English, with its values."""
        return self.reason % self.params if self.params else self.reason

    @property
    def point(self) -> tuple[float, float] | None:
        """lon, lat of a point of the place, where there is one."""
        if self.place is None or self.place.is_empty:
            return None
        point = self.place.representative_point()
        return round(point.x, 7), round(point.y, 7)

    def values(self) -> tuple[Any, ...]:
        """What the columns of a table hold."""
        lon, lat = self.point or (None, None)
        size_m2 = None if self.size_m2 is None else round(self.size_m2, 2)
        return self.layer, self.line, self.field, self.kind, self.sentence, lon, lat, size_m2

    def __str__(self) -> str:
        return f"{self.layer}:{self.line}: {self.field}: {self.sentence}"


def count_errors(findings: Iterable[Finding]) -> int:
    """How many of them keep a file from being loaded."""
    return sum(finding.is_error for finding in findings)


def tell(findings: list[Finding], form: str) -> Iterator[str]:
    """The lines of a `table`, of `csv`, or of `json`; a table counts by reason what it has no room for."""
    if form == "json":
        rows = [dict(zip(COLUMNS, finding.values(), strict=True)) for finding in findings]
        yield json.dumps(rows, ensure_ascii=False, indent=1)
    elif form == "csv":
        if findings:
            yield _csv_line(COLUMNS)
        for finding in findings:
            yield _csv_line(finding.values())
    else:
        yield from _table(findings)


def _csv_line(values: Iterable[Any]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="").writerow([_cell(value) for value in values])
    return line.getvalue()


def _cell(value: Any) -> Any:
    """What a cell of a sheet holds: a file's own words must not be taken for a formula."""
    return harmless(value) if isinstance(value, str) else "" if value is None else value


def _table(findings: list[Finding]) -> Iterator[str]:
    for finding in findings[:TABLE_ROWS]:
        place = "" if finding.point is None else "  at {:.6f},{:.6f}".format(*finding.point)
        size = "" if finding.size_m2 is None else f"  {finding.size_m2:,.1f} m²"
        yield f"{finding.kind:<8}{finding.layer} {finding.line:<7}{finding.field:<10}{finding.sentence}{place}{size}"
    if len(findings) > TABLE_ROWS:
        yield f"… and {len(findings) - TABLE_ROWS} more; all of them by reason:"
        counts = Counter((finding.kind, finding.layer, finding.reason) for finding in findings)
        for (kind, layer, reason), number in counts.most_common():
            yield f"{number:>8}  {kind} in {layer}: {reason}"
