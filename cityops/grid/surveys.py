"""Surveys handed in on the page: their files, kept for a day, and the rows by which the worker looks and takes in."""

import hashlib
import io
import json
import re
import tempfile
import time
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.accounts.models import Person
from cityops.accounts.viewer import Viewer
from cityops.clock import now, today
from cityops.errors import Invalid, NotFound, WrongState
from cityops.grid.models import Survey, SurveyKind, SurveyState
from cityops.grid.versions import must_survey
from cityops.queue import owe
from cityops.words import N_

SUFFIXES = (".gpkg", ".zip", ".geojson", ".json", ".csv", ".fgb")
BEGINNINGS = {".gpkg": b"SQLite format 3", ".zip": b"PK", ".geojson": b"{", ".json": b"{", ".fgb": b"fgb"}
KEPT_FOR_S = 24 * 60 * 60
# What the worker calls its looks at a file of each kind, and its taking in.
LOOK_AT = {
    SurveyKind.GRID: "grid.look_at_survey",
    SurveyKind.CENSUS: "cases.look_at_census",
    SurveyKind.COVER: "grid.look_at_cover",
    SurveyKind.ADDRESSES: "grid.look_at_addresses",
}
TAKE_IN = {
    SurveyKind.GRID: "grid.take_in_survey",
    SurveyKind.CENSUS: "cases.take_in_census",
    SurveyKind.COVER: "grid.take_in_cover",
    SurveyKind.ADDRESSES: "grid.take_in_addresses",
}


def keep(folder: Path, stream: IO[bytes], name: str) -> str:
    """Keep an uploaded file under its digest; gives the key by which it is found again.

    Raises:
        Invalid: field `file`; empty, or of a kind that is not taken here.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise Invalid("file", N_("Choose a file of one of these kinds: %(kinds)s."), kinds=", ".join(SUFFIXES))
    data = stream.read()
    if not data:
        raise Invalid("file", N_("Choose a file."))
    _must_be(suffix, data)
    key = hashlib.sha256(data).hexdigest() + suffix
    folder.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
        part.write(data)
    Path(part.name).replace(folder / key)
    return key


def _must_be(suffix: str, data: bytes) -> None:
    """Refuse what is not what its name says: GDAL goes by the content, and some of its formats name other files.

    Raises:
        Invalid: field `file`.
    """
    members = [data]
    if suffix == ".zip":
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = [name for name in archive.namelist() if not name.lower().endswith((".xml", "/"))]
                members = [archive.open(name).read(64) for name in names]
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            raise Invalid("file", N_("This archive cannot be read.")) from error
    for member in members:
        begin = member[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
        if begin.startswith(b"<") or not begin.startswith(BEGINNINGS.get(suffix, b"")) and member is data:
            raise Invalid("file", N_("This is no file of the kind that its name says."))


def path_of(folder: Path, key: str) -> Path:
    """Where a kept file lies.

    Raises:
        Invalid: field `file`; it is kept no longer, or the key is none.
    """
    path = folder / key
    if not re.fullmatch(r"[0-9a-f]{64}\.[a-z]+", key) or not path.is_file():
        raise Invalid("file", N_("This file is kept no longer: hand it in again."))
    return path


def faults_of(folder: Path, survey_id: int) -> Path:
    """Where what was found in a survey's file lies, as a GeoPackage."""
    return folder / f"survey-{survey_id}.faults.gpkg"


def keep_findings(folder: Path, survey_id: int, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what was found in a survey's file one by one, so that it can be told in the reader's language."""
    _findings_path(folder, survey_id).write_text(json.dumps(rows, ensure_ascii=False, default=str), "utf-8")


def read_findings(folder: Path, survey_id: int) -> list[dict[str, Any]]:
    """What was found in a survey's file, one by one.

    Raises:
        NotFound: it is kept no longer.
    """
    path = _findings_path(folder, survey_id)
    if not path.is_file():
        raise NotFound(N_("This file is kept no longer: hand it in again."))
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return rows


def _findings_path(folder: Path, survey_id: int) -> Path:
    return folder / f"survey-{survey_id}.findings.json"


def forget_old(folder: Path) -> None:
    """Delete what was kept for a day."""
    oldest = time.time() - KEPT_FOR_S
    for path in folder.glob("*"):
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def hand_in(
    session: Session,
    viewer: Viewer,
    key: str,
    name: str,
    said: dict[str, str],
    kind: SurveyKind = SurveyKind.GRID,
) -> Survey:
    """Have the worker look at a kept file; nothing of the grid is changed."""
    must_survey(viewer)
    survey = Survey(
        key=key,
        name=name[:200],
        kind=kind,
        state=SurveyState.TO_LOOK_AT,
        person_id=viewer.person_id,
        made_at=now(),
        said=json.dumps(said),
    )
    session.add(survey)
    session.flush()
    owe(session, LOOK_AT[kind], survey_id=survey.id)
    return survey


def order_to_take_in(
    session: Session,
    viewer: Viewer,
    survey_id: int,
    title: str,
    from_on: date | None,
    because: str,
    kind: SurveyKind = SurveyKind.GRID,
) -> None:
    """Have the worker take in a survey that it has looked at, today or from a day.

    Raises:
        NotFound: there is no such survey.
        WrongState: it is not looked at, has faults, or is taken in already.
        Invalid: field `because` where its warnings are not signed for, `from_on` for a day that has passed.
    """
    survey = get_survey(session, viewer, survey_id, kind, for_update=True)
    told = json.loads(survey.told)
    if survey.state is not SurveyState.LOOKED_AT or told.get("refusal") or told["errors"]:
        raise WrongState(N_("This survey cannot be taken in as it stands: look at it again."))
    if told["total"] and not because.strip():
        raise Invalid(
            "because", N_("%(warnings)s warnings: look at them, and say why they are accepted"), warnings=told["total"]
        )
    if from_on is not None and from_on < today():
        raise Invalid("from_on", N_("a version takes effect today or later: what was in force stays as it was"))
    survey.state = SurveyState.TO_TAKE_IN
    survey.title, survey.from_on, survey.because = title.strip(), from_on, because.strip()
    # Who signs is who orders it, whoever handed it in.
    survey.person_id = viewer.person_id
    owe(session, TAKE_IN[kind], survey_id=survey.id)


def get_survey(
    session: Session,
    viewer: Viewer,
    survey_id: int,
    kind: SurveyKind = SurveyKind.GRID,
    *,
    for_update: bool = False,
) -> Survey:
    """A survey that was handed in.

    Raises:
        NotFound: there is none of this number and kind.
        NotAllowed: no administrator of the whole city.
    """
    must_survey(viewer)
    survey = session.get(Survey, survey_id, with_for_update=for_update)
    if survey is None or survey.kind is not kind:
        raise NotFound(N_("there is no survey %(number)s"), number=survey_id)
    return survey


def list_open(session: Session, viewer: Viewer, kind: SurveyKind = SurveyKind.GRID) -> list[Survey]:
    """The surveys that are not taken in yet, the last first."""
    must_survey(viewer)
    waiting = select(Survey).where(Survey.kind == kind, Survey.state != SurveyState.TAKEN_IN)
    return list(session.scalars(waiting.order_by(Survey.id.desc()).limit(10)))


def list_taken_in(session: Session, viewer: Viewer, kind: SurveyKind) -> list[tuple[Survey, Person]]:
    """The surveys of a kind that were taken in, the last first, each with who ordered it."""
    must_survey(viewer)
    taken = select(Survey, Person).join(Person, Person.id == Survey.person_id)
    taken = taken.where(Survey.kind == kind, Survey.state == SurveyState.TAKEN_IN)
    return [(row[0], row[1]) for row in session.execute(taken.order_by(Survey.id.desc()).limit(10))]
