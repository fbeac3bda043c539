"""The API of what one has to do: an inspector's tasks and the open cases that wait for one's posts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from cityops import clock, web
from cityops.accounts.once import OnceHeader, answer_once
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.asked import Asked
from cityops.cases import queries as cases
from cityops.cases.acting import given
from cityops.cases.api import case_out
from cityops.cases.at_place import AtPlace, Manner
from cityops.cases.clocks import Light, light
from cityops.cases.models import Case
from cityops.cases.names import OPEN_STAGES, StepName
from cityops.cases.office import current_office
from cityops.cases.queries import CaseFilter
from cityops.cases.schemas import CaseOut, Text
from cityops.cases.services import StepRequest
from cityops.cases.uploads import receive
from cityops.cases.workflow import moves_from
from cityops.patrol import queries, recheck_queries, rechecks
from cityops.patrol.models import TaskKind
from cityops.patrol.recheck_models import RecheckEnd
from cityops.problems import PROBLEMS, WRITING_PROBLEMS

api = APIBlueprint("patrol_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS)


class TasksQuery(Asked):
    """Whose tasks, and how many."""

    mine: Literal["", "1", "true"] = Field("", description="Tasks are always one's own; the word may be left out")
    size: int = Field(
        100, ge=1, le=200, description="The most pressing; there is no next page, what is done makes room"
    )


class TaskOut(BaseModel):
    """Something to do: a verify or check on the spot, or a case that waits for a step of one's post."""

    id: int | None = Field(description="The inspector task's key; null for a case that waits for a post")
    kind: str = Field(description="verify, check or recheck; for the others the stage's step")
    given_at: datetime
    due_at: datetime | None
    light: str
    steps: list[StepName]
    case: CaseOut


class TasksOut(BaseModel):
    """What one has to do, the most pressing first."""

    tasks: list[TaskOut]


@api.get("/tasks", responses={200: TasksOut}, summary="What I have to do")
def list_tasks(query: TasksQuery) -> Response:
    """An inspector's own tasks; for the other posts the open cases that wait for their steps."""
    viewer = current_viewer()
    with web.reading() as session:
        found = [*_given(session, viewer, query.size), *_waiting(session, viewer, query.size)]
        found.sort(key=lambda task: (task.due_at is None, task.due_at or task.given_at, task.case.number))
        return Response(TasksOut(tasks=found[: query.size]).model_dump_json(by_alias=True), mimetype="application/json")


def _given(session: Session, viewer: Viewer, size: int) -> Iterator[TaskOut]:
    """The tasks given to an inspector."""
    if not viewer.has(Post.INSPECTOR):
        return
    for task in queries.list_tasks(session, viewer, limit=size):
        if task.kind is TaskKind.RECHECK:
            # Its case is closed: the task's own moment is the one to be kept.
            state = light(clock.now(), task.due_at, task.due_at, is_open=True)
            yield _task(task.case, task.id, task.kind.value, task.given_at, [], due_at=task.due_at, state=state)
        else:
            step = StepName.VERIFY if task.kind is TaskKind.VERIFY else StepName.CHECK
            yield _task(task.case, task.id, step.value, task.given_at, [step])


def _waiting(session: Session, viewer: Viewer, size: int) -> Iterator[TaskOut]:
    """The cases that wait for a step of the viewer's other posts."""
    acting = viewer.only(*(post for post in viewer.posts if post is not Post.INSPECTOR))
    posts = set(acting.posts)
    stages = tuple(stage for stage in OPEN_STAGES if any(posts & set(step.posts) for step in moves_from(stage)))
    if not stages:
        return
    rows = cases.list_work(session, acting, CaseFilter(stages=stages), size=size)
    taken = cases.list_steps_taken(session, acting, [case.id for case in rows])
    for case in rows:
        steps = [step.name for step in cases.steps_open_to(acting, case, taken.get(case.id, ()))]
        if steps:
            yield _task(case, None, steps[0].value, case.moved_at, steps)


def _task(
    case: Case,
    task_id: int | None,
    kind: str,
    given_at: datetime,
    steps: list[StepName],
    *,
    due_at: datetime | None = None,
    state: Light | None = None,
) -> TaskOut:
    return TaskOut(
        id=task_id,
        kind=kind,
        given_at=given_at,
        due_at=due_at or case.due_at,
        light=state or light(clock.now(), case.due_at, case.warn_at, is_open=case.is_open),
        steps=steps,
        case=case_out(case),
    )


class TaskPath(BaseModel):
    """An inspector task's key."""

    task_id: int = Field(ge=1, lt=2**63)


class RecheckForm(Asked):
    """What a re-check came to; its photo is the part `file`."""

    version: int = Field(ge=0, description="The version of the case that the caller saw")
    result: Literal["upheld", "not_upheld"]
    body: Text | None = Field(None, description="Whose work is at fault, where several bodies handled the case")
    manner: Manner = Manner.ON_THE_SPOT
    note: Text | None = None
    lon: float | None = None
    lat: float | None = None
    located_at: AwareDatetime | None = Field(None, description="When the tablet was there")
    at_place_reason: Text | None = None
    file: object = Field(None, description="The picture (JPEG, PNG or WebP)", json_schema_extra={"format": "binary"})


class RecheckOut(BaseModel):
    """A re-check that is answered."""

    task: int
    sample: int
    case: str = Field(description="The case's number")
    version: int = Field(description="The case's version")
    end: RecheckEnd


@api.post("/tasks/<task_id>/recheck", responses={200: RecheckOut, **WRITING_PROBLEMS}, summary="Answer a re-check")
def answer_recheck(path: TaskPath, header: OnceHeader, form: RecheckForm) -> Response:
    """Say what a re-check came to; a verify or check is answered by the case's own step."""
    with web.reading() as session:
        number = recheck_queries.get_recheck_of_task(session, current_viewer(), path.task_id).case.number
    photo = receive(current_viewer(), number, request.files.get("file"))
    place = AtPlace(form.lon, form.lat, form.located_at, form.at_place_reason, form.manner)
    asked = StepRequest(
        StepName.RECHECK, form.version, result=form.result, body=form.body, note=form.note, at_place=place
    )

    def work(session: Session, viewer: Viewer) -> tuple[int, BaseModel]:
        row = recheck_queries.get_recheck_of_task(session, viewer, path.task_id)
        rechecks.answer(session, viewer, current_office(), row.id, asked, photo)
        return 200, RecheckOut(
            task=row.task_id, sample=row.sample_id, case=number, version=row.case.version, end=given(row.end)
        )

    return answer_once(work, asked=f"{photo.sha256 if photo else ''} {asked}")
