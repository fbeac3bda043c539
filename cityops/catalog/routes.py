"""The catalogue's page: classes with their filing conditions, limits and standard, and the door to its drafts."""

from collections.abc import Sequence

from flask import Blueprint, render_template, request

from cityops import clock, web
from cityops.accounts import queries as accounts
from cityops.accounts.session import current_viewer
from cityops.catalog import queries
from cityops.catalog.drafts import list_open_drafts, may_edit
from cityops.catalog.labels import CLOCK_LABELS, LEVEL_LABELS, limit_words
from cityops.catalog.models import CASE_KIND_LABELS, COMPONENT_FAULT_LABELS, CaseClass, StageLimit
from cityops.catalog.phases import PHASE_CHECK_LABELS
from cityops.worktime import queries as worktime

pages = Blueprint("catalog", __name__)

MAX_ROWS = 200


@pages.get("/settings/catalogue")
def catalogue() -> str:
    """The classes of a major class, or those that hold the words, with what files and closes a case of them."""
    words = request.args.get("q", "", type=str)[:100].strip()
    today = clock.today()
    viewer = current_viewer()
    with web.reading() as session:
        classes = queries.list_classes(session, today)
        majors = _majors(classes)
        chosen = _chosen(majors, request.args.get("major", ""), words)
        found = queries.search_classes(session, words, today, limit=MAX_ROWS) if words else classes
        shown = [each for each in found if chosen in ("", _key(each))]
        return render_template(
            "catalog/catalogue.html",
            words=words,
            majors=majors,
            chosen=chosen,
            shown=shown,
            total=len(classes),
            conditions=queries.list_conditions_of(session, [each.id for each in shown], today),
            standards=queries.list_standards(session, today),
            drafts={each.standard_id for each in list_open_drafts(session, viewer)} if may_edit(viewer) else None,
            stage_limits=sorted(queries.list_stage_limits(session, today), key=_place_in_life),
            calendars={each.name: each for each in worktime.list_calendars(session)},
            bodies={each.code: each for each in accounts.list_bodies(session)},
            english=web.language() == "en",
            limit_words=limit_words,
            kind_labels=CASE_KIND_LABELS,
            fault_labels=COMPONENT_FAULT_LABELS,
            clock_labels=CLOCK_LABELS,
            level_labels=LEVEL_LABELS,
            check_labels=PHASE_CHECK_LABELS,
        )


def _majors(classes: Sequence[CaseClass]) -> dict[str, tuple[CaseClass, int]]:
    """Each major class by its key: one class that shows its names, and how many it has."""
    majors: dict[str, tuple[CaseClass, int]] = {}
    for each in classes:
        first, number = majors.get(_key(each), (each, 0))
        majors[_key(each)] = first, number + 1
    return majors


def _place_in_life(limit: StageLimit) -> int:
    order = list(CLOCK_LABELS)
    return order.index(limit.clock) if limit.clock in order else len(order)


def _key(each: CaseClass) -> str:
    return f"{each.kind}-{each.major_code}"


def _chosen(majors: dict[str, tuple[CaseClass, int]], wanted: str, words: str) -> str:
    """The major class asked for; without one, words are looked for in all, and no words show the first."""
    if wanted in majors:
        return wanted
    return "" if words else next(iter(majors), "")
