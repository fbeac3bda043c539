"""Requests as pages show them: what was asked for a case, what this person may ask and decide."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy.orm import Session

from cityops.accounts import queries as accounts
from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.accounts.viewer import Viewer
from cityops.cases import request_queries
from cityops.cases.acting import running
from cityops.cases.asking import may_decide, may_withdraw
from cityops.cases.forms import body_choices
from cityops.cases.models import Case
from cityops.cases.names import ClockName
from cityops.cases.permission import find_held
from cityops.cases.request_forms import RequestForm, fit_request
from cityops.cases.request_models import CaseRequest
from cityops.cases.requests import REQUEST_STATE_LABELS, RULES, Ask, RequestKind, RequestRule, RequestState
from cityops.cases.telling import named
from cityops.catalog.labels import limit_words
from cityops.worktime.limits import UNIT_LABELS, Limit, Unit


@dataclass(frozen=True)
class ShownRequest:
    """A request in words, and what this viewer may say to it."""

    row: CaseRequest
    rule: RequestRule
    wish: str
    state: str
    may_decide: bool
    may_withdraw: bool

    @property
    def is_open(self) -> bool:
        """Whether it waits to be decided."""
        return self.row.state is RequestState.OPEN


@dataclass(frozen=True)
class Askable:
    """Something this viewer may ask for now, with its form."""

    rule: RequestRule
    form: RequestForm


def shown_request(viewer: Viewer, case: Case, row: CaseRequest) -> ShownRequest:
    """A request as pages show it."""
    is_open = row.state is RequestState.OPEN
    return ShownRequest(
        row,
        RULES[row.kind],
        _wish(case, row),
        gettext(REQUEST_STATE_LABELS[row.state]),
        is_open and may_decide(viewer, case, row),
        is_open and may_withdraw(viewer, row),
    )


def list_askable(
    session: Session, viewer: Viewer, case: Case, rows: Sequence[CaseRequest], refused: RequestForm | None = None
) -> list[Askable]:
    """What this viewer may ask for at the case's stage; whether it is too late is said when it is asked.

    Args:
        rows: what has been asked for the case already.
        refused: the form of a request that was refused, to be shown again as it was typed.
    """
    asked = {row.kind for row in rows if row.state is RequestState.OPEN}
    body_path = case.body.path if case.body is not None else None
    rules = [
        rule
        for rule in RULES.values()
        if case.stage in rule.stages
        and rule.kind not in asked
        and find_held(viewer, rule.askers, case, body_path) is not None
        and _is_fitting(case, rule.kind)
    ]
    bodies = []
    if any(Ask.BODY in rule.asks for rule in rules):
        bodies = body_choices(accounts.list_bodies(session, RESPONSIBLE_KINDS))
    unit_words = _unit_words(case)
    found = []
    for rule in rules:
        is_refused = refused is not None and refused.kind.data == rule.kind.value
        form = refused if is_refused and refused is not None else RequestForm(None)
        form.version.data = case.version
        found.append(Askable(rule, fit_request(form, rule, unit_words, bodies)))
    return found


def _is_fitting(case: Case, kind: RequestKind) -> bool:
    """Whether the case is one for which this is ever granted: such a button would only be refused."""
    row = running(case, ClockName.HANDLE)
    is_urgent = row is not None and row.limit_unit is Unit.URGENT_HOUR
    is_paused = case.suspended_until_at is not None
    if kind is RequestKind.EXTEND:
        return not is_urgent and not is_paused
    return not is_paused or kind not in {RequestKind.SUSPEND, RequestKind.DEFER}


def _wish(case: Case, row: CaseRequest) -> str:
    """What exactly is asked for: how much, until when, for whom."""
    if row.more_value is not None:
        unit = next(each.limit_unit for each in reversed(case.clocks) if each.name is ClockName.HANDLE)
        return limit_words(Limit(row.more_value, unit))
    if row.until_on is not None:
        return str(gettext("until %(day)s", day=row.until_on.isoformat()))
    return named(row.suggested_body)


def _unit_words(case: Case) -> str:
    unit = next((row.limit_unit for row in reversed(case.clocks) if row.name is ClockName.HANDLE), None)
    return gettext(UNIT_LABELS[unit]) if unit is not None else ""


def read_requests(session: Session, viewer: Viewer, case: Case) -> list[ShownRequest]:
    """Everything asked for a case, as its page shows it."""
    return [shown_request(viewer, case, row) for row in request_queries.list_of_case(session, case)]
