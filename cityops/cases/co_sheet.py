"""Co-handlers' tasks as pages show them: what this person may answer, excuse and give."""

from dataclasses import dataclass

from flask_babel import gettext

from cityops.accounts.viewer import Viewer
from cityops.cases.co_forms import CoHandlingForm
from cityops.cases.co_models import CoHandling
from cityops.cases.models import Case
from cityops.cases.names import StepName
from cityops.cases.permission import find_held
from cityops.cases.photo_sheet import ShownPhoto, shown_photos
from cityops.cases.workflow import STEPS
from cityops.forms import Choice, word_choices
from cityops.worktime.limits import UNIT_LABELS


@dataclass(frozen=True)
class ShownTask:
    """A task, and what this person may do about it."""

    row: CoHandling
    photos: list[ShownPhoto]
    may_report: bool
    may_excuse: bool


def shown_task(viewer: Viewer, case: Case, row: CoHandling) -> ShownTask:
    """A task of a case as its page shows it."""
    is_open = row.ended_at is None and case.stage in STEPS[StepName.CO_REPORT].stages
    reports, excuses = STEPS[StepName.CO_REPORT].posts, STEPS[StepName.EXCUSE].posts
    may_report = is_open and find_held(viewer, reports, case, row.body.path) is not None
    photos = shown_photos(case, row.photos)
    return ShownTask(row, photos, may_report, is_open and find_held(viewer, excuses, case, None) is not None)


def may_give(viewer: Viewer, case: Case) -> bool:
    """Whether the viewer may give somebody a task in this case now."""
    step = STEPS[StepName.ADD_CO_HANDLER]
    return case.stage in step.stages and find_held(viewer, step.posts, case, None) is not None


def fit_giving(form: CoHandlingForm, case: Case, bodies: list[Choice]) -> CoHandlingForm:
    """The form of a task to give, with what it offers, its fields named apart from the page's other forms."""
    form.version.data = case.version
    form.body.choices, form.limit_unit.choices = bodies, word_choices(UNIT_LABELS, gettext)
    for item in form:
        item.id = item.label.field_id = f"task-{item.short_name}"
    return form
