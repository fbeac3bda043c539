"""The steps that the city's rules take, right after the step that made them possible and in its transaction.

So there is no moment between the two, nothing is owed, and a simulated city lives by the same rules. What a rule
cannot do never undoes the person's step: it is tried behind a savepoint, and the case stays for a person.
"""

from sqlalchemy.orm import Session

from cityops import clock
from cityops.cases import automation
from cityops.cases.acting import Act, carry_out, moment_of
from cityops.cases.actor import BY_RULE
from cityops.cases.automation import AutomationEntry, AutomationRule
from cityops.cases.effects import EFFECTS, lacks_scenes
from cityops.cases.models import Case, CaseEvent
from cityops.cases.names import Stage, StepName
from cityops.cases.office import CaseOffice
from cityops.cases.plain_cases import AUTO_STEP_AT, DRAWS, AutoStep, Facts, Held, find_held
from cityops.cases.proposals import KEEPS_COMPONENT, NAMED_BY_PHASE, Proposal, propose_bodies
from cityops.cases.steps import DONE
from cityops.cases.workflow import STEPS, needs_verifying
from cityops.catalog import queries as catalog
from cityops.catalog.models import FilingCondition
from cityops.catalog.phases import FIRST_PHASE
from cityops.crypto import Keys
from cityops.errors import CityopsError, WrongState
from cityops.words import N_
from cityops.worktime.limits import Unit

_CLEAR = frozenset({KEEPS_COMPONENT, NAMED_BY_PHASE})


def go_on(session: Session, office: CaseOffice, case: Case, event: CaseEvent) -> None:
    """Take the steps that the city leaves to its rules, as far as they lead."""
    last: CaseEvent | None = event
    while last is not None and last.from_stage is not last.to_stage:
        last = _go_one_on(session, office, case, last)


def _go_one_on(session: Session, office: CaseOffice, case: Case, last: CaseEvent) -> CaseEvent | None:
    """Take the one step a rule may take now; None where it stays with a person."""
    step = AUTO_STEP_AT.get(case.stage)
    rule = automation.find_rule(session, step, case) if step is not None else None
    if step is None or rule is None:
        return None
    condition = _condition_in_force(session, case)
    proposal = propose_bodies(session, [case]).get(case.id) if step is AutoStep.DISPATCH else None
    draw = draw_for(office.keys, rule, case)
    facts = _facts(case, last, condition, proposal, draw)
    held = find_held(step, facts, with_urgent=rule.with_urgent, sample_percent=rule.sample_percent)
    entry = AutomationEntry(case_id=case.id, version=case.version, rule_id=rule.id, held=held, draw=draw)
    entry.at = moment_of(case)
    session.add(entry)
    if held is not None:
        session.flush()
        return None
    try:
        with session.begin_nested():
            return _take(session, office, case, rule, condition, proposal)
    except CityopsError:
        entry.held = Held.REFUSED
        session.flush()
        return None


def resume(session: Session, office: CaseOffice, case: Case) -> None:
    """Let a suspended case run on, on whose row this transaction has a lock: its day has come.

    Raises:
        WrongState: it is not suspended.
    """
    if case.suspended_until_at is None:
        raise WrongState(N_("The case is not suspended."))
    step = STEPS[StepName.RESUME]
    act = Act(session, office, case, step, step.ways[DONE], DONE, moment_of(case), BY_RULE)
    carry_out(act, EFFECTS[step.name])


def draw_for(keys: Keys, rule: AutomationRule, case: Case) -> int:
    """The draw of a case under a rule: the same whenever it is asked, and foreseen by nobody without the city's key."""
    digest = keys.digest(f"draw {rule.id} {rule.step} {case.reports[0].uuid}")
    return int(digest.rsplit(":", 1)[1], 16) % DRAWS


def _condition_in_force(session: Session, case: Case) -> FilingCondition | None:
    return catalog.find_condition(session, case.condition.code, clock.today()) if case.condition else None


def _facts(
    case: Case, last: CaseEvent, condition: FilingCondition | None, proposal: Proposal | None, draw: int
) -> Facts:
    is_clear = proposal is not None and proposal.body is not None
    return Facts(
        is_urgent=case.is_urgent if case.phase != FIRST_PHASE else _is_urgent(condition),
        has_condition=condition is not None,
        is_confirmed=case.verify_result == "confirmed" or not needs_verifying(case.source),
        is_complete=bool(case.cell_id and case.address) and not (condition and lacks_scenes(case, condition)),
        has_failed_review=last.from_stage is Stage.REVIEWING,
        has_clear_body=is_clear and proposal is not None and (bool(proposal.rules) or proposal.why in _CLEAR),
        send_backs=case.send_back_count + case.reopen_count,
        # What was reopened was not mended the first time.
        reworks=case.rework_count + case.reopen_count,
        is_checked_by_reporter=last.person_id in {report.entered_by for report in case.reports},
        open_requests=case.open_requests,
        draw=draw,
    )


def _is_urgent(condition: FilingCondition | None) -> bool:
    return condition is not None and condition.limit_unit is Unit.URGENT_HOUR


def _take(
    session: Session,
    office: CaseOffice,
    case: Case,
    rule: AutomationRule,
    condition: FilingCondition | None,
    proposal: Proposal | None,
) -> CaseEvent:
    step = STEPS[StepName(rule.step.value)]
    act = Act(session, office, case, step, step.ways[DONE], DONE, moment_of(case), BY_RULE)
    act.facts["rule"] = rule.id
    if step.name is StepName.FILE and condition is not None:
        act.condition = condition
        act.facts |= {"condition": condition.id, "class": condition.class_id}
    if proposal is not None and proposal.body is not None:
        act.body_id = proposal.body.id
        act.facts |= {"body": proposal.body.id, "duties": [found.rule.id for found in proposal.rules]}
    return carry_out(act, EFFECTS.get(step.name))
