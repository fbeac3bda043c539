"""The case room's tasks: each opens its own doors and may run twice."""

from cityops.cases import attachments, checkpoints
from cityops.cases.models import Attachment
from cityops.workshop import Workshop


def checkpoint(workshop: Workshop) -> None:
    """Chain what was written since the last checkpoint into a new one; only its row is written inside the lock."""
    with workshop.reading() as session:
        gathered = checkpoints.gather(session)
    with workshop.transaction() as session:
        checkpoints.add(session, workshop.keys, gathered)


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
