"""Component classes of earlier standards, and a city's own kinds, as those of GB/T 47678.5-2026. Pure.

CJ/T 214-2007 and GB/T 30428.2-2013 number a class with four digits. What 2026 kept of 2013 has the same number with a 0
before its last two digits; from 78 on the cities' own classes are numbered downwards from 99. Of 2007 there is a table.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from cityops.errors import Invalid
from cityops.words import N_

EDITIONS = ("2007", "2013")
OWN_CLASSES_FROM = 78

LEFT_OUT = ""


class UnknownClass(Exception):
    """A class that is none of the city's, and is not known to have become one."""


class ClassBook:
    """What a file calls its classes, as the classes of this city; counts what was asked.

    Args:
        names: the city's classes by code.
        edition: the standard that codes of 16 and classes of 4 digits are numbered by; without one they are unknown.
        kinds: the city's own words for kinds, as classes; as an empty text where they are to be left out.
    """

    def __init__(self, names: Mapping[str, str], edition: str | None = None, kinds: Mapping[str, str] | None = None):
        self.names = names
        self.edition = edition
        self.mapped: Counter[tuple[str, str]] = Counter()
        self.unmapped: Counter[str] = Counter()
        self._known: dict[str, str | None] = {code: code for code in names}
        self._known |= {name: code for code, name in names.items()} | {"": None}
        for kind, code in (kinds or {}).items():
            if code != LEFT_OUT and code not in names:
                reason = N_("there is no component class %(code)s (for %(kind)s)")
                raise Invalid("classes", reason, code=code, kind=kind)
            self._known[kind] = code

    def of(self, said: str) -> str:
        """The class that a file calls `said`: its code, its name, a number of the edition, a kind; may be LEFT_OUT.

        Raises:
            UnknownClass: it became none that is known.
        """
        if said not in self._known:
            self._known[said] = self._trace(said)
        code = self._known[said]
        if code is None:
            self.unmapped[said] += 1
            raise UnknownClass
        if code != said:
            self.mapped[said, code] += 1
        return code

    def number(self, code: str) -> str:
        """A component's number in 17 digits.

        Raises:
            UnknownClass: the class in it is none that is known.
        """
        if len(code) == 17:
            self.of(code[6:11])
            return code
        return f"{code[:6]}{self.of(code[6:10])}{code[10:]}"

    def _trace(self, said: str) -> str | None:
        if len(said) != 4 or not said.isdecimal() or self.edition is None:
            return None
        became = _became(self.edition)
        if said in became or self.edition == "2007":
            found = became.get(said)
        else:
            found = f"{said[:2]}0{said[2:]}" if int(said[2:]) < OWN_CLASSES_FROM else None
        return found if found in self.names else None


def read_kinds(lines: Iterable[str]) -> dict[str, str]:
    """A city's own kinds by the lines of a CSV file with the columns `kind` and `class_code`.

    Raises:
        Invalid: field `classes`; it has no such columns.
    """
    rows = csv.DictReader(line.lstrip("\ufeff") for line in lines)
    if not {"kind", "class_code"} <= set(rows.fieldnames or ()):
        raise Invalid("classes", N_("the first line must name the columns kind and class_code"))
    return {row["kind"].strip(): (row["class_code"] or LEFT_OUT).strip() for row in rows}


@cache
def _became(edition: str) -> dict[str, str]:
    text = (resources.files("cityops") / "data" / "catalog" / "component_classes_before.csv").read_text("utf-8")
    return {row["code"]: row["class_code"] for row in csv.DictReader(text.splitlines()) if row["edition"] == edition}
