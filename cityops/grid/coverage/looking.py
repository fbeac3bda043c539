"""The worker's part of a layer of land handed in on the page: it reads it, says what coverage would be, takes it in."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from cityops.clock import today
from cityops.grid import surveys
from cityops.grid.coverage.queries import list_layers, read_coverage
from cityops.grid.coverage.services import NewLayer, set_layer
from cityops.grid.coverage.sheet import percent
from cityops.grid.files import read_boundaries
from cityops.grid.findings import Finding, count_errors
from cityops.grid.looking import UNFORESEEN, counted, refuse, tell
from cityops.grid.models import Survey, SurveyState
from cityops.grid.records import SaidOfFile
from cityops.grid.services import BadGrid
from cityops.workshop import Workshop


def look_at(workshop: Workshop, survey_id: int) -> None:
    """Read a layer's file and tell what coverage would be by it; nothing is changed."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
        if survey.state is not SurveyState.TO_LOOK_AT:
            return
        key, said = survey.key, json.loads(survey.said)
    try:
        boundaries, found = _read(workshop, key, said)
        rows = [] if count_errors(found) else _rehearse(workshop, int(said["tier"]), boundaries)
        told = _told(boundaries, found) | {"rows": rows}
        tell(workshop, survey_id, SurveyState.TO_LOOK_AT, found, told)
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_LOOK_AT, error)


def take_in(workshop: Workshop, survey_id: int) -> None:
    """Take in a layer that was looked at."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
        if survey.state is not SurveyState.TO_TAKE_IN:
            return
        key, said, title = survey.key, json.loads(survey.said), survey.title or survey.name
        from_on, person_id = survey.from_on, survey.person_id
    boundaries: list[BaseGeometry] = []
    try:
        boundaries, found = _read(workshop, key, said)
        with workshop.transaction() as session:
            set_layer(session, None, NewLayer(int(said["tier"]), title, boundaries, from_on, person_id), found)
            session.get_one(Survey, survey_id).state = SurveyState.TAKEN_IN
    except BadGrid as refusal:
        told = _told(boundaries, refusal.findings)
        tell(workshop, survey_id, SurveyState.TO_TAKE_IN, refusal.findings, told)
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_TAKE_IN, error)


def _read(workshop: Workshop, key: str, said: dict[str, str]) -> tuple[list[BaseGeometry], list[Finding]]:
    path = surveys.path_of(workshop.config.surveys_folder, key)
    return read_boundaries(path, SaidOfFile(layer=said["layer"] or None, crs=said["crs"] or None))


def _rehearse(workshop: Workshop, tier: int, boundaries: Sequence[BaseGeometry]) -> list[dict[str, Any]]:
    """What coverage by the tier would be with these polygons, from the first day on that they can count."""
    with workshop.transaction() as session:
        on = _first_day(session, tier)
        set_layer(session, None, NewLayer(tier, "", boundaries, on))
        rows = [
            {
                "name": row.jurisdiction.name,
                "name_en": row.jurisdiction.name_en,
                "land_m2": row.sums.land_m2,
                "covered_m2": row.sums.covered_m2,
                "percent": percent(row.sums.share),
            }
            for row in read_coverage(session, None, on).rows
            if row.tier == tier
        ]
        session.rollback()
    return rows


def _first_day(session: Session, tier: int) -> date:
    """Today, or the day on which the tier's layer that is to come begins."""
    return max(
        [today(), *(from_on for of, _, from_on, ended_on, _ in list_layers(session) if of == tier and not ended_on)]
    )


def _told(boundaries: Sequence[BaseGeometry], found: list[Finding]) -> dict[str, Any]:
    return {"polygons": len(boundaries), "rows": []} | counted(found)
