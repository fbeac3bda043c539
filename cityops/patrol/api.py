"""The API of what one has to do: an inspector's tasks, and the open cases that wait for one's posts."""

from datetime import datetime
from typing import Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, Field

from cityops import clock, web
from cityops.accounts.posts import Post
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.cases import queries as cases
from cityops.cases.api import case_out
from cityops.cases.clocks import light
from cityops.cases.models import Case
from cityops.cases.queries import CaseFilter
from cityops.cases.schemas import CaseOut
from cityops.cases.workflow import OPEN_STAGES, Stage, StepName, steps_from
from cityops.patrol import queries
from cityops.patrol.models import TaskKind

api = APIBlueprint("patrol_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}])


class TasksQuery(BaseModel):
    """Whose tasks, and how many."""

    mine: Literal["", "1", "true"] = Field("", description="Tasks are always one's own; the word may be left out")
    size: int = Field(100, ge=1, le=200)


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
        found = []
        if viewer.has(Post.INSPECTOR):
            for task in queries.list_tasks(session, viewer, limit=query.size):
                step = StepName.VERIFY if task.kind is TaskKind.VERIFY else StepName.CHECK
                found.append(_task(task.case, task.id, step.value, task.given_at, [step]))
        stages = _stages_of(viewer)
        if stages:
            wanted = CaseFilter(stages=stages)
            for case in cases.list_work(session, viewer, wanted, size=query.size):
                steps = [step.name for step in cases.steps_open_to(viewer, case)]
                if steps:
                    found.append(_task(case, None, steps[0].value, case.moved_at, steps))
        return Response(TasksOut(tasks=found[: query.size]).model_dump_json(by_alias=True), mimetype="application/json")


def _stages_of(viewer: Viewer) -> tuple[Stage, ...]:
    """The stages that wait for one of the viewer's posts; an inspector's are given as tasks."""
    posts = set(viewer.posts) - {Post.INSPECTOR}
    return tuple(stage for stage in OPEN_STAGES if any(posts & set(step.posts) for step in steps_from(stage)))


def _task(case: Case, task_id: int | None, kind: str, given_at: datetime, steps: list[StepName]) -> TaskOut:
    state = light(clock.now(), case.due_at, case.warn_at, is_open=case.is_open)
    return TaskOut(
        id=task_id, kind=kind, given_at=given_at, due_at=case.due_at, light=state, steps=steps, case=case_out(case)
    )
