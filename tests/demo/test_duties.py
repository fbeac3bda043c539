"""The demo's rules: no contradiction, no closed body, every class and every street has somebody."""

from cityops.accounts.models import RESPONSIBLE_KINDS
from cityops.catalog.seed import CONDITIONS, read_catalog
from cityops.demo.bodies import demo_bodies, street_codes
from cityops.demo.duties import ZONE_CLASSES, demo_duties
from cityops.demo.geography import zone_streets

RULES = list(demo_duties())
BODIES = {body.code: body for body in demo_bodies()}


def test_every_rule_names_a_responsible_body_of_the_demo() -> None:
    assert {BODIES[rule.body].kind for rule in RULES} <= set(RESPONSIBLE_KINDS)


def test_no_two_rules_say_something_of_the_same() -> None:
    assert len({(rule.class_key, rule.area_prefix) for rule in RULES}) == len(RULES)


def test_every_class_of_a_rule_has_filing_conditions() -> None:
    known = {row["code"].split("-")[0] for row in read_catalog(CONDITIONS)}
    assert {rule.class_key for rule in RULES} - {""} <= known


def test_every_street_has_its_office_and_the_zone_its_own_works() -> None:
    assert {rule.area_prefix for rule in RULES if not rule.class_key} == set(street_codes())
    zone = [rule for rule in RULES if rule.body == "hitech-works"]
    assert {rule.area_prefix for rule in zone} == set(zone_streets())
    assert {rule.class_key for rule in zone} == set(ZONE_CLASSES)
