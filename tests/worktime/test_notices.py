"""A year's notice in a file: read to its end, taken whole."""

from datetime import date

import pytest

from cityops.worktime.calendar import DayKind
from cityops.worktime.notices import BadNotice, read_notice, write_notice

HEADER = "day,kind,name_zh,name_en,spans"
GOOD = "2027-01-01,holiday,元旦,New Year's Day,"


def faults_of(*lines: str) -> list[tuple[int, str]]:
    with pytest.raises(BadNotice) as refusal:
        read_notice([f"{line}\n" for line in lines], 2027)
    assert all(fault.reason for fault in refusal.value.faults)
    return [(fault.line, fault.field) for fault in refusal.value.faults]


def test_a_notice_is_read_in_the_order_of_its_days() -> None:
    special = "2027-06-18,special,高温,heat,13:30-15:00;08:30-12:00"
    notice = read_notice([HEADER, special, "2027-02-20,make_up,调休,make-up day,", "", GOOD], 2027)
    assert list(notice) == [date(2027, 1, 1), date(2027, 2, 20), date(2027, 6, 18)]
    assert [each.kind for each in notice.values()] == [DayKind.HOLIDAY, DayKind.MAKE_UP, DayKind.SPECIAL]
    assert [str(span) for span in notice[date(2027, 6, 18)].spans] == ["08:30-12:00", "13:30-15:00"]


def test_what_is_written_is_read_again() -> None:
    notice = read_notice([HEADER, GOOD, "2027-06-18,special,高温,heat,08:30-12:00;13:30-15:00"], 2027)
    assert read_notice([",".join(row) for row in write_notice(notice)], 2027) == notice


def test_the_column_of_hours_may_be_left_out() -> None:
    assert len(read_notice(["day,kind,name_zh,name_en", "2027-01-01,holiday,元旦,New Year"], 2027)) == 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("2026-12-31,holiday,元旦,New Year,", "day"),
        ("2028-01-01,make_up,元旦,New Year,", "day"),
        ("2027-02-30,holiday,元旦,New Year,", "day"),
        ("20270101,holiday,元旦,New Year,", "day"),
        ("2027/1/1,holiday,元旦,New Year,", "day"),
        (",holiday,元旦,New Year,", "day"),
        ("2027-01-02,strike,元旦,New Year,", "kind"),
        ("2027-01-02", "kind"),
        ("2027-01-02,holiday,,New Year,", "name_zh"),
        (f"2027-01-02,holiday,{'元' * 51},New Year,", "name_zh"),
        ("2027-01-02,holiday,元旦,New\0Year,", "name_en"),
        ("2027-01-02,holiday,元旦,New Year,08:30-12:00", "spans"),
        ("2027-01-02,make_up,元旦,New Year,08:30-12:00", "spans"),
        ("2027-01-02,special,元旦,New Year,", "spans"),
        ("2027-01-02,special,元旦,New Year,8-12", "hours"),
        ("2027-01-02,special,元旦,New Year,08:30-12:00;11:00-13:00", "hours"),
        ("2027-01-02,holiday,元旦,New Year,,more", "spans"),
        (GOOD, "day"),
    ],
)
def test_a_row_that_is_no_day_of_the_year_is_found(row: str, field: str) -> None:
    assert faults_of(HEADER, GOOD, row) == [(3, field)]


def test_every_bad_row_is_found_at_once() -> None:
    assert faults_of(HEADER, "x,holiday,元旦,New Year,", GOOD, "2027-01-02,y,元旦,New Year,") == [
        (2, "day"),
        (4, "kind"),
    ]


def test_a_file_that_is_no_notice_is_refused() -> None:
    assert faults_of("day,kind,name_zh,colour") == [(1, "name_en"), (1, "colour")]
    assert faults_of(HEADER) == [(1, "file")]
    assert (1, "day") in faults_of()
