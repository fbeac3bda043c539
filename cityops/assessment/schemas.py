"""What the scores' API takes and gives."""

from datetime import datetime

from pydantic import BaseModel, Field

from cityops.accounts.posts import Post
from cityops.asked import Asked
from cityops.assessment.formulas import Count, Kind
from cityops.cases.names import Stage, StepName
from cityops.grid.models import AreaLevel


class ScoresQuery(Asked):
    """Whose scores, of which month."""

    kind: Kind = Kind.DEPARTMENT
    period: str | None = Field(None, max_length=16, description="A month as 2026-11; without one, the running month")
    level: AreaLevel = Field(
        AreaLevel.DISTRICT, description="Of areas: district (by jurisdiction), street or community"
    )


class BehindQuery(ScoresQuery):
    """Which figure of which row."""

    figure: Count
    row: str = Field("", max_length=120, description="A row's `code`; without one, all rows together")
    class_id: int | None = Field(None, ge=1, le=2**31 - 1)
    cursor: str | None = Field(None, max_length=20)
    size: int = Field(50, ge=1, le=200)


class FigureOut(BaseModel):
    """A count (`n`, its `value`), or a rate: `n` of `of`, as a fraction; null where there is nothing to divide by."""

    n: int
    of: int | None
    value: float | int | None


class ScoreRowOut(BaseModel):
    """One body, area or person; the code is `-` for what belongs to none, empty for all together."""

    code: str
    name: str | None
    name_en: str | None
    post: Post | None = None
    step: StepName | None = None
    tier: int | None = Field(None, description="Grid tier an area or an inspector is compared in")
    figures: dict[str, FigureOut]


class FormulaOut(BaseModel):
    """How an indicator is made of the counts, of which each can be opened."""

    code: str
    label: str
    formula: str
    numerator: Count
    denominator: Count | None
    standard: str | None


class ScoresOut(BaseModel):
    """The scores of a month, as of a moment: its end, or now while it runs."""

    kind: Kind
    level: AreaLevel | None
    period: str
    from_at: datetime
    as_of: datetime
    rows: list[ScoreRowOut]
    total: ScoreRowOut
    formulas: list[FormulaOut]


class BehindOut(BaseModel):
    """A case behind a figure; `at` is the moment by which it belongs to the period."""

    number: str
    stage: Stage
    at: datetime
    body: str | None
    due_at: datetime | None
    reported_back_at: datetime | None
    on_time: bool | None


class BehindPageOut(BaseModel):
    """A page of the cases behind a figure."""

    cases: list[BehindOut]
    next_cursor: str | None
