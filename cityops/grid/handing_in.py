"""What the pages of every kind of survey share: the file that comes in, and what was found in it, going out."""

import json
import re
from io import BytesIO
from typing import Any

from flask import Response, request, send_file
from flask_babel import gettext as _
from openpyxl import Workbook

from cityops import web
from cityops.errors import Invalid, NotFound
from cityops.grid import surveys
from cityops.grid.models import Survey, SurveyState
from cityops.words import N_, harmless

HEADINGS = (
    *(N_("Layer"), N_("Line"), N_("Field"), N_("Kind"), N_("Reason")),
    *(N_("Longitude"), N_("Latitude"), "m²"),
)
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def keep_sent() -> tuple[str, str]:
    """Keep the file that came with a form; its key and its name.

    Raises:
        Invalid: field `file`; none came, or it is of a kind that is not taken here.
    """
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid("file", N_("Choose a file."))
    return surveys.keep(web.workshop().config.surveys_folder, sent.stream, sent.filename), sent.filename


def survey_words(survey: Survey) -> dict[str, Any]:
    """What a survey's page says of it."""
    told: dict[str, Any] = json.loads(survey.told)
    # One reason with many values is one line: its values are left out.
    by_reason = [
        (is_error, layer, re.sub(r"%\(\w+\)s", "…", _(reason)), number)
        for is_error, layer, reason, number in told.get("by_reason", ())
    ]
    return {
        "survey": survey,
        "told": told,
        "by_reason": by_reason,
        "is_waiting": survey.state in (SurveyState.TO_LOOK_AT, SurveyState.TO_TAKE_IN),
        "is_taken_in": survey.state is SurveyState.TAKEN_IN,
    }


def send_faults(survey_id: int) -> Response:
    """What was found in a survey's file and has a place, as a GeoPackage for QGIS.

    Raises:
        NotFound: it is kept no longer.
    """
    path = surveys.faults_of(web.workshop().config.surveys_folder, survey_id)
    if not path.is_file():
        raise NotFound(N_("This file is kept no longer: hand it in again."))
    return send_file(path, "application/geopackage+sqlite3", as_attachment=True, download_name="faults.gpkg")


def send_table(survey_id: int) -> Response:
    """All that was found in a survey's file, as an Excel file in the reader's language.

    Raises:
        NotFound: it is kept no longer.
    """
    rows = surveys.read_findings(web.workshop().config.surveys_folder, survey_id)
    book, file = Workbook(write_only=True), BytesIO()
    sheet = book.create_sheet()
    sheet.append([_(heading) for heading in HEADINGS])
    for each in rows:
        layer, reason, where = each["layer"], each["reason"], each["point"] or (None, None)
        kind = _("fault") if each["is_error"] else _("warning")
        texts = (_(layer), each["line"], each["field"], kind, _(reason, **each["params"]))
        sheet.append([harmless(text) if isinstance(text, str) else text for text in texts] + [*where, each["size_m2"]])
    book.save(file)
    file.seek(0)
    return send_file(file, EXCEL, as_attachment=True, download_name=f"faults-{survey_id}.xlsx")
