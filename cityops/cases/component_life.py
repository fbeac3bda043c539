"""What cases do to the components they are about: filing says one is missing or broken, the case's end restores it."""

from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import FINAL_STAGES, Stage, StepName
from cityops.catalog.models import ComponentFault, FilingCondition
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.grid import queries as grid
from cityops.grid.models import Component, ComponentState


class ComponentChange(Base):
    """A component's state changed by a step of a case."""

    __tablename__ = "component_changes"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("components.id"), index=True)
    from_state: Mapped[ComponentState] = mapped_column(words_enum(ComponentState))
    to_state: Mapped[ComponentState] = mapped_column(words_enum(ComponentState))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("case_events.id"), unique=True)
    case: Mapped[Case] = relationship(viewonly=True)


def follow(session: Session, case: Case, event: CaseEvent) -> None:
    """Follow a case's step: bring the component to what its open filed cases say of it."""
    if case.component_id is None or case.condition is None or case.condition.component_state is None:
        return
    is_over = event.to_stage is Stage.CLOSED or (event.to_stage in FINAL_STAGES and case.filed_at is not None)
    is_reopened = event.from_stage in FINAL_STAGES and not is_over
    if is_over or is_reopened or event.step is StepName.FILE:
        _settle(session, case, event, case.component_id)


def _settle(session: Session, case: Case, event: CaseEvent, component_id: int) -> None:
    """Set the state, and write the change; a component that was removed stays so."""
    component = grid.get_component_for_update(session, component_id)
    state = _state_by_cases(session, component)
    if component.state in (state, ComponentState.REMOVED):
        return
    session.add(
        ComponentChange(
            component_id=component.id,
            from_state=component.state,
            to_state=state,
            at=event.at,
            case_id=case.id,
            event_id=event.id,
        )
    )
    component.state = state


def _state_by_cases(session: Session, component: Component) -> ComponentState:
    """The worst that an open filed case says of a component; in place where none says anything."""
    said = (
        select(FilingCondition.component_state)
        .join(Case, Case.condition_id == FilingCondition.id)
        .where(Case.component_id == component.id, Case.ended_at.is_(None), Case.filed_at.is_not(None))
        .distinct()
    )
    faults = set(session.scalars(said))
    if ComponentFault.MISSING in faults:
        return ComponentState.MISSING
    return ComponentState.DAMAGED if ComponentFault.DAMAGED in faults else ComponentState.IN_PLACE
