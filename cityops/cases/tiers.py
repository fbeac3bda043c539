"""Which filing conditions count where: in the larger cells of grid tier 2 a city looks after less than in a street."""

from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases.models import Case
from cityops.catalog import queries as catalog
from cityops.catalog.models import FilingCondition
from cityops.grid.models import Cell
from cityops.words import N_

ONLY_TIER_1 = N_("This filing condition does not count in grid tier 2, where the place lies.")


def counts_there(session: Session, case: Case, condition: FilingCondition) -> bool:
    """Whether a condition counts in the tier of the case's cell; outside every cell all do."""
    if condition.in_tier_2 or case.cell_id is None:
        return True
    return session.get_one(Cell, case.cell_id).grid_tier == 1


def waits_in_vain(session: Session, case: Case) -> bool:
    """Whether a case waits to be filed under a condition that, as it stands today, does not count where it lies."""
    if case.condition is None or case.filed_at is not None or not case.is_open:
        return False
    condition = catalog.find_condition(session, case.condition.code, clock.today())
    return condition is not None and not counts_there(session, case, condition)
