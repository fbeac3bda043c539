"""Setting the city's numbers for requests."""

from sqlalchemy.orm import Session

from cityops.accounts import audit
from cityops.accounts.administration import must_administer
from cityops.accounts.models import AuditAction
from cityops.accounts.viewer import Viewer
from cityops.cases.request_models import RequestTerms
from cityops.cases.requests import RequestKind, Terms
from cityops.errors import Invalid
from cityops.words import N_
from cityops.worktime import queries as worktime


def set_terms(session: Session, viewer: Viewer, kind: RequestKind, terms: Terms) -> None:
    """Put the city's own numbers in place of those in force; what was asked already keeps its due moment.

    Raises:
        NotAllowed: the viewer is no administrator.
        Invalid: a limit of nothing, or hours that do not exist.
    """
    must_administer(viewer)
    if not terms.decide.value:
        raise Invalid("decide_value", N_("There has to be some time to decide in."))
    if terms.calendar not in {row.name for row in worktime.list_calendars(session)}:
        raise Invalid("calendar", N_("There is no such calendar."))
    session.merge(
        RequestTerms(
            kind=kind,
            most_times=terms.most_times,
            share=terms.share,
            most_days=terms.most_days,
            month_share=terms.month_share,
            decide_value=int(terms.decide.value),
            decide_unit=terms.decide.unit,
            calendar=terms.calendar,
        )
    )
    audit.record(session, viewer.person_id, AuditAction.REQUEST_TERMS_SET, f"{kind.value}: {_written(terms)}")


def _written(terms: Terms) -> str:
    """The numbers as the audit list keeps them; what is not bounded is left out."""
    bounds = {
        "times": terms.most_times,
        "share": terms.share,
        "days": terms.most_days,
        "month": terms.month_share,
        "decide": f"{terms.decide.value:g} {terms.decide.unit.value} {terms.calendar}",
    }
    return ", ".join(f"{name} {value}" for name, value in bounds.items() if value is not None)
