"""The worker's part of a survey handed in on the page: it reads and checks the file, and takes it in when told to.

What surveys of several kinds have in common is here too: `tell` and `refuse` put on the page what came of one.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rq.timeouts import JobTimeoutException
from shapely.errors import GEOSException
from sqlalchemy.orm import Session

from cityops.errors import CityopsError
from cityops.grid import services, surveys, versions
from cityops.grid.files import read_grid, write_findings
from cityops.grid.findings import Finding, count_errors
from cityops.grid.models import Survey, SurveyState
from cityops.grid.outlook import Outlook, foresee
from cityops.grid.records import GridData, SaidOfFile, read_mapping
from cityops.grid.services import BadGrid, Terms, Unsigned
from cityops.words import N_
from cityops.workshop import Workshop

LeftBehind = Callable[[Session, GridData], list[Finding]]

log = logging.getLogger(__name__)

# What a file raises that nobody foresaw, or that is too much for the worker's time; the database's troubles are none of
# these, the job is tried again after them.
UNFORESEEN = (CityopsError, ValueError, TypeError, LookupError, ArithmeticError, GEOSException, JobTimeoutException)

# More of them are told by their reasons, and all in the GeoPackage.
ROWS_TOLD = 200


def look_at(workshop: Workshop, survey_id: int, find_left_behind: LeftBehind) -> None:
    """Read and check a survey's file, and tell what was found and what it would do; nothing of the grid is changed.

    Args:
        find_left_behind: what hangs on the areas that end, in the rooms above.
    """
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
        if survey.state is not SurveyState.TO_LOOK_AT:
            return
        key, said = survey.key, json.loads(survey.said)
    try:
        data, findings = read_grid(surveys.path_of(workshop.config.surveys_folder, key), asked_of(said))
        with workshop.reading() as session:
            findings = services.check(session, data, [*findings, *find_left_behind(session, data)])
            outlook = None if count_errors(findings) else foresee(session, data)
        told = _told(data, findings) | _foretold(outlook)
        tell(workshop, survey_id, SurveyState.TO_LOOK_AT, findings, told)
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_LOOK_AT, error)


def take_in(workshop: Workshop, survey_id: int, find_left_behind: LeftBehind) -> None:
    """Take in a survey that was looked at; what has come between is told as a look tells it."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
        if survey.state is not SurveyState.TO_TAKE_IN:
            return
        key, said, from_on = survey.key, json.loads(survey.said), survey.from_on
        terms = Terms(survey.title or survey.name, survey.person_id, survey.because)
    data = GridData()
    try:
        data, findings = read_grid(surveys.path_of(workshop.config.surveys_folder, key), asked_of(said))
        with workshop.transaction() as session:
            findings += find_left_behind(session, data)
            versions.take_in(session, data, findings, terms, from_on)
            session.get_one(Survey, survey_id).state = SurveyState.TAKEN_IN
    except (BadGrid, Unsigned) as refusal:
        tell(workshop, survey_id, SurveyState.TO_TAKE_IN, refusal.findings, _told(data, refusal.findings))
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_TAKE_IN, error)


def tell(
    workshop: Workshop, survey_id: int, expected: SurveyState, findings: list[Finding], told: dict[str, Any]
) -> None:
    """Put on a survey's page what was found: `told` in figures, the worst findings; all of them go into files."""
    folder = workshop.config.surveys_folder
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
    # The only layer of a file without layers is called as the file, which is kept under another name.
    kept_as, name = Path(survey.key).stem, Path(survey.name).stem
    findings = [replace(each, layer=name) if each.layer == kept_as else each for each in findings]
    write_findings(surveys.faults_of(folder, survey_id), findings)
    rows = [_row(each) for each in sorted(findings, key=lambda each: not each.is_error)]
    surveys.keep_findings(folder, survey_id, rows)
    _keep(workshop, survey_id, expected, told | {"findings": rows[:ROWS_TOLD]})


def refuse(workshop: Workshop, survey_id: int, expected: SurveyState, error: Exception) -> None:
    """Say on the page why a file was not worked on; one that nobody foresaw would else be worked on for ever."""
    if isinstance(error, CityopsError):
        told = {"refusal": error.message, "params": error.params}
    else:
        log.exception("survey %s cannot be worked on", survey_id)
        told = {"refusal": N_("This file cannot be worked on; the worker's log says why."), "params": {}}
    _keep(workshop, survey_id, expected, told)


def asked_of(said: dict[str, str]) -> SaidOfFile:
    """What a person said on the page of a file of the grid or of addresses, as the reading of files takes it."""
    return SaidOfFile(
        said["kind"] or None, said["layer"] or None, said["crs"] or None, None, read_mapping(said["mapping"])
    )


def _keep(workshop: Workshop, survey_id: int, expected: SurveyState, told: dict[str, Any]) -> None:
    with workshop.transaction() as session:
        survey = session.get_one(Survey, survey_id, with_for_update=True)
        if survey.state is expected:
            survey.state = SurveyState.LOOKED_AT
            # A file is kept under its digest; people know it by its name, which stands here as JSON writes it: a
            # quotation mark in it is a sign of the name, and ends nothing.
            names = {survey.key: survey.name, Path(survey.key).stem: Path(survey.name).stem}
            text = json.dumps(told, default=str)
            for kept_as, name in names.items():
                text = text.replace(kept_as, json.dumps(name)[1:-1])
            survey.told = text


def counted(findings: list[Finding]) -> dict[str, Any]:
    """What was found, in figures: the faults, all of it, and how many of each reason."""
    by_reason = Counter((each.is_error, each.layer, each.reason) for each in findings)
    return {
        "errors": count_errors(findings),
        "total": len(findings),
        "by_reason": [[*each, number] for each, number in by_reason.most_common()],
    }


def _told(data: GridData, findings: list[Finding]) -> dict[str, Any]:
    counts = {"areas": len(data.areas), "cells": len(data.cells), "retired": len(data.retired)}
    return counts | counted(findings)


def _foretold(outlook: Outlook | None) -> dict[str, Any]:
    if outlook is None or not (outlook.kept or outlook.fates):
        return {}
    return {
        "kept": outlook.kept,
        "fates": [[each.code, each.fate, each.others] for each in outlook.fates[:ROWS_TOLD]],
        "counts": {fate: number for fate, number in outlook.counts.items() if number},
        "duty_grids": [
            [code, outlook.losses.get(code, []), outlook.gains.get(code, [])]
            for code in sorted({*outlook.losses, *outlook.gains})
        ],
        "without_grid": len(outlook.without_grid),
        "streets": outlook.streets,
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
