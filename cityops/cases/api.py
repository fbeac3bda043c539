"""The case room's API: reports, cases, steps, timeline, clocks, photos."""

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts.once import OnceHeader, answer_once
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import attachments, clocks, co_queries, queries, services
from cityops.cases.at_place import AtPlace
from cityops.cases.intake import NewReport
from cityops.cases.models import Attachment, Case, CaseEvent, Report, StageClock
from cityops.cases.office import current_office
from cityops.cases.queries import CaseFilter
from cityops.cases.schemas import (
    AttachmentOut,
    AttachmentsOut,
    CaseOut,
    CasePhotoIn,
    CasesOut,
    CasesQuery,
    CaseWhole,
    ClassOut,
    ClockOut,
    ClocksOut,
    EventOut,
    NumberPath,
    PieceOut,
    ReporterIn,
    ReportIn,
    ReportOut,
    StepIn,
    TimelineOut,
)
from cityops.cases.services import StepRequest
from cityops.cases.uploads import receive_needed
from cityops.errors import Invalid
from cityops.grid.shifts import from_crs
from cityops.problems import PROBLEMS, WRITING_PROBLEMS
from cityops.words import N_
from cityops.worktime import queries as worktime

api = APIBlueprint("cases_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


@api.post("/reports", responses={201: ReportOut, **WRITING_PROBLEMS}, summary="Report")
def create_report(header: OnceHeader, body: ReportIn) -> Response:
    """Take in a report and open its case."""
    return answer_once(lambda session, viewer: (201, _report_out(_report(session, viewer, body))))


@api.get("/reports/<number>", responses={200: ReportOut}, summary="Look at a report")
def show_report(path: NumberPath) -> Response:
    """The report, its state, its case."""
    with web.reading() as session:
        return _answer(_report_out(queries.get_report(session, current_viewer(), path.number)))


@api.post(
    "/reports/<number>/steps", responses={200: CaseWhole, **WRITING_PROBLEMS}, summary="Take a step on a report's case"
)
def step_report(path: NumberPath, header: OnceHeader, body: StepIn) -> Response:
    """Accept, decline or verify by the report's number."""

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        case = queries.get_report(session, viewer, path.number).case
        return 200, _step(session, viewer, case.number, body)

    return answer_once(work)


@api.get("/cases", responses={200: CasesOut}, summary="List cases")
def list_cases(query: CasesQuery) -> Response:
    """Cases you may see, newest first."""
    wanted = CaseFilter(
        stages=(query.stage,) if query.stage else (),
        is_open=query.open,
        body_code=query.org,
        cell_code=query.cell,
        class_code=query.class_code,
        area=query.area,
        due_before=query.due_before,
        text=query.q,
    )
    if query.due_before is not None and query.due_before.tzinfo is None:
        raise Invalid("due_before", N_("A moment needs its time zone: 2026-11-23T16:00+08:00."))
    with web.reading() as session:
        page = queries.list_cases(session, current_viewer(), wanted, cursor=query.cursor, size=query.size)
        return _answer(CasesOut(cases=[case_out(case) for case in page.cases], next_cursor=page.next_cursor))


@api.get("/cases/<number>", responses={200: CaseWhole}, summary="Look at a case")
def show_case(path: NumberPath) -> Response:
    """The case as it stands, and the steps you may take now."""
    viewer = current_viewer()
    with web.reading() as session:
        return _answer(_whole(viewer, queries.get_case(session, viewer, path.number)))


@api.get("/cases/<number>/timeline", responses={200: TimelineOut}, summary="A case's history")
def show_timeline(path: NumberPath) -> Response:
    """Every step, who took it under which post, and its digest."""
    with web.reading() as session:
        case = queries.get_case(session, current_viewer(), path.number)
        return _answer(TimelineOut(number=case.number, events=[_event_out(event) for event in case.events]))


@api.get("/cases/<number>/clocks", responses={200: ClocksOut}, summary="A case's clocks, explained")
def show_clocks(path: NumberPath) -> Response:
    """Every clock with its due time explained span by span."""
    with web.reading() as session:
        case = queries.get_case(session, current_viewer(), path.number)
        found = [_clock_out(session, case, row) for row in case.clocks]
        return _answer(ClocksOut(number=case.number, clocks=found))


@api.post("/cases/<number>/steps", responses={200: CaseWhole, **WRITING_PROBLEMS}, summary="Take a step")
def step_case(path: NumberPath, header: OnceHeader, body: StepIn) -> Response:
    """Take one step of the workflow table; a stale version is refused with who moved the case and when."""
    return answer_once(lambda session, viewer: (200, _step(session, viewer, path.number, body)))


@api.get("/cases/<number>/attachments", responses={200: AttachmentsOut}, summary="A case's photos")
def list_attachments(path: NumberPath) -> Response:
    """The photos of a case."""
    with web.reading() as session:
        case = queries.get_case(session, current_viewer(), path.number)
        bodies = {row.id: row.body.code for row in co_queries.list_of(session, case)}
        shown = [attachment_out(case, photo, bodies.get(photo.co_handling_id or 0)) for photo in case.attachments]
        return _answer(AttachmentsOut(attachments=shown))


@api.post("/cases/<number>/attachments", responses={201: AttachmentOut, **WRITING_PROBLEMS}, summary="Add a photo")
def add_attachment(path: NumberPath, header: OnceHeader, form: CasePhotoIn) -> Response:
    """Add a photo; what is not a picture is refused by its content."""
    photo = receive_needed(current_viewer(), path.number, request.files.get("file"))

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        case = queries.get_case_for_update(session, viewer, path.number)
        row = attachments.add(session, viewer, case, str(form.id), form.kind, photo)
        return 201, attachment_out(case, row)

    return answer_once(work, asked=f"{photo.sha256} {form.id} {form.kind}")


def _report(session: Session, viewer: Viewer, body: ReportIn) -> Report:
    lon, lat = (body.lon, body.lat) if body.crs == "wgs84" else from_crs(body.lon, body.lat, body.crs)
    reporter = body.reporter or ReporterIn(name=None, phone=None)
    new = NewReport(
        uuid=str(body.id),
        source=body.source,
        kind=body.kind,
        class_code=body.class_code,
        condition=body.condition,
        lon=lon,
        lat=lat,
        description=body.description,
        address=body.address,
        component_code=body.component_code,
        reporter_name=reporter.name,
        reporter_phone=reporter.phone,
        is_self_handled=body.self_handled,
        occurred_at=body.occurred_at,
        late_reason=body.late_reason,
    )
    return services.report(session, viewer, current_office(), new)


def _step(session: Session, viewer: Viewer, number: str, body: StepIn) -> CaseWhole:
    if body.located_at is not None and body.located_at.tzinfo is None:
        raise Invalid("located_at", N_("A moment needs its time zone: 2026-11-23T16:00+08:00."))
    place = AtPlace(body.lon, body.lat, body.located_at, body.at_place_reason, body.manner)
    asked = StepRequest(body.step, body.version, body.result, body.condition, body.body, body.note, place)
    return _whole(viewer, services.take_step(session, viewer, current_office(), number, asked))


def case_out(case: Case) -> CaseOut:
    """A case as the API shows it."""
    return CaseOut(**_facts(case))


def _whole(viewer: Viewer, case: Case) -> CaseWhole:
    return CaseWhole(**_facts(case), steps=[step.name for step in queries.steps_open_to(viewer, case)])


def _facts(case: Case) -> dict[str, Any]:
    return {
        "number": case.number,
        "version": case.version,
        "stage": case.stage,
        "source": case.source,
        "case_class": ClassOut(kind=case.kind, code=case.case_class.code, name=case.case_class.name),
        "condition": case.condition and case.condition.code,
        "phase": case.phase,
        "lon": case.lon,
        "lat": case.lat,
        "cell": case.cell and case.cell.code,
        "area": case.area_code,
        "address": case.address,
        "description": case.description,
        "simple": case.is_simple,
        "body": case.body and case.body.code,
        "desk": case.desk and case.desk.code,
        "opened_at": case.opened_at,
        "occurred_at": case.occurred_at,
        "due_at": case.due_at,
        "handle_due_at": case.handle_due_at,
        "ended_at": case.ended_at,
        "rework_count": case.rework_count,
        "send_back_count": case.send_back_count,
        "merged_count": case.merged_count,
    }


def _report_out(report: Report) -> ReportOut:
    return ReportOut(
        number=report.number, id=UUID(report.uuid), late_reason=report.late_reason, case=case_out(report.case)
    )


def _event_out(event: CaseEvent) -> EventOut:
    return EventOut(
        seq=event.seq,
        step=event.step,
        result=event.result,
        from_stage=event.from_stage,
        to_stage=event.to_stage,
        at=event.at,
        person=event.person.name if event.person is not None else None,
        post=event.post,
        note=event.note,
        digest=event.digest,
    )


def _clock_out(session: Session, case: Case, row: StageClock) -> ClockOut:
    explained = clocks.explain_clock(worktime.get_calendar(session, row.calendar), row)
    return ClockOut(
        name=row.name,
        round=row.round,
        phase=row.phase,
        limit=row.limit_value,
        unit=row.limit_unit,
        calendar=row.calendar,
        started_at=row.started_at,
        due_at=row.due_at,
        stopped_at=row.stopped_at,
        light=clocks.light_of(row),
        explanation=[
            PieceOut(from_at=each.begin, until_at=each.until, kind=each.kind, why=each.why, minutes=each.minutes)
            for each in explained
        ],
    )


def attachment_out(case: Case, photo: Attachment, body: str | None = None) -> AttachmentOut:
    """A photo of a case as the API shows it, with the code of the co-handler whose work it shows."""
    return AttachmentOut(
        id=UUID(photo.uuid),
        kind=photo.kind,
        co_handling=photo.co_handling_id,
        body=body,
        sha256=photo.sha256,
        media_type=photo.media_type,
        size_bytes=photo.size_bytes,
        added_at=photo.added_at,
        url=url_for("cases.show_photo", number=case.number, uuid=photo.uuid),
    )


def _answer(shown: BaseModel) -> Response:
    return Response(shown.model_dump_json(by_alias=True), content_type="application/json")
