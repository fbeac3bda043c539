"""A verify, check or re-check is answered at the place: where and when, how it was judged, and what lacks a reason."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, exists, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cityops.cases.acting import Act
from cityops.cases.intake import checked_text
from cityops.cases.models import Attachment, AttachmentKind, Case
from cityops.cases.names import StepName
from cityops.db import Base, BigKey, UtcDateTime, words_enum
from cityops.errors import Invalid
from cityops.grid.geometry import check_point, distance_m
from cityops.words import N_

ANSWERS = {
    StepName.VERIFY: AttachmentKind.VERIFY,
    StepName.CHECK: AttachmentKind.CHECK,
    StepName.RECHECK: AttachmentKind.RECHECK,
}
"""The steps that judge a place, and what their own photo shows."""
FRESH = timedelta(minutes=10)
MAX_REASON = 200


class Manner(StrEnum):
    """How a place was judged."""

    ON_THE_SPOT = "on_the_spot"
    BY_VIDEO = "by_video"
    BY_PHOTO = "by_photo"
    WAIVED = "waived"


MANNER_LABELS = {
    Manner.ON_THE_SPOT: N_("on the spot"),
    Manner.BY_VIDEO: N_("by video"),
    Manner.BY_PHOTO: N_("by photo"),
    Manner.WAIVED: N_("waived"),
}


@dataclass(frozen=True)
class AtPlace:
    """Where the tablet was when it answered.

    Attributes:
        located_at: the tablet's moment of the position; one that is not fresh counts as none.
        reason: why the answer is not given at the place.
        is_proof_asked: whether position (or reason) and photo have to be there, as on the pages; an answer through the
            API is taken without them, and flagged.
    """

    lon: float | None = None
    lat: float | None = None
    located_at: datetime | None = None
    reason: str | None = None
    manner: Manner = Manner.ON_THE_SPOT
    is_proof_asked: bool = False


class CheckAnswer(Base):
    """How a verify or check was answered, the case's event of this `seq`; without a position `away_m` is null."""

    __tablename__ = "check_answers"
    __table_args__ = (UniqueConstraint("case_id", "seq"), Index(None, "person_id", "located_at"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    seq: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    manner: Mapped[Manner] = mapped_column(words_enum(Manner))
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    located_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    away_m: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(Text)


def write_answer(act: Act, asked: AtPlace) -> None:
    """Write down where a verify or check is answered, and tell its distance to the history.

    Raises:
        Invalid: no place on earth; too far away, or without a position where one is asked for, and no reason; no photo.
    """
    lon, lat = _fresh_position(asked, act.moment)
    away_m = None if lon is None or lat is None else round(distance_m(act.case.lon, act.case.lat, lon, lat))
    is_far = away_m is not None and away_m > act.office.place_limit_m
    if act.case.is_checked_by_photo and (asked.manner is Manner.BY_PHOTO or away_m is None or is_far):
        # Its photos are what is judged: nobody has to go there, nor to say why he did not.
        asked = replace(asked, manner=Manner.BY_PHOTO, is_proof_asked=False)
    reason = checked_text("at_place_reason", asked.reason, required=False, longest=MAX_REASON) or None
    on_the_spot = asked.manner is Manner.ON_THE_SPOT
    if reason is None and on_the_spot and is_far:
        message = N_("You are %(away)s m away from the place: go there, or say why not.")
        raise Invalid("at_place_reason", message, away=away_m)
    if reason is None and asked.is_proof_asked and (away_m is None or not on_the_spot):
        raise Invalid("at_place_reason", N_("It is not known that you are at the place: say why."))
    if asked.is_proof_asked and act.office.answer_photos and asked.manner is not Manner.WAIVED:
        _check_photo(act)
    answer = CheckAnswer(
        case_id=act.case.id,
        seq=act.case.version + 1,
        person_id=act.actor.person_id,
        manner=asked.manner,
        lon=lon,
        lat=lat,
        located_at=asked.located_at if away_m is not None else None,
        away_m=away_m,
        reason=reason,
    )
    act.facts |= {"away_m": away_m, "manner": asked.manner.value}
    act.facts |= {"is_far": is_far, "has_twin": _has_twin(act.session, answer)}
    act.session.add(answer)


def reasons_of(session: Session, case: Case) -> dict[int, str]:
    """Why verifies and checks of a case were not answered at the place, by their events' seq."""
    given = select(CheckAnswer.seq, CheckAnswer.reason).where(CheckAnswer.case_id == case.id)
    return {seq: reason for seq, reason in session.execute(given) if reason}


def _has_twin(session: Session, answer: CheckAnswer) -> bool:
    """Whether the same person answered for another case with this very position, at this very moment."""
    same = exists().where(
        CheckAnswer.person_id == answer.person_id,
        CheckAnswer.located_at == answer.located_at,
        CheckAnswer.lon == answer.lon,
        CheckAnswer.lat == answer.lat,
        CheckAnswer.case_id != answer.case_id,
    )
    return answer.located_at is not None and bool(session.scalar(select(same)))


def _fresh_position(asked: AtPlace, moment: datetime) -> tuple[float | None, float | None]:
    if asked.lon is None and asked.lat is None:
        return None, None
    if asked.lon is None or asked.lat is None:
        raise Invalid("lon" if asked.lon is None else "lat", N_("A position has a longitude and a latitude."))
    check_point(asked.lon, asked.lat)
    if asked.located_at is not None and abs(moment - asked.located_at) > FRESH:
        return None, None
    return asked.lon, asked.lat


def _check_photo(act: Act) -> None:
    own = select(func.count()).where(
        Attachment.case_id == act.case.id,
        Attachment.kind == ANSWERS[act.step.name],
        Attachment.added_by == act.actor.person_id,
        Attachment.added_at >= act.case.moved_at,
    )
    if not act.session.scalar(own):
        raise Invalid("photo", N_("The answer needs a photo of its own: take one here."))
