import io
import zipfile
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from openpyxl import Workbook, load_workbook

from cityops.catalog import sheets
from cityops.catalog.drafts import read_draft
from cityops.catalog.importing import BadSheets, put_sheets
from cityops.catalog.sheets import read_sheets, write_sheets
from cityops.db import Database
from cityops.errors import Invalid
from tests.catalog.drafting import CLASS, CONDITION, LIMIT, STAGE, begin, changed, limit, put

Change = Callable[[Workbook], None]
LATER = ["check_same_time", "in_tier_2", "phase_name", "phase_name_en"]


def exported(db: Database, draft_id: int) -> bytes:
    file = io.BytesIO()
    with db.reading() as session:
        write_sheets(read_draft(session, None, draft_id).wanted, file)
    return file.getvalue()


def edited(data: bytes, change: Change) -> bytes:
    book, file = load_workbook(io.BytesIO(data)), io.BytesIO()
    change(book)
    book.save(file)
    return file.getvalue()


@pytest.fixture
def draft_id(small_city: Database) -> int:
    with small_city.transaction() as session:
        draft_id = begin(session)
        put(session, draft_id, {(LIMIT, "C01037-1/2"): limit("C01037-1", "2", "5")})
        return draft_id


def load(db: Database, draft_id: int, data: bytes) -> int:
    with db.transaction() as session:
        seen = read_draft(session, None, draft_id).draft.edits
        return put_sheets(session, None, draft_id, seen, read_sheets(data))


def test_what_was_exported_comes_back_unchanged(small_city: Database, draft_id: int):
    data = exported(small_city, draft_id)
    with small_city.reading() as session:
        assert read_sheets(data).wanted == read_draft(session, None, draft_id).wanted
    assert load(small_city, draft_id, data) == 0


def test_changed_added_and_ended_lines_come_into_the_draft_and_unnamed_entries_stay(
    small_city: Database, draft_id: int
):
    def change(book: Workbook) -> None:
        rows = {row[0].value: row for row in book["conditions"].iter_rows(min_row=2)}
        header = [cell.value for cell in book["conditions"][1]]
        rows["C01037-1"][header.index("limit_value")].value = 3.0
        rows["C01037-2"][header.index("end")].value = "yes"
        book["conditions"].delete_rows(rows["M06001-1"][0].row)
        book["limits"].append(["C01037-1", 3, "7", "working_hour", "street"])
        book["stages"].append([])

    assert load(small_city, draft_id, edited(exported(small_city, draft_id), change)) == 3
    with small_city.reading() as session:
        wanted = read_draft(session, None, draft_id).wanted
    assert wanted[CONDITION, "C01037-1"]["limit_value"] == "3"
    assert wanted[LIMIT, "C01037-1/3"]["limit_value"] == "7"
    assert (CONDITION, "C01037-2") not in wanted
    assert (CONDITION, "M06001-1") in wanted


def test_every_bad_line_is_named_and_nothing_is_taken(small_city: Database, draft_id: int):
    def change(book: Workbook) -> None:
        header = [cell.value for cell in book["conditions"][1]]
        rows = list(book["conditions"].iter_rows(min_row=2))
        rows[0][header.index("limit_value")].value = 0
        rows[0][header.index("calendar")].value = "moon"
        rows[1][header.index("text")].value = "=HYPERLINK(1)"
        rows[2][header.index("end")].value = "perhaps"
        book["limits"].append(["C09999-1", 1, 5, "working_hour", "street"])
        book["limits"].append(["C01037-1", 2, 6, "working_hour", "street"])
        book["stages"]["A1"] = "clocks"

    with pytest.raises(BadSheets) as refused:
        load(small_city, draft_id, edited(exported(small_city, draft_id), change))
    assert [(each.sheet, each.line, each.field) for each in refused.value.faults] == [
        ("conditions", 2, "limit_value"),
        ("conditions", 2, "calendar"),
        ("conditions", 3, "text"),
        ("conditions", 4, "end"),
        ("limits", 3, "condition"),
        ("limits", 4, "condition"),
        ("stages", 1, "clock"),
    ]
    with small_city.reading() as session:
        assert len(read_draft(session, None, draft_id).differences) == 1


def of_earlier_version(book: Workbook) -> None:
    """As it was written before phases and checks at the same time of day came."""
    for name in LATER:
        header = [cell.value for cell in book["conditions"][1]]
        book["conditions"].delete_cols(header.index(name) + 1)
    del book["phases"]


def test_a_file_of_an_earlier_version_leaves_what_it_does_not_know(small_city: Database, draft_id: int):
    later = {"check_same_time": "yes", "phase_name": "安全防护", "phase_name_en": "make safe"}
    with small_city.transaction() as session:
        put(session, draft_id, changed(session, draft_id, (CONDITION, "C01037-1"), **later))

    def change(book: Workbook) -> None:
        of_earlier_version(book)
        header = [cell.value for cell in book["conditions"][1]]
        first = next(row for row in book["conditions"].iter_rows(min_row=2) if row[0].value == "C01037-1")
        added = {name: cell.value for name, cell in zip(header, first, strict=True)} | {"code": "C01037-9"}
        book["conditions"].append([added[name] for name in header])
        first[header.index("limit_value")].value = 3

    data = edited(exported(small_city, draft_id), change)
    assert read_sheets(data).missing == {"conditions": LATER}
    assert load(small_city, draft_id, data) == 2
    with small_city.reading() as session:
        wanted = read_draft(session, None, draft_id).wanted
    assert wanted[CONDITION, "C01037-1"].items() >= (later | {"limit_value": "3"}).items()
    assert [wanted[CONDITION, "C01037-9"][name] for name in LATER] == ["no", "yes", "", ""]


def test_the_page_says_which_columns_an_earlier_version_lacks(
    as_person: Callable[[str], FlaskClient], small_city: Database, draft_id: int
):
    client, door = as_person("admin"), f"/settings/catalogue/drafts/{draft_id}"
    for change, said in ((of_earlier_version, True), (lambda book: None, False)):
        file = io.BytesIO(edited(exported(small_city, draft_id), change))
        sent = {"seen": "1", "file": (file, "catalogue.xlsx")}
        assert client.post(f"{door}/import", data=sent).status_code == 303
        assert (", ".join(LATER) in client.get(door).text) is said


def test_a_column_that_every_version_wrote_is_still_asked_for(small_city: Database, draft_id: int):
    def change(book: Workbook) -> None:
        of_earlier_version(book)
        header = [cell.value for cell in book["conditions"][1]]
        book["conditions"].delete_cols(header.index("calendar") + 1)

    with pytest.raises(BadSheets) as refused:
        load(small_city, draft_id, edited(exported(small_city, draft_id), change))
    assert [(each.sheet, each.line, each.field) for each in refused.value.faults] == [("conditions", 1, "calendar")]


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM", "=cmd|' /C calc'!A0"])
def test_no_text_leaves_as_a_formula_and_each_comes_back_as_it_was(small_city: Database, draft_id: int, text: str):
    with small_city.transaction() as session:
        put(session, draft_id, changed(session, draft_id, (CONDITION, "C01037-1"), text=text))
    data = exported(small_city, draft_id)
    cells = [cell for sheet in load_workbook(io.BytesIO(data)) for row in sheet for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert not [cell.value for cell in cells if str(cell.value or "").startswith(("=", "+", "-", "@"))]
    assert read_sheets(data).wanted[CONDITION, "C01037-1"]["text"] == text


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a zip",
        b"PK\x03\x04" + b"\0" * 100,
        zipped(a=b"text"),
        zipped(**{"[Content_Types].xml": b"<a", "xl/workbook.xml": b"<b"}),
        zipped(**{"[Content_Types].xml": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"}),
    ],
    ids=["empty", "words", "broken", "another-zip", "broken-xml", "entity"],
)
def test_what_is_no_excel_file_is_refused_in_one_sentence(data: bytes):
    with pytest.raises(Invalid, match="no Excel file") as refused:
        read_sheets(data)
    assert refused.value.field == "file"


def test_a_bomb_and_a_file_too_large_are_refused_before_they_are_unpacked():
    bomb = zipped(**{"xl/worksheets/sheet1.xml": b"0" * (sheets.MOST_UNPACKED + 1)})
    assert len(bomb) < 100_000
    with pytest.raises(Invalid, match="Unpacked"):
        read_sheets(bomb)
    with pytest.raises(Invalid, match="Unpacked"):
        read_sheets(zipped(**{f"part{number}": b"" for number in range(sheets.MOST_PARTS + 1)}))
    with pytest.raises(Invalid, match="larger than"):
        read_sheets(b"x" * (sheets.MOST_BYTES + 1))


def test_too_many_lines_and_a_file_without_our_sheets_are_refused(monkeypatch: pytest.MonkeyPatch):
    book, file = Workbook(), io.BytesIO()
    book.save(file)
    with pytest.raises(Invalid, match="none of the sheets"):
        read_sheets(file.getvalue())
    monkeypatch.setattr(sheets, "MOST_LINES", 2)
    file = io.BytesIO()
    write_sheets({(STAGE, name): {**limit("", "", "1"), "clock": name} for name in ("accept", "verify")}, file)
    with pytest.raises(Invalid, match="at most 2 lines"):
        read_sheets(file.getvalue())


def test_excels_numbers_and_truth_values_are_texts():
    book, file = Workbook(), io.BytesIO()
    sheet = book.create_sheet("stages")
    sheet.append(["clock", "limit_value", "limit_unit", "calendar", "remarks"])
    sheet.append(["verify", 2.5, True, 7.0, "not a column"])
    book.save(file)
    assert read_sheets(file.getvalue()).wanted == {
        (STAGE, "verify"): {"clock": "verify", "limit_value": "2.5", "limit_unit": "yes", "calendar": "7"}
    }


def test_the_pages_give_the_file_and_take_it(as_person, small_city: Database, draft_id: int):
    root, client = f"/settings/catalogue/drafts/{draft_id}", as_person("admin")
    answer = client.get(f"{root}/catalogue.xlsx")
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]

    def send(data: bytes, **form: str):
        return client.post(f"{root}/import", data={"seen": "1", "file": (io.BytesIO(data), "a.xlsx")} | form)

    def change(book: Workbook) -> None:
        book["stages"]["B2"] = 9
        book["classes"].append(["component", "01990", "01", "市政", "", "桥灯"])

    changed_file = edited(answer.data, change)
    refused = send(edited(changed_file, lambda book: book["stages"].append(["lunch", 1])))
    assert refused.status_code == 422
    assert "stages" in refused.text and "lunch" in refused.text
    assert send(b"junk").status_code == 422
    assert client.post(f"{root}/import", data={"seen": "1"}).status_code == 422
    assert send(changed_file).status_code == 303
    with small_city.reading() as session:
        wanted = read_draft(session, None, draft_id).wanted
        assert (CLASS, "component-01990") in wanted
    assert as_person("dutyleader").get(f"{root}/catalogue.xlsx").status_code == 403
    assert as_person("dutyleader").post(f"{root}/import").status_code == 403
