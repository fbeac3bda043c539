"""A proposal's reason in the reader's words."""

from flask_babel import gettext

from cityops.cases.models import Case
from cityops.cases.proposals import FoundRule, Proposal
from cityops.cases.telling import named
from cityops.catalog.labels import phase_words


def proposal_words(case: Case, proposal: Proposal) -> str:
    """Why a body is proposed for a case, or which rules leave the choice to a person."""
    if proposal.body is None:
        numbers = ", ".join(f"#{found.rule.id}" for found in proposal.rules)
        bodies = ", ".join(named(body) for body in proposal.bodies)
        return str(gettext("rules %(numbers)s fit equally well: %(bodies)s", numbers=numbers, bodies=bodies))
    return _rule_words(case, proposal.rules[0]) if proposal.rules else gettext(proposal.why)


def _rule_words(case: Case, found: FoundRule) -> str:
    rule = found.rule
    what = named(case.case_class) if rule.class_key else gettext("every class")
    if rule.condition_code:
        what += f" · {named(case.condition)}"
    if rule.phase is not None and case.condition is not None:
        what += f" · {phase_words(case.condition.terms_of(rule.phase))}"
    place = named(found.area) or rule.area_prefix or gettext("whole city")
    return str(
        gettext(
            "rule #%(number)s: %(what)s → %(body)s (%(place)s)",
            number=rule.id,
            what=what,
            body=named(rule.body),
            place=place,
        )
    )
