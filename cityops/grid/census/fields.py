"""The table of a census (GB/T 47678.5-2026, table 2): its fields by every name they go by, and its words. Pure.

A field is found in a file by our name, the standard's abbreviation (GLBJBSM), its full name (管理部件标识码)
or the name of the earlier standards (ObjID), in whatever case; a mapping goes before all of them.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from cityops.errors import Invalid
from cityops.grid.models import ComponentState
from cityops.words import N_


class Field(NamedTuple):
    """A field of the table: our name, the abbreviation, the full name, the earlier name, and the most it may hold."""

    name: str
    abbreviation: str
    title: str
    earlier: str = ""
    length: int = 100


# In the order of the standard.
TABLE = (
    Field("code", "GLBJBSM", "管理部件标识码", "ObjID", 17),
    Field("name", "GLBJMC", "管理部件名称", "ObjName"),
    Field("department_code", "ZGBMDM", "主管部门代码", "DeptCode1", 18),
    Field("department_name", "ZGBMMC", "主管部门名称", "DeptName1"),
    Field("owner_code", "QSDWDM", "权属单位代码", "DeptCode2", 18),
    Field("owner_name", "QSDWMC", "权属单位名称", "DeptName2"),
    Field("maintainer_code", "YHDWDM", "养护单位代码", "DeptCode3", 18),
    Field("maintainer_name", "YHDWMC", "养护单位名称", "DeptName3"),
    Field("cell_code", "SZDYWGBSM", "所在单元网格标识码", "BGID", 15),
    Field("state", "GLBJZT", "管理部件状态", "ObjState", 10),
    Field("initial_on", "CSRQ", "初始日期", "ORDate", 10),
    Field("changed_on", "BGRQ", "变更日期", "CHDate", 10),
    Field("source", "SJLY", "数据来源", "DataSource", 30),
    Field("note", "BZ", "备注", "Note", 1000),
    Field("street_code", "SZJDDM", "所在街道（镇、乡）代码"),
    Field("street_name", "SZJDMC", "所在街道（镇、乡）名称"),
    Field("community_code", "SZSQDM", "所在社区（村）代码"),
    Field("community_name", "SZSQMC", "所在社区（村）名称"),
)
# What a file may say besides: the class of what has no code yet, how exactly it was surveyed, the body here, and when
# it was put up.
BESIDES = (
    Field("class", "", "小类"),
    Field("accuracy", "", "精度等级"),
    Field("body_code", "", "", length=32),
    Field("put_up_on", "", "建成日期", length=10),
)
# What follows from the place, and is written but not read.
DERIVED = ("street_code", "street_name", "community_code", "community_name")
FIELDS = tuple(field for field in (*TABLE, *BESIDES) if field.name not in DERIVED)

STATE_WORDS = {
    "完好": ComponentState.IN_PLACE,
    "破损": ComponentState.DAMAGED,
    "丢失": ComponentState.MISSING,
    "废弃": ComponentState.ABANDONED,
    "移除": ComponentState.REMOVED,
}
STATES = STATE_WORDS | {state.value: state for state in ComponentState} | {"": ComponentState.IN_PLACE}
STATES_WRITTEN = {state: word for word, state in STATE_WORDS.items()}


def find_columns(names: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """The file's name of each of our fields that it has.

    Raises:
        Invalid: field `map`; it names a field that a census has not.
    """
    known = {field.name for field in FIELDS}
    for ours in mapping:
        if ours not in known:
            reason = N_("a census has no field %(name)s; it has: %(names)s")
            raise Invalid("map", reason, name=ours, names=", ".join(field.name for field in FIELDS))
    by_case = {name.casefold(): name for name in names}
    found = {}
    for field in FIELDS:
        calls = (field.name, field.abbreviation, field.title, field.earlier)
        theirs = [by_case[call.casefold()] for call in calls if call and call.casefold() in by_case]
        if field.name in mapping or theirs:
            found[field.name] = mapping.get(field.name) or theirs[0]
    return found


def read_day(text: str) -> date | None:
    """A day written YYYYMMDD or YYYY-MM-DD, with a time behind it or without; None where nothing is written.

    Raises:
        ValueError: it is no day.

    >>> read_day("20260701"), read_day("")
    (datetime.date(2026, 7, 1), None)
    """
    text = text.partition("T")[0].partition(" ")[0].replace("/", "-")
    return date.fromisoformat(text) if text else None
