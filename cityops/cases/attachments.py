"""Photos of a case: judged by their content, kept under their SHA-256, shown without the position they carry."""

import hashlib
import os
import tempfile
import warnings
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from PIL import ExifTags, Image, ImageOps
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import co_queries, queries
from cityops.cases.models import ATTACHMENT_LABELS, Attachment, AttachmentKind, Case
from cityops.cases.permission import find_held
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.queue import owe
from cityops.words import N_, Word

MAX_PHOTO_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 80_000_000
THUMBNAIL_PX = 480
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
TAKEN_BY = {
    AttachmentKind.SCENE: (Post.OPERATOR, Post.DUTY_LEADER, Post.LEADER, Post.INSPECTOR),
    AttachmentKind.BEFORE: (Post.INSPECTOR, Post.HANDLER),
    AttachmentKind.AFTER: (Post.INSPECTOR, Post.HANDLER),
    AttachmentKind.VERIFY: (Post.INSPECTOR,),
    AttachmentKind.CHECK: (Post.INSPECTOR,),
    AttachmentKind.PROOF: (Post.HANDLER,),
}
"""Whose photos prove what: a handler cannot add the picture of the check on his own work.

That of a re-check comes with its answer alone (`attach`).
"""
LEADS_OWN = frozenset({AttachmentKind.AFTER, AttachmentKind.PROOF})
"""What a handler shows for the lead: a co-handler's photo is his task's (`co_handling.add_photo`)."""
MAKE_THUMBNAIL = "cases.make_thumbnail"


@dataclass(frozen=True)
class Photo:
    """A stored picture: its digest, its kind, and what its EXIF tells."""

    sha256: str
    media_type: str
    size_bytes: int
    taken_at: datetime | None
    lon: float | None
    lat: float | None


def path_of(folder: Path, sha256: str, variant: str = "") -> Path:
    """Where a file of this digest lies; `variant` names what is made from it (`.shown`, `.small`)."""
    return folder / sha256[:2] / sha256[2:4] / f"{sha256}{variant}"


def store(folder: Path, stream: IO[bytes]) -> Photo:
    """Judge a picture by its content and keep it; done before the transaction that names it.

    The same bytes are kept once. A file no row names after a crash is harmless: the next upload of it finds it.

    Raises:
        Invalid: too large, or not a picture.
    """
    data = stream.read(MAX_PHOTO_BYTES + 1)
    if len(data) > MAX_PHOTO_BYTES:
        raise Invalid("file", N_("This picture is larger than 20 MB: send a smaller one."))
    image = _opened(data)
    media_type = MEDIA_TYPES[str(image.format)]
    taken_at, lon, lat = _exif_facts(image)
    sha256 = hashlib.sha256(data).hexdigest()
    _write(path_of(folder, sha256), data)
    _write(path_of(folder, sha256, ".shown"), _without_exif(image))
    return Photo(sha256, media_type, len(data), taken_at, lon, lat)


def add(session: Session, viewer: Viewer, case: Case, uuid: str, kind: AttachmentKind, photo: Photo) -> Attachment:
    """Add a stored photo to a case; the same uuid again gives the same row."""
    taking = viewer.only(*TAKEN_BY.get(kind, ()))
    # A handler who comes too late is told that by the step, not here.
    if not taking.held or not (taking.has(Post.HANDLER) or queries.can_see(session, taking, case)):
        raise NotAllowed(N_("None of your posts may add this kind of photo."))
    if kind in LEADS_OWN and _is_beside(session, taking, case):
        raise NotAllowed(N_("Your body has a task of its own in this case: its photo is given with that."))
    return attach(session, viewer, case, uuid, kind, photo, only_open=True)


def attach(
    session: Session,
    viewer: Viewer,
    case: Case,
    uuid: str,
    kind: AttachmentKind,
    photo: Photo,
    *,
    co_handling_id: int | None = None,
    only_open: bool = False,
) -> Attachment:
    """Add a stored photo for whose kind the viewer's right is known; the same uuid again gives the same row.

    Args:
        co_handling_id: the task beside the lead whose result it shows.
    """
    earlier = session.scalar(select(Attachment).where(Attachment.uuid == uuid))
    if earlier is not None:
        if (earlier.case_id, earlier.co_handling_id, earlier.sha256) != (case.id, co_handling_id, photo.sha256):
            raise Invalid("id", N_("This id belongs to another photo: make a new one."))
        return earlier
    if only_open and not case.is_open:
        raise WrongState(N_("The case is closed: no photo can be added any more."))
    _refuse_used(session, viewer, case, kind, co_handling_id, photo)
    row = Attachment(
        uuid=uuid,
        case_id=case.id,
        co_handling_id=co_handling_id,
        kind=kind,
        sha256=photo.sha256,
        media_type=photo.media_type,
        size_bytes=photo.size_bytes,
        added_at=clock.now(),
        added_by=viewer.person_id,
        taken_at=photo.taken_at,
        lon=photo.lon,
        lat=photo.lat,
    )
    session.add(row)
    session.flush()
    owe(session, MAKE_THUMBNAIL, attachment_id=row.id)
    return row


def _is_beside(session: Session, viewer: Viewer, case: Case) -> bool:
    """Whether the viewer handles in this case beside the lead alone."""
    lead_path = case.body.path if case.body is not None else None
    return find_held(viewer, (Post.HANDLER,), case, lead_path) is None and co_queries.has_had(session, viewer, case)


def _refuse_used(
    session: Session, viewer: Viewer, case: Case, kind: AttachmentKind, co_handling_id: int | None, photo: Photo
) -> None:
    """Refuse the very bytes that show something else already: each photo proves one thing."""
    of_other_task = Attachment.co_handling_id.is_distinct_from(co_handling_id)
    elsewhere = or_(Attachment.case_id != case.id, Attachment.kind != kind, of_other_task)
    used = session.scalar(select(Attachment).where(Attachment.sha256 == photo.sha256, elsewhere).limit(1))
    if used is None:
        return
    if used.case_id == case.id:
        label = Word(ATTACHMENT_LABELS[used.kind])
        raise Invalid("file", N_("This photo is in this case already (%(what)s): take a new one."), what=label)
    other = session.get_one(Case, used.case_id)
    if not queries.can_see(session, viewer, other):
        raise Invalid("file", N_("This photo was used in another case already: take a new one."))
    message = N_("This photo was used in the case %(number)s already: take a new one.")
    raise Invalid("file", message, number=other.number)


def get_photo(case: Case, uuid: str) -> Attachment:
    """A photo of a case the viewer sees."""
    found = next((photo for photo in case.attachments if photo.uuid == uuid), None)
    if found is None:
        raise NotFound(N_("There is no such photo in this case."))
    return found


def make_thumbnail(folder: Path, sha256: str) -> None:
    """Make the small picture of a stored one; made again, it is the same."""
    with Image.open(path_of(folder, sha256, ".shown")) as image:
        image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        small = BytesIO()
        image.convert("RGB").save(small, "JPEG", quality=82)
    _write(path_of(folder, sha256, ".small"), small.getvalue())


def mark_thumbnail(session: Session, attachment_id: int) -> None:
    """Note that the small picture of an attachment is there."""
    row = session.get(Attachment, attachment_id)
    if row is not None:
        row.has_thumbnail = True


def _opened(data: bytes) -> Image.Image:
    refusal = Invalid("file", N_("This is not a picture that can be read: send a JPEG, PNG or WebP."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data), formats=list(MEDIA_TYPES))
            if image.width * image.height > MAX_PIXELS:
                raise refusal
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise refusal from None
    return image


def _without_exif(image: Image.Image) -> bytes:
    """The picture upright and drawn anew: position, camera and whatever hid behind the pixels stay out."""
    shown = ImageOps.exif_transpose(image)
    shown.info.clear()
    out = BytesIO()
    if image.format == "PNG":
        shown.convert("RGBA").save(out, "PNG")
    else:
        shown.convert("RGB").save(out, image.format, quality=90, exif=b"")
    return out.getvalue()


def _exif_facts(image: Image.Image) -> tuple[datetime | None, float | None, float | None]:
    try:
        exif = image.getexif()
        taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        taken_at = datetime.strptime(str(taken), "%Y:%m:%d %H:%M:%S").replace(tzinfo=clock.CITY_ZONE) if taken else None
        lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef) == "W")
        lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef) == "S")
    except (ValueError, TypeError, KeyError, ZeroDivisionError, SyntaxError):
        return None, None, None
    return taken_at, lon, lat


def _degrees(parts: Any, is_negative: bool) -> float | None:
    if not parts:
        return None
    degrees = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    return (-degrees if is_negative else degrees) if degrees <= 180 else None


def _write(path: Path, data: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each writer: the same picture may arrive twice at once.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
