"""Photos as pages show them: their addresses, what each shows, and whose work where it is a co-handler's."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from cityops.cases import co_queries
from cityops.cases.models import ATTACHMENT_LABELS, Attachment, Case
from cityops.cases.telling import named


@dataclass(frozen=True)
class ShownPhoto:
    """A photo as the page shows it."""

    url: str
    small: str
    caption: str


def shown_photos(case: Case, photos: Iterable[Attachment]) -> list[ShownPhoto]:
    """Photos of a case with their addresses and what they show."""
    return [_shown(case, photo, gettext(ATTACHMENT_LABELS[photo.kind])) for photo in photos]


def photos_of(cases: Iterable[Case]) -> list[ShownPhoto]:
    """The photos of several cases, each with the number of its case."""
    photos = [(case.number, photo) for case in cases for photo in shown_photos(case, case.attachments)]
    return [replace(photo, caption=f"{photo.caption} · {number}") for number, photo in photos]


def list_photos(session: Session, case: Case) -> list[ShownPhoto]:
    """All photos of a case, a co-handler's named as such."""
    bodies = {row.id: row.body for row in co_queries.list_of(session, case)}
    shown = []
    for photo in case.attachments:
        caption, body = gettext(ATTACHMENT_LABELS[photo.kind]), bodies.get(photo.co_handling_id or 0)
        shown.append(_shown(case, photo, f"{named(body)} · {caption}" if body is not None else caption))
    return shown


def _shown(case: Case, photo: Attachment, caption: str) -> ShownPhoto:
    url = url_for("cases.show_photo", number=case.number, uuid=photo.uuid)
    return ShownPhoto(url, url + "?small=1", caption)
