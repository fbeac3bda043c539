"""The API of what one has to do: an inspector's tasks, and the open cases that wait for one's posts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cityops import clock, web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.asked import Asked
from cityops.cases import queries as cases
from cityops.cases.api import case_out
from cityops.cases.clocks import light
from cityops.cases.models import Case
from cityops.cases.names import OPEN_STAGES, StepName
from cityops.cases.queries import CaseFilter
from cityops.cases.schemas import CaseOut
from cityops.cases.workflow import moves_from
from cityops.patrol import queries
from cityops.patrol.models import TaskKind
from cityops.problems import PROBLEMS

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
    kind: str = Field(description="verify or check; for the others the stage's step")
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
    """The verify and check tasks given to an inspector."""
    if not viewer.has(Post.INSPECTOR):
        return
    for task in queries.list_tasks(session, viewer, limit=size):
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


def _task(case: Case, task_id: int | None, kind: str, given_at: datetime, steps: list[StepName]) -> TaskOut:
    state = light(clock.now(), case.due_at, case.warn_at, is_open=case.is_open)
    return TaskOut(
        id=task_id, kind=kind, given_at=given_at, due_at=case.due_at, light=state, steps=steps, case=case_out(case)
    )
