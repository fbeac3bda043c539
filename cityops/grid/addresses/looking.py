"""The worker's part of a file of addresses handed in on the page: a rehearsal of it first, then the load as ordered."""

import json
from typing import Any

from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction
from cityops.grid import surveys
from cityops.grid.addresses.files import read_addresses
from cityops.grid.addresses.records import AddressRecord
from cityops.grid.addresses.services import BadAddresses, LoadedAddresses, load_addresses
from cityops.grid.findings import Finding
from cityops.grid.looking import UNFORESEEN, asked_of, counted, refuse, tell
from cityops.grid.models import Survey, SurveyState
from cityops.grid.services import Unsigned
from cityops.workshop import Workshop


def look_at(workshop: Workshop, survey_id: int) -> None:
    """Rehearse the load of a file and tell what was found; nothing of the gazetteer is changed."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
    if survey.state is not SurveyState.TO_LOOK_AT:
        return
    try:
        records, found = _read(workshop, survey)
        with workshop.reading() as session:
            loaded = load_addresses(session, records, found, is_rehearsal=True)
        tell(workshop, survey_id, SurveyState.TO_LOOK_AT, loaded.warnings, _told(loaded))
    except BadAddresses as refusal:
        tell(workshop, survey_id, SurveyState.TO_LOOK_AT, refusal.findings, counted(refusal.findings))
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_LOOK_AT, error)


def take_in(workshop: Workshop, survey_id: int) -> None:
    """Take in a file that was looked at; what has come between is told as a look tells it."""
    with workshop.reading() as session:
        survey = session.get_one(Survey, survey_id)
    if survey.state is not SurveyState.TO_TAKE_IN:
        return
    loaded = LoadedAddresses()
    try:
        records, found = _read(workshop, survey)
        with workshop.transaction() as session:
            loaded = load_addresses(session, records, found)
            if loaded.warnings and not survey.because:
                raise Unsigned(loaded.warnings)
            record(session, survey.person_id, AuditAction.ADDRESSES_LOADED, survey.title or survey.name)
            row = session.get_one(Survey, survey_id)
            row.state, row.told = SurveyState.TAKEN_IN, json.dumps(_told(loaded))
    except BadAddresses as refusal:
        tell(workshop, survey_id, SurveyState.TO_TAKE_IN, refusal.findings, counted(refusal.findings))
    except Unsigned as refusal:
        tell(workshop, survey_id, SurveyState.TO_TAKE_IN, refusal.findings, _told(loaded))
    except UNFORESEEN as error:
        refuse(workshop, survey_id, SurveyState.TO_TAKE_IN, error)


def _read(workshop: Workshop, survey: Survey) -> tuple[list[AddressRecord], list[Finding]]:
    path = surveys.path_of(workshop.config.surveys_folder, survey.key)
    return read_addresses(path, asked_of(json.loads(survey.said)))


def _told(loaded: LoadedAddresses) -> dict[str, Any]:
    changes = {
        "begun": sorted(loaded.begun.items()),
        "renewed": loaded.renewed,
        "ended": loaded.ended,
        "outside": loaded.outside,
    }
    return changes | counted(loaded.warnings)
