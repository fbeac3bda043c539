"""A photo that comes in through one of the doors: kept only for who may see the case."""

from werkzeug.datastructures import FileStorage

from cityops import web
from cityops.accounts.viewer import Viewer
from cityops.cases import attachments, queries
from cityops.cases.attachments import Photo


def receive(viewer: Viewer, number: str, sent: FileStorage | None) -> Photo | None:
    """The picture sent for a case, judged and kept, before the transaction that names it; None where none was sent.

    Raises:
        NotFound: the case lies outside the viewer's scope; nothing is kept.
        Invalid: it is no picture.
    """
    if sent is None or not sent.filename:
        return None
    with web.reading() as session:
        queries.get_case(session, viewer, number)
    return attachments.store(web.workshop().config.files_folder, sent.stream)
