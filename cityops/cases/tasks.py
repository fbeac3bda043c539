"""The case room's tasks: each opens its own doors and may run twice."""

from cityops.cases import attachments, history
from cityops.cases.models import Attachment
from cityops.workshop import Workshop


def checkpoint(workshop: Workshop) -> None:
    """Chain the heads of all cases into a checkpoint."""
    with workshop.transaction() as session:
        history.make_checkpoint(session, workshop.keys)


def make_thumbnail(workshop: Workshop, attachment_id: int) -> None:
    """Make the small picture of an attachment; the drawing happens between two doors, not inside one."""
    with workshop.reading() as session:
        row = session.get(Attachment, attachment_id)
        sha256 = row.sha256 if row else None
    if sha256 is None:
        return
    attachments.make_thumbnail(workshop.config.files_folder, sha256)
    with workshop.transaction() as session:
        attachments.mark_thumbnail(session, attachment_id)
