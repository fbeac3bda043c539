"""Every door of an application, and an address that leads to it."""

import re

from flask import Flask
from werkzeug.routing import Rule

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
SAMPLES = {"int": "1", "key": "1", "float": "1.0", "uuid": "6f1c2f0a-0000-4000-8000-000000000000"}

_PLACE = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")


def doors(app: Flask) -> list[tuple[str, Rule]]:
    """Every method of every route."""
    methods = ("GET", *sorted(UNSAFE))
    return [(method, rule) for rule in app.url_map.iter_rules() for method in methods if method in (rule.methods or ())]


def address(rule: Rule, **given: object) -> str:
    """An address of the rule: its places filled with what is given for their name, else with a sample of their type."""
    return _PLACE.sub(lambda place: str(given.get(place[2], SAMPLES.get(place[1] or "", "x"))), rule.rule)
