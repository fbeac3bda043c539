"""What cases do to the components they are about: filing says one is missing or broken, the case's end restores it."""

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import FINAL_STAGES, Stage, StepName
from cityops.catalog.models import ComponentFault, FilingCondition
from cityops.grid import queries as grid
from cityops.grid.census.history import Why, changing
from cityops.grid.census.models import ChangeCause
from cityops.grid.models import Component, ComponentState


def follow(session: Session, case: Case, event: CaseEvent) -> None:
    """Follow a case's step: bring the components to what the filed cases say of them."""
    is_over = event.to_stage is Stage.CLOSED or (event.to_stage in FINAL_STAGES and case.filed_at is not None)
    is_reopened = event.from_stage in FINAL_STAGES and not is_over
    if is_over or is_reopened or event.step is StepName.FILE:
        for component_id in _list_concerned(session, case):
            _settle(session, case, event, component_id)


def _list_concerned(session: Session, case: Case) -> list[int]:
    """The components of which the case, or what was merged into it, says something; in the one order of their locks."""
    if case.merged_count:
        said = select(Case.component_id).where(or_(Case.id == case.id, Case.merged_into_id == case.id))
        said = said.join(FilingCondition, Case.condition_id == FilingCondition.id).distinct()
        said = said.where(FilingCondition.component_state.is_not(None)).order_by(Case.component_id)
        return [component_id for component_id in session.scalars(said) if component_id is not None]
    says = case.condition is not None and case.condition.component_state is not None
    return [case.component_id] if says and case.component_id is not None else []


def _settle(session: Session, case: Case, event: CaseEvent, component_id: int) -> None:
    """Set the state, and write the change; a component that was given up or removed stays so."""
    component = grid.get_component_for_update(session, component_id)
    state = _state_by_cases(session, component)
    if component.state in (state, ComponentState.ABANDONED, ComponentState.REMOVED):
        return
    why = Why(ChangeCause.CASE, person_id=event.person_id, case_id=case.id, event_id=event.id, at=event.at)
    with changing(session, component, why):
        component.state = state


def _state_by_cases(session: Session, component: Component) -> ComponentState:
    """The worst that an open filed case says of a component; in place where none says anything.

    A merged case says what it said until the one it was merged into is over.
    """
    main = aliased(Case)
    said = (
        select(FilingCondition.component_state)
        .join(Case, Case.condition_id == FilingCondition.id)
        .outerjoin(main, main.id == Case.merged_into_id)
        .where(Case.component_id == component.id, Case.filed_at.is_not(None))
        .where(or_(Case.ended_at.is_(None), and_(Case.merged_into_id.is_not(None), main.ended_at.is_(None))))
        .distinct()
    )
    faults = set(session.scalars(said))
    if ComponentFault.MISSING in faults:
        return ComponentState.MISSING
    return ComponentState.DAMAGED if ComponentFault.DAMAGED in faults else ComponentState.IN_PLACE
