"""What the case room's API takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cityops.asked import Asked
from cityops.cases.at_place import Manner
from cityops.cases.models import AttachmentKind
from cityops.cases.names import Source, Stage, StepName
from cityops.cases.queries import MAX_PAGE, MOST_BESIDE
from cityops.catalog.models import CaseKind

LON = Field(description="Longitude, degrees, WGS84/CGCS2000", examples=[121.55])
LAT = Field(description="Latitude, degrees, WGS84/CGCS2000", examples=[29.87])


def _in_our_time(moment: datetime) -> datetime:
    # At the ends of the calendar a moment has no UTC any more.
    if not 2000 <= moment.year <= 2200:
        raise PydanticCustomError("moment", "a moment has to lie between the years 2000 and 2200")
    return moment


Moment = Annotated[datetime, AfterValidator(_in_our_time)]
Text = Annotated[str, Field(max_length=20_000)]


class Strict(BaseModel):
    """A body whose unknown fields are refused: a mistyped name is not silently lost."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, sent: Any) -> Any:
        # No text holds a NUL, and PostgreSQL takes none.
        if not isinstance(sent, dict):
            return sent
        return {name: text.replace("\x00", "") if isinstance(text, str) else text for name, text in sent.items()}


class ReporterIn(Strict):
    """Who told it; kept sealed."""

    name: Text | None = None
    phone: Text | None = Field(None, examples=["15400000000"])


class ReportIn(Strict):
    """A report."""

    id: UUID = Field(description="Made by the client; the same id again is the same report")
    source: Source
    kind: CaseKind
    class_code: str = Field(max_length=8, examples=["01037"])
    condition: str | None = Field(None, max_length=16, examples=["C01037-1"])
    lon: float = LON
    lat: float = LAT
    crs: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    address: Text = ""
    description: Text
    reporter: ReporterIn | None = None
    component_code: str | None = Field(None, max_length=17)
    self_handled: bool = False
    occurred_at: Moment | None = Field(None, description="When it came in, where it is entered later; with late_reason")
    late_reason: Text | None = Field(None, description="Why it is entered later")


class StepIn(Strict):
    """A step of the workflow table."""

    step: StepName
    version: int = Field(ge=0, description="The version of the case that the caller saw")
    result: str | None = Field(None, max_length=16)
    condition: str | None = Field(None, max_length=16)
    body: str | None = Field(None, max_length=32, description="The code of the body or centre that gets it")
    note: Text | None = Field(None, description="The reason, or what was done")
    lon: float | None = Field(None, description="Where a verify or check is answered, WGS84/CGCS2000")
    lat: float | None = Field(None, description="Where a verify or check is answered, WGS84/CGCS2000")
    located_at: Moment | None = Field(None, description="The moment of that position; an old one counts as none")
    at_place_reason: Text | None = Field(None, description="Why it is not answered at the place")
    manner: Manner = Field(Manner.ON_THE_SPOT, description="How the place was judged")


class ClassOut(BaseModel):
    """A class."""

    kind: CaseKind
    code: str
    name: str


class CaseOut(BaseModel):
    """A case as it stands."""

    number: str
    version: int
    stage: Stage
    source: Source
    case_class: ClassOut = Field(serialization_alias="class")
    condition: str | None
    phase: int = Field(description="The phase of handling it stands at, of those its filing condition has")
    lon: float
    lat: float
    cell: str | None
    area: str | None
    address: str
    description: str
    simple: bool
    body: str | None
    desk: str | None = Field(description="The command centre that has it to dispatch")
    opened_at: datetime = Field(description="When it was entered")
    occurred_at: datetime | None = Field(description="When it came in, where it was entered later")
    due_at: datetime | None
    handle_due_at: datetime | None
    ended_at: datetime | None
    rework_count: int
    send_back_count: int
    merged_count: int = Field(description="How many cases are merged into it")


class CaseWhole(CaseOut):
    """A case with the steps that this caller may take now."""

    steps: list[StepName]


class CasesOut(BaseModel):
    """A page of cases."""

    cases: list[CaseOut]
    next_cursor: str | None


class ReportOut(BaseModel):
    """A report and its case."""

    number: str
    id: UUID
    late_reason: str | None
    case: CaseOut


class EventOut(BaseModel):
    """One step of the timeline."""

    seq: int
    step: StepName
    result: str
    from_stage: Stage | None
    to_stage: Stage
    at: datetime
    person: str | None = Field(description="Empty where a rule took the step")
    post: str | None
    note: str | None
    digest: str


class TimelineOut(BaseModel):
    """A case's history."""

    number: str
    events: list[EventOut]


class PieceOut(BaseModel):
    """A piece of a clock's explanation."""

    from_at: datetime
    until_at: datetime
    kind: str
    why: str
    minutes: float


class ClockOut(BaseModel):
    """A clock with its due time explained."""

    name: str
    round: int
    phase: int = Field(description="The phase of handling in which it was started")
    limit: float
    unit: str
    calendar: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    light: str
    explanation: list[PieceOut]


class ClocksOut(BaseModel):
    """A case's clocks."""

    number: str
    clocks: list[ClockOut]


class NumberPath(BaseModel):
    """A case's or report's number."""

    number: str = Field(max_length=40)


class AttachmentOut(BaseModel):
    """A photo of a case."""

    id: UUID
    kind: AttachmentKind
    co_handling: int | None = Field(description="The task beside the lead whose result it shows")
    body: str | None = Field(description="The co-handler whose task that is")
    sha256: str
    media_type: str
    size_bytes: int
    added_at: datetime
    url: str


class PhotoIn(Asked):
    """A photo's form fields; the file itself is the part `file`."""

    id: UUID
    file: object = Field(None, description="The picture (JPEG, PNG or WebP)", json_schema_extra={"format": "binary"})


class CasePhotoIn(PhotoIn):
    """A photo with what it shows of the case."""

    kind: AttachmentKind


class AttachmentsOut(BaseModel):
    """A case's photos."""

    attachments: list[AttachmentOut]


class BesideQuery(Asked):
    """Which page of the cases that have to do with one."""

    cursor: str | None = Field(None, max_length=20, description="`next_cursor` of the page before")
    size: int = Field(MOST_BESIDE, ge=1, le=MAX_PAGE)


class CasesQuery(Asked):
    """What a list of cases is narrowed to."""

    stage: Stage | None = None
    org: str | None = Field(None, max_length=32, description="A responsible body's code")
    cell: str | None = Field(None, max_length=15)
    class_code: str | None = Field(None, alias="class", max_length=8)
    area: str | None = Field(None, max_length=12, description="The beginning of a community code")
    open: bool | None = None
    due_before: Moment | None = None
    q: str | None = Field(None, max_length=100)
    cursor: str | None = Field(None, max_length=20)
    size: int = Field(50, ge=1, le=200)
