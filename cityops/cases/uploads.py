"""Photos that come in through one of the doors: kept only for who may see the case."""

from collections.abc import Sequence

from werkzeug.datastructures import FileStorage

from cityops import web
from cityops.accounts.viewer import Viewer
from cityops.cases import attachments, queries
from cityops.cases.attachments import Photo
from cityops.errors import Invalid
from cityops.words import N_


def receive(viewer: Viewer, number: str, sent: FileStorage | None) -> Photo | None:
    """The picture sent for a case, as `receive_all`; None where none was sent."""
    return next(iter(receive_all(viewer, number, [sent] if sent is not None else [])), None)


def receive_needed(viewer: Viewer, number: str, sent: FileStorage | None) -> Photo:
    """The picture sent for a case as the part `file`, as `receive_all`.

    Raises:
        Invalid: none was sent.
    """
    photo = receive(viewer, number, sent)
    if photo is None:
        raise Invalid("file", N_("Send the picture as the part named file."))
    return photo


def receive_all(viewer: Viewer, number: str, sent: Sequence[FileStorage]) -> list[Photo]:
    """The pictures sent for a case, judged and kept, before the transaction that names them.

    Raises:
        NotFound: the case lies outside the viewer's scope; nothing is kept.
        Invalid: one is no picture.
    """
    chosen = [each for each in sent if each.filename]
    if not chosen:
        return []
    with web.reading() as session:
        queries.get_case(session, viewer, number)
    folder = web.workshop().config.files_folder
    return [attachments.store(folder, each.stream) for each in chosen]
