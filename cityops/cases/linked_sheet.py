"""What a case's page shows of links: the cases it has to do with, and the forms to link and to split."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.viewer import Viewer
from cityops.cases.linking import RelatedPage, list_related
from cityops.cases.linking_forms import LinkForm, SplitForm
from cityops.cases.models import Case
from cityops.cases.names import StepName
from cityops.cases.permission import find_held
from cityops.cases.workflow import STEPS
from cityops.catalog import queries as catalog
from cityops.forms import RoomForm


@dataclass(frozen=True)
class ShownLinks:
    """Links on a case's page; a form is there where the viewer may use it, and holds what was refused."""

    page: RelatedPage
    linking: LinkForm | None
    splitting: SplitForm | None

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to say or to do."""
        return bool(self.page.related or self.linking or self.splitting)


def read_links(
    session: Session, viewer: Viewer, case: Case, refused: RoomForm | None, cursor: str | None
) -> ShownLinks:
    """What the page of this case shows of links to this viewer.

    Args:
        refused: the form of a link or a split that was refused, to be shown again as it was typed.
        cursor: of the page of the cases it has to do with.
    """
    linking = splitting = None
    if _may(viewer, case, StepName.LINK):
        linking = refused if isinstance(refused, LinkForm) else LinkForm(None)
        linking.fit(case)
    if _may(viewer, case, StepName.SPLIT):
        splitting = refused if isinstance(refused, SplitForm) else SplitForm(None)
        splitting.fit(case, catalog.list_classes(session, clock.today()))
    return ShownLinks(list_related(session, viewer, case, cursor=cursor), linking, splitting)


def _may(viewer: Viewer, case: Case, name: StepName) -> bool:
    step = STEPS[name]
    return case.stage in step.stages and find_held(viewer, step.posts, case, None) is not None
