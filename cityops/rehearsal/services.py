"""Publishing a draft with the cases in view."""

from datetime import date

from sqlalchemy.orm import Session

from cityops.accounts.viewer import Viewer
from cityops.catalog import editions
from cityops.catalog.draft_models import CatalogDraft
from cityops.catalog.drafts import lock_draft
from cityops.errors import Invalid
from cityops.rehearsal.concerned import count_left_unfiled, list_concerns
from cityops.words import N_


def publish(session: Session, viewer: Viewer, draft_id: int, seen: int, from_on: date, agrees: bool) -> CatalogDraft:
    """Publish a draft, as `editions.publish`; cases that it leaves without a class or condition have to be agreed to.

    Raises:
        Invalid: open cases not yet filed name what ends, and `agrees` was not said.
    """
    view = lock_draft(session, viewer, draft_id)
    left = count_left_unfiled(list_concerns(session, viewer, view))
    if left and not agrees:
        raise Invalid(
            "agrees", N_("%(n)s open cases are not filed yet and name what ends: say that you have seen it."), n=left
        )
    return editions.publish(session, viewer, draft_id, seen, from_on)
