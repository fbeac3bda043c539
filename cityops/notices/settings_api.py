"""The API of warnings: which rules speak of which clocks to whom, and the quiet hours."""

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.once import OnceHeader, answer_once
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases.names import ClockName
from cityops.cases.schemas import Strict
from cityops.notices import rules
from cityops.notices.hours import Quiet
from cityops.notices.models import Moment, Owed, Recipient, WarningRule
from cityops.notices.rules import LEAST_EVERY, MOST_MINUTES, NewWarning
from cityops.notices.sweeping import find_quiet
from cityops.problems import PROBLEMS, WRITING_PROBLEMS

api = APIBlueprint("warnings_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)

TIME_OF_DAY = r"^([01]\d|2[0-3]):[0-5]\d$"


class RulePath(BaseModel):
    """Which rule."""

    number: int = Field(ge=1, lt=2**31)


class WarningIn(Strict):
    """A rule of warning as it is to be."""

    clock: ClockName | None = Field(None, description="Null for every clock")
    owed: Owed | None = Field(None, description="Speaks of this instead of clocks")
    moment: Moment
    after_minutes: int = Field(0, ge=0, le=MOST_MINUTES)
    every_minutes: int | None = Field(None, ge=LEAST_EVERY, le=MOST_MINUTES, description="Null for once")
    recipient: Recipient
    is_urgent_only: bool = False

    def rule(self) -> NewWarning:
        """The rule as the service takes it."""
        return NewWarning(**dict(self))


class WarningOut(BaseModel):
    """A rule of warning; one that has ended is not active."""

    number: int
    clock: ClockName | None
    owed: Owed | None
    moment: Moment
    after_minutes: int
    every_minutes: int | None
    recipient: Recipient
    is_urgent_only: bool
    is_active: bool


class QuietHours(Strict):
    """When notices that can wait are held back; two equal times are never."""

    quiet_from: str = Field(pattern=TIME_OF_DAY, examples=["21:00"])
    quiet_until: str = Field(pattern=TIME_OF_DAY, examples=["07:00"])


class WarningsOut(BaseModel):
    """What warns the city."""

    rules: list[WarningOut]
    quiet_hours: QuietHours


@api.get("/warnings", responses={200: WarningsOut}, summary="The rules of warning and the quiet hours")
def list_warnings() -> Response:
    """Every rule, those that speak first; for administrators."""
    with web.reading() as session:
        found = [_rule_out(each) for each in rules.list_rules(session, current_viewer())]
        answer = WarningsOut(rules=found, quiet_hours=_quiet_out(find_quiet(session)))
    return _answer(answer)


@api.post("/warnings", responses={201: WarningOut, **WRITING_PROBLEMS}, summary="Add a rule of warning")
def add_warning(header: OnceHeader, body: WarningIn) -> Response:
    """Add a rule; it speaks of clocks that come to its moment from then on."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        return 201, _rule_out(rules.add_rule(session, viewer, body.rule()))

    return answer_once(work)


@api.put("/warnings/<number>", responses={200: WarningOut, **WRITING_PROBLEMS}, summary="Change a rule of warning")
def change_warning(path: RulePath, body: WarningIn) -> Response:
    """Change a rule, or let one speak again that has ended; what it has said stays said."""
    with web.transaction() as session:
        answer = _rule_out(rules.change_rule(session, current_viewer(), path.number, body.rule()))
    return _answer(answer)


@api.post("/warnings/<number>/end", responses={200: WarningOut, **WRITING_PROBLEMS}, summary="End a rule of warning")
def end_warning(path: RulePath, header: OnceHeader) -> Response:
    """Let a rule speak no more."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        rules.end_rule(session, viewer, path.number)
        return 200, _rule_out(rules.get_rule(session, viewer, path.number))

    return answer_once(work)


@api.put("/quiet-hours", responses={200: QuietHours, **WRITING_PROBLEMS}, summary="Set the quiet hours")
def set_quiet_hours(body: QuietHours) -> Response:
    """Set the city's quiet hours, for the notices that are made from then on."""
    with web.transaction() as session:
        rules.set_quiet(session, current_viewer(), Quiet(_minute(body.quiet_from), _minute(body.quiet_until)))
    return _answer(body)


def _answer(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), mimetype="application/json")


def _rule_out(rule: WarningRule) -> WarningOut:
    return WarningOut(
        number=rule.id,
        clock=rule.clock,
        owed=rule.owed,
        moment=rule.moment,
        after_minutes=rule.after_minutes,
        every_minutes=rule.every_minutes,
        recipient=rule.recipient,
        is_urgent_only=rule.is_urgent_only,
        is_active=rule.is_active,
    )


def _quiet_out(quiet: Quiet) -> QuietHours:
    begin, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (quiet.from_minute, quiet.until_minute))
    return QuietHours(quiet_from=begin, quiet_until=end)


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
