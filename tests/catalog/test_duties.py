"""Which rule wins, and what contradicts what, by property: checked against the plain words of the law."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cityops.catalog import duties
from cityops.catalog.duties import Matter, RuleBook

TODAY = date(2026, 11, 9)
LAMP, COVER = "C01037", "C01001"
AREAS = ("", "330203", "330203001", "330203001001", "330212")


@dataclass(frozen=True)
class Rule:
    """A rule as the choice sees it."""

    id: int
    class_key: str = ""
    condition_code: str = ""
    phase: int | None = None
    area_prefix: str = ""
    body_id: int = 1
    valid_from_on: date = TODAY
    valid_until_on: date | None = None


def choose(rules: list[Rule], matter: Matter, on: date) -> list[Rule]:
    return RuleBook(rules, on).choose(matter)


def fits(rule: Rule, matter: Matter, on: date) -> bool:
    """The law in plain words: whether a rule is in force on a day and says something about this matter."""
    return (
        duties.is_in_force(rule, on)
        and rule.class_key in ("", matter.class_key)
        and rule.condition_code in ("", matter.condition_code)
        and rule.phase in (None, matter.phase)
        and matter.area_code.startswith(rule.area_prefix)
    )


def rank(rule: Rule) -> tuple[int, int]:
    """How particular a rule is: a phase before a condition before a class before all, then the smaller area."""
    return bool(rule.class_key) + bool(rule.condition_code) + bool(rule.phase), len(rule.area_prefix)


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    """Up to eight rules over two classes, five areas and three bodies."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        class_key = draw(st.sampled_from(["", LAMP, COVER]))
        condition = draw(st.sampled_from(["", f"{class_key}-1", f"{class_key}-2"])) if class_key else ""
        phase = draw(st.sampled_from([None, 1, 2])) if condition else None
        begins = TODAY + timedelta(days=draw(st.integers(-3, 2)))
        ends = draw(st.none() | st.integers(-1, 3).map(lambda days, begins=begins: begins + timedelta(days=days)))
        area, body = draw(st.sampled_from(AREAS)), draw(st.integers(1, 3))
        found.append(Rule(number + 1, class_key, condition, phase, area, body, begins, ends))
    return found


matters = st.builds(
    Matter,
    class_key=st.sampled_from([LAMP, COVER]),
    condition_code=st.sampled_from(["", f"{LAMP}-1", f"{COVER}-2"]),
    area_code=st.sampled_from(["", "330203001001", "330203002001", "330212008001"]),
    phase=st.integers(1, 3),
)


@given(rule_lists(), matters)
def test_nothing_that_fits_is_more_particular_than_what_wins(rules: list[Rule], matter: Matter) -> None:
    won = choose(rules, matter, TODAY)
    fitting = [rule for rule in rules if fits(rule, matter, TODAY)]
    assert bool(won) == bool(fitting)
    for rule in won:
        assert rule in fitting
        assert all(rank(other) <= rank(rule) for other in fitting)


@given(rule_lists(), matters)
def test_each_body_wins_once_and_every_equal_body_is_named(rules: list[Rule], matter: Matter) -> None:
    won = choose(rules, matter, TODAY)
    bodies = [rule.body_id for rule in won]
    assert len(bodies) == len(set(bodies))
    highest = {rule.body_id for rule in rules if fits(rule, matter, TODAY) and rank(rule) == rank(won[0])}
    assert set(bodies) == highest


@given(rule_lists(), matters, st.randoms(use_true_random=False))
def test_the_order_in_which_rules_are_read_does_not_matter(rules: list[Rule], matter: Matter, random) -> None:
    mixed = list(rules)
    random.shuffle(mixed)
    assert choose(mixed, matter, TODAY) == choose(rules, matter, TODAY)


@given(rule_lists(), matters)
def test_a_tie_comes_only_from_rules_that_are_listed_as_contradicting(rules: list[Rule], matter: Matter) -> None:
    won = choose(rules, matter, TODAY)
    listed = {frozenset((one.id, other.id)) for one, other in duties.contradictions(rules)}
    for one, other in zip(won, won[1:], strict=False):
        assert frozenset((one.id, other.id)) in listed


def test_a_phase_goes_before_a_condition_before_a_class_before_all_and_then_the_smaller_area() -> None:
    order = [
        Rule(9, LAMP, f"{LAMP}-1", 2, "330203001"),
        Rule(8, LAMP, f"{LAMP}-1", 2),
        Rule(1, LAMP, f"{LAMP}-1", None, "330203001"),
        Rule(2, LAMP, f"{LAMP}-1"),
        Rule(3, LAMP, "", None, "330203001"),
        Rule(4, LAMP, "", None, "330203"),
        Rule(5, LAMP),
        Rule(6, "", "", None, "330203001001"),
        Rule(7),
    ]
    matter = Matter(LAMP, f"{LAMP}-1", "330203001001", 2)
    while order:
        assert choose(order, matter, TODAY) == [order.pop(0)]


def test_outside_every_cell_only_rules_for_the_whole_city_fit() -> None:
    rules = [Rule(1, LAMP, "", None, "330203"), Rule(2, "", "", None, "")]
    assert choose(rules, Matter(LAMP, "", ""), TODAY) == [rules[1]]


def test_the_first_and_the_last_day_are_included() -> None:
    rule = Rule(1, valid_until_on=TODAY + timedelta(days=1))
    held = [duties.is_in_force(rule, TODAY + timedelta(days=days)) for days in (-1, 0, 1, 2)]
    assert held == [False, True, True, False]


def test_rules_that_follow_each_other_or_name_the_same_body_do_not_contradict() -> None:
    rule = Rule(1, LAMP, valid_until_on=TODAY)
    after = Rule(2, LAMP, body_id=2, valid_from_on=TODAY + timedelta(days=1))
    same = Rule(3, LAMP)
    assert duties.contradictions([rule, after, same]) == [(after, same)]
    assert duties.contradictions([rule, replace(after, area_prefix="330203")]) == []
