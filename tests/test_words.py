"""Texts for the cells of a sheet: none is taken for a formula, none holds what no sheet may hold."""

from io import BytesIO

import pytest
from openpyxl import Workbook

from cityops.words import harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\x0b=1+1", "\x00\x1f=1+1"])
def test_what_looks_like_a_formula_gets_a_sign_before_it(text: str) -> None:
    assert harmless(text).startswith("'")


def test_every_sign_that_a_person_may_type_can_be_written_to_a_sheet() -> None:
    text = "".join(map(chr, range(0x20))) + "井盖"
    book = Workbook(write_only=True)
    book.create_sheet().append([harmless(text)])
    book.save(BytesIO())
    assert harmless(f"井{text}") == "井\t\n\r井盖"
