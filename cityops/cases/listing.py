"""What a list of cases is narrowed to on a page: read from the address, offered as choices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.cases.clocks import Light
from cityops.cases.names import Stage
from cityops.cases.queries import CaseFilter
from cityops.cases.telling import named
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.grid import queries as grid
from cityops.grid.models import AreaLevel

PAGE_ROWS = 50

_Word = TypeVar("_Word", Stage, Light)

Option = tuple[str, str]


@dataclass(frozen=True)
class Choices:
    """What the filters above a list offer: (value, name) each."""

    classes: list[Option] = field(default_factory=list)
    areas: list[Option] = field(default_factory=list)
    bodies: list[Option] = field(default_factory=list)


def read_filter(args: Mapping[str, str], stages: tuple[Stage, ...] = ()) -> CaseFilter:
    """The filter in a page's address; what is not a word of the tables does not narrow."""
    stage = _word(Stage, args.get("stage"))
    return CaseFilter(
        stages=stages or ((stage,) if stage else ()),
        is_open=True if args.get("open") == "1" else None,
        body_code=args.get("body") or None,
        cell_code=args.get("cell") or None,
        class_code=args.get("class") or None,
        area=_digits(args.get("area")),
        text=(args.get("q") or "").strip()[:100] or None,
        light=_word(Light, args.get("light")),
    )


def list_choices(session: Session, *, kind: CaseKind | None = None, with_bodies: bool = True) -> Choices:
    """The classes in force (of one kind, if named), the districts with their streets, the responsible bodies."""
    classes = [(each.code, f"{each.code} {named(each)}") for each in catalog.list_classes(session, clock.today(), kind)]
    districts = grid.list_areas(session, AreaLevel.DISTRICT)
    streets = grid.list_areas(session, AreaLevel.STREET)
    areas = [(each.code, named(each)) for each in districts]
    areas += [(each.code, "　" + named(each)) for each in streets]
    areas.sort()
    kinds = RESPONSIBLE_KINDS if with_bodies else ()
    bodies = [(body.code, named(body)) for body in accounts.list_bodies(session, kinds)] if with_bodies else []
    return Choices(classes, areas, bodies)


def _word(words: type[_Word], given: str | None) -> _Word | None:
    return words(given) if given in set(words) else None


def _digits(given: str | None) -> str | None:
    return given if given and given.isascii() and given.isdigit() and len(given) <= 12 else None
