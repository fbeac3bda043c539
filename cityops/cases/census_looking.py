"""The worker's part of a census handed in on the page: a rehearsal of it first, then the load as it was ordered."""

import json
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.clock import today
from cityops.grid import surveys
from cityops.grid.census.classes import LEFT_OUT, ClassBook, read_kinds
from cityops.grid.census.rows import LAYER
from cityops.grid.census.services import BadCensus, Census, CensusTerms, read_portions, take_in
from cityops.grid.looking import UNFORESEEN, refuse, tell
from cityops.grid.models import Accuracy, Survey, SurveyState
from cityops.grid.records import SaidOfFile, read_mapping
from cityops.workshop import Workshop


def look_at_census(workshop: Workshop, survey_id: int) -> None:
    """Rehearse a census and tell what was found; nothing of the components is changed."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
    if survey.state is not SurveyState.TO_LOOK_AT:
        return
    try:
        with workshop.reading() as session:
            census = _read(session, workshop, survey, CensusTerms(), is_rehearsal=True)
        tell(workshop, survey_id, SurveyState.TO_LOOK_AT, census.book.kept, _told(census))
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_LOOK_AT, error)


def take_in_census(workshop: Workshop, survey_id: int) -> None:
    """Take in a census that was looked at; what has come between is told as a look tells it."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
    if survey.state is not SurveyState.TO_TAKE_IN:
        return
    terms = CensusTerms(because=survey.because, title=survey.title or survey.name, person_id=survey.person_id)
    try:
        with workshop.transaction() as session:
            census = _read(session, workshop, survey, terms, is_rehearsal=False)
            row = session.get_one(Survey, survey_id)
            row.state, row.told = SurveyState.TAKEN_IN, json.dumps(_told(census))
    except BadCensus as refusal:
        tell(workshop, survey_id, SurveyState.TO_TAKE_IN, refusal.census.book.kept, _told(refusal.census))
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_TAKE_IN, error)


def _read(session: Session, workshop: Workshop, survey: Survey, terms: CensusTerms, *, is_rehearsal: bool) -> Census:
    said = json.loads(survey.said)
    path = surveys.path_of(workshop.config.surveys_folder, survey.key)
    asked = SaidOfFile(None, said["layer"] or None, said["crs"] or None, None, read_mapping(said["mapping"]))
    terms = replace(terms, division=said["division"] or None, accuracy=Accuracy(said["accuracy"]))
    known = catalog.list_classes(session, today(), CaseKind.COMPONENT)
    kinds = read_kinds(said["classes"].splitlines()) if said["classes"] else {}
    book = ClassBook({each.code: each.name for each in known}, said["edition"] or None, kinds)
    return take_in(session, read_portions(path, asked), book, terms, is_rehearsal=is_rehearsal)


def _told(census: Census) -> dict[str, Any]:
    book, classes = census.book, census.classes
    became = {code: f"{code} {classes.names[code]}" for code in classes.names} | {LEFT_OUT: LEFT_OUT}
    return {
        "begun": census.begun,
        "renewed": census.renewed,
        "left_out": census.left_out,
        "errors": book.errors,
        "total": book.counts.total(),
        "by_reason": [[is_error, LAYER, reason, n] for (is_error, reason), n in book.counts.most_common()],
        "mapped": [[said, became[code], n] for (said, code), n in classes.mapped.most_common()],
        "unmapped": [[said, n] for said, n in classes.unmapped.most_common()],
    }
