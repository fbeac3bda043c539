"""The worker's part of a survey handed in on the page: it reads and checks the file, and takes it in when told to."""

import json
from collections import Counter
from typing import Any

from cityops.errors import CityopsError
from cityops.grid import services, surveys, versions
from cityops.grid.files import read_grid, write_findings
from cityops.grid.findings import Finding, count_errors
from cityops.grid.models import Survey, SurveyState
from cityops.grid.records import Asked, GridData, read_mapping
from cityops.grid.services import BadGrid, Terms, Unsigned
from cityops.workshop import Workshop

# More of them are told by their reasons, and all in the GeoPackage.
ROWS_TOLD = 200


def look_at(workshop: Workshop, survey_id: int) -> None:
    """Read and check a survey's file, and tell what was found; nothing of the grid is changed."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
        key, said = survey.key, json.loads(survey.said)
    try:
        path = surveys.path_of(workshop.config.surveys_folder, key)
        data, findings = read_grid(path, _asked(said))
        with workshop.reading() as session:
            findings = services.check(session, data, findings)
        write_findings(surveys.faults_of(path), findings)
        told = _told(data, findings)
    except CityopsError as refusal:
        told = _refusal(refusal)
    _keep(workshop, survey_id, SurveyState.LOOKED_AT, told)


def take_in(workshop: Workshop, survey_id: int) -> None:
    """Take in a survey that was looked at; what has come between is told as a look tells it."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
        if survey.state is not SurveyState.TO_TAKE_IN:
            return
        key, said, from_on = survey.key, json.loads(survey.said), survey.from_on
        terms = Terms(survey.title or survey.name, survey.person_id, survey.because)
    data = GridData()
    try:
        data, findings = read_grid(surveys.path_of(workshop.config.surveys_folder, key), _asked(said))
        with workshop.transaction() as session:
            versions.take_in(session, data, findings, terms, from_on)
            session.get_one(Survey, survey_id).state = SurveyState.TAKEN_IN
    except (BadGrid, Unsigned) as refusal:
        _keep(workshop, survey_id, SurveyState.LOOKED_AT, _told(data, refusal.findings))
    except CityopsError as refusal:
        _keep(workshop, survey_id, SurveyState.LOOKED_AT, _refusal(refusal))


def _asked(said: dict[str, str]) -> Asked:
    return Asked(said["kind"] or None, said["layer"] or None, said["crs"] or None, None, read_mapping(said["mapping"]))


def _keep(workshop: Workshop, survey_id: int, state: SurveyState, told: dict[str, Any]) -> None:
    with workshop.transaction() as session:
        survey = session.get_one(Survey, survey_id)
        survey.state, survey.told = state, json.dumps(told, default=str)


def _told(data: GridData, findings: list[Finding]) -> dict[str, Any]:
    by_reason = Counter((each.is_error, each.layer, each.reason) for each in findings)
    worst_first = sorted(findings, key=lambda each: not each.is_error)
    return {
        "areas": len(data.areas),
        "cells": len(data.cells),
        "components": len(data.components),
        "errors": count_errors(findings),
        "total": len(findings),
        "by_reason": [[*each, number] for each, number in by_reason.most_common()],
        "findings": [_row(each) for each in worst_first[:ROWS_TOLD]],
    }


def _row(each: Finding) -> dict[str, Any]:
    return {
        "layer": each.layer,
        "line": each.line,
        "field": each.field,
        "is_error": each.is_error,
        "reason": each.reason,
        "params": each.params,
        "point": each.point,
        "size_m2": each.size_m2,
    }


def _refusal(refusal: CityopsError) -> dict[str, Any]:
    return {"refusal": refusal.message, "params": refusal.params}
