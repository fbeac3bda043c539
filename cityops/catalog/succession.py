"""What becomes of a closing body's responsibility rules: from the day on they name its successor."""

from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cityops.accounts.models import Body
from cityops.catalog.models import ResponsibilityRule

SAME = ("class_key", "condition_code", "phase", "area_prefix", "valid_until_on", "reference", "note")


def hand_over_rules(session: Session, body: Body, successor: Body, on: date) -> None:
    """Let the rules that name a body name its successor from a day on.

    What is past was proposed by the old rules, so these end the day before; one that has not begun is changed.
    """
    lasting = or_(ResponsibilityRule.valid_until_on.is_(None), ResponsibilityRule.valid_until_on >= on)
    found = select(ResponsibilityRule).where(ResponsibilityRule.body_id == body.id, lasting).with_for_update()
    rules = session.scalars(found.order_by(ResponsibilityRule.id)).all()
    for rule in rules:
        if rule.valid_from_on >= on:
            rule.body_id = successor.id
            continue
        facts = {name: getattr(rule, name) for name in SAME}
        session.add(ResponsibilityRule(body_id=successor.id, valid_from_on=on, **facts))
        rule.valid_until_on = on - timedelta(days=1)
    session.flush()
    for rule in rules:
        session.expire(rule, ["body"])
