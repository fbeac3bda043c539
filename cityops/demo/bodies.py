"""The demo city's bodies and jurisdictions: plain records, no rows."""

from dataclasses import dataclass

from cityops.accounts.models import RESPONSIBLE_KINDS, BodyKind
from cityops.credit_codes import check_sign
from cityops.demo.geography import ZONE_CODE, read_seed, zone_streets
from cityops.grid.models import AreaLevel

CITY = "city"
SUPERVISION = "supervision"
COMMAND = "command"

DISTRICT_WORDS = {"330203": "haishu", "330205": "jiangbei", "330212": "yinzhou", ZONE_CODE: "hitech"}
"""The word that stands for a district or the zone in the codes of its bodies and in user names."""


@dataclass(frozen=True, slots=True)
class BodyRecord:
    """A body and the code of the one above it; a parent comes before its children."""

    code: str
    name: str
    name_en: str
    kind: BodyKind
    parent: str | None


@dataclass(frozen=True, slots=True)
class JurisdictionRecord:
    """A jurisdiction and its ranges of community codes, both ends included."""

    code: str
    name: str
    name_en: str
    ranges: tuple[tuple[str, str], ...] = ()
    is_city_wide: bool = False


DEPARTMENTS = (
    BodyRecord("lamps", "市路灯管理中心", "City Street Lighting Centre", BodyKind.DEPARTMENT, CITY),
    BodyRecord("drainage", "市排水管理中心", "City Drainage Centre", BodyKind.DEPARTMENT, CITY),
    BodyRecord("roads", "市市政设施管理中心", "City Roads and Bridges Centre", BodyKind.DEPARTMENT, CITY),
    BodyRecord("gardens", "市园林绿化管理中心", "City Parks and Gardens Centre", BodyKind.DEPARTMENT, CITY),
    BodyRecord("sanitation", "市环境卫生管理中心", "City Sanitation Centre", BodyKind.DEPARTMENT, CITY),
    BodyRecord("traffic", "市交通设施管理中心", "City Traffic Facilities Centre", BodyKind.DEPARTMENT, CITY),
    BodyRecord("power", "市电力通信管线管理中心", "City Power and Telecom Lines Centre", BodyKind.DEPARTMENT, CITY),
    BodyRecord("order", "市市容秩序管理中心", "City Street Order Centre", BodyKind.DEPARTMENT, CITY),
)
"""In the order of the sign-ins `handler`, `handler2` … `handler8`."""

CONTRACTORS = (
    BodyRecord("lamps-upkeep", "明州照明养护公司", "Mingzhou Lighting Upkeep", BodyKind.COMPANY, "lamps"),
    BodyRecord("sanitation-east", "甬东保洁公司", "Yongdong Cleaning", BodyKind.COMPANY, "sanitation"),
)

ZONE_WORKS = BodyRecord(
    "hitech-works",
    "高新区城市管理服务中心",
    "Hi-tech Zone Urban Services",
    BodyKind.DEPARTMENT,
    DISTRICT_WORDS[ZONE_CODE],
)
"""What the zone has of its own beside its two centres."""

IN_CHARGE = {
    CITY: (SUPERVISION, COMMAND),
    DISTRICT_WORDS[ZONE_CODE]: (SUPERVISION, f"{COMMAND}-{DISTRICT_WORDS[ZONE_CODE]}"),
}
"""Which centres supervise and command a jurisdiction: one supervises all, and the zone commands itself."""

BODY_OF_TRADE = {
    "drainage": "drainage",
    "gas": "roads",
    "greening": "gardens",
    "lighting": "lamps",
    "power": "power",
    "roads": "roads",
    "sanitation": "sanitation",
    "telecom": "power",
    "traffic": "traffic",
    "water": "drainage",
}
"""Which department keeps up the components of each trade of `furniture`."""


def demo_bodies() -> list[BodyRecord]:
    """The city's tree of bodies, parents first."""
    return [
        BodyRecord(CITY, "宁波市", "Ningbo", BodyKind.CITY, None),
        BodyRecord(SUPERVISION, "市监督中心", "City Supervision Centre", BodyKind.SUPERVISION_CENTRE, CITY),
        BodyRecord(COMMAND, "市指挥中心", "City Command Centre", BodyKind.COMMAND_CENTRE, CITY),
        *DEPARTMENTS,
        *CONTRACTORS,
        *(body for code in DISTRICT_WORDS for body in _district_bodies(code)),
        ZONE_WORKS,
        *_street_offices(),
    ]


def demo_credit_codes() -> dict[str, str]:
    """A made-up credit code for each body that can be an owner, by its code; its last sign checks the others."""
    owners = [body.code for body in demo_bodies() if body.kind in RESPONSIBLE_KINDS]
    numbered = {code: f"12330200MB{number:07d}" for number, code in enumerate(owners, start=1)}
    return {code: body + check_sign(body) for code, body in numbered.items()}


def demo_jurisdictions() -> list[JurisdictionRecord]:
    """The whole city, each district without the zone's streets, and the zone."""
    names = _names()
    whole = JurisdictionRecord(CITY, "全市", "Whole city", is_city_wide=True)
    parts = [JurisdictionRecord(word, *names[code], _ranges(code)) for code, word in DISTRICT_WORDS.items()]
    return [whole, *parts]


def district_word(street_code: str) -> str:
    """The word of the district or zone that runs a street."""
    return DISTRICT_WORDS[ZONE_CODE if street_code in zone_streets() else street_code[:6]]


def street_codes() -> list[str]:
    """The nine-digit codes of the demo's streets."""
    return [row["code"] for row in read_seed("ningbo_areas.csv") if row["level"] == AreaLevel.STREET]


def _names() -> dict[str, tuple[str, str]]:
    return {row["code"]: (row["name"], row["name_en"]) for row in read_seed("ningbo_areas.csv")}


def _district_bodies(code: str) -> list[BodyRecord]:
    word, (name, name_en) = DISTRICT_WORDS[code], _names()[code]
    supervision = f"{SUPERVISION}-{word}", f"{name}监督中心", f"{name_en} Supervision Centre"
    command = f"{COMMAND}-{word}", f"{name}指挥中心", f"{name_en} Command Centre"
    return [
        BodyRecord(word, name, name_en, BodyKind.DISTRICT, CITY),
        BodyRecord(*supervision, BodyKind.SUPERVISION_CENTRE, word),
        BodyRecord(*command, BodyKind.COMMAND_CENTRE, word),
    ]


def _street_offices() -> list[BodyRecord]:
    names = _names()
    return [
        BodyRecord(
            code,
            f"{names[code][0]}办事处",
            f"{names[code][1]} Office",
            BodyKind.STREET_OFFICE,
            district_word(code),
        )
        for code in street_codes()
    ]


def _ranges(code: str) -> tuple[tuple[str, str], ...]:
    """A district's community codes without the zone's streets; the zone's own streets."""
    if code == ZONE_CODE:
        return tuple((f"{street}000", f"{street}999") for street in sorted(zone_streets()))
    spans, begin = [], f"{code}000000"
    for street in sorted(street for street in zone_streets() if street.startswith(code)):
        spans.append((begin, f"{int(street) - 1}999"))
        begin = f"{int(street) + 1}000"
    return (*spans, (begin, f"{code}999999"))
