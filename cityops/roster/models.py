"""Rows of the roster: shifts, patterns with their lines, changes of a day, the duty list, hand-overs."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cityops import clock
from cityops.accounts.models import Body, Person
from cityops.accounts.posts import Post
from cityops.db import Base, UtcDateTime, words_enum
from cityops.roster.turns import Turn

MAX_CYCLE_DAYS = 56


class DutyShift(Base):
    """A shift of a body: minutes after midnight in the city's zone, over midnight where it ends before it begins."""

    __tablename__ = "duty_shifts"
    __table_args__ = (
        UniqueConstraint("body_id", "name"),
        CheckConstraint("start_minute BETWEEN 0 AND 1439 AND end_minute BETWEEN 0 AND 1439", name="minutes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"))
    name: Mapped[str] = mapped_column(String(32))
    name_en: Mapped[str] = mapped_column(String(32))
    start_minute: Mapped[int]
    end_minute: Mapped[int]

    @property
    def turn(self) -> Turn:
        """The shift as a stretch of time."""
        return Turn(self.start_minute, self.end_minute)


class RosterPattern(Base):
    """A repeating roster of a body from a day on, until the day before the next pattern begins."""

    __tablename__ = "roster_patterns"
    __table_args__ = (
        UniqueConstraint("body_id", "from_on"),
        CheckConstraint(f"cycle_days BETWEEN 1 AND {MAX_CYCLE_DAYS}", name="cycle"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    cycle_days: Mapped[int]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lines: Mapped[list["RosterLine"]] = relationship(
        back_populates="pattern", cascade="all, delete-orphan", order_by="RosterLine.id"
    )
    body: Mapped[Body] = relationship(viewonly=True)


class RosterLine(Base):
    """A person on duty in a shift for a post, on a day of the pattern's cycle (the first is 1)."""

    __tablename__ = "roster_lines"
    __table_args__ = (UniqueConstraint("pattern_id", "day", "shift_id", "person_id", "post"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pattern_id: Mapped[int] = mapped_column(ForeignKey("roster_patterns.id"))
    day: Mapped[int]
    shift_id: Mapped[int] = mapped_column(ForeignKey("duty_shifts.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    post: Mapped[Post] = mapped_column(words_enum(Post))
    pattern: Mapped[RosterPattern] = relationship(back_populates="lines")
    person: Mapped[Person] = relationship(viewonly=True)


class RosterChange(Base):
    """A change for one day: somebody is on duty besides the pattern, or is not though the pattern says so."""

    __tablename__ = "roster_changes"
    __table_args__ = (UniqueConstraint("on_day", "shift_id", "person_id", "post"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    on: Mapped[date] = mapped_column("on_day")
    shift_id: Mapped[int] = mapped_column(ForeignKey("duty_shifts.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    post: Mapped[Post] = mapped_column(words_enum(Post))
    is_on_duty: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    person: Mapped[Person] = relationship(foreign_keys=[person_id], viewonly=True)


class DutyContact(Base):
    """Who is called for a body, in the order of `position`; the phone is sealed. With an account, notices reach him."""

    __tablename__ = "duty_contacts"
    __table_args__ = (UniqueConstraint("body_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(ForeignKey("bodies.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(64))
    phone_sealed: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    body: Mapped[Body] = relationship(viewonly=True)
    person: Mapped[Person | None] = relationship(viewonly=True)

    @property
    def reached_id(self) -> int | None:
        """The person whom a notice reaches; nobody without an account, nor where its person has left."""
        person = self.person
        if person is None or (person.ended_on is not None and person.ended_on <= clock.today()):
            return None
        return person.id


class HandOver(Base):
    """What a shift leaves to the next: open matters in words, the urgent and overdue cases then. Only ever added.

    The cases are kept as their keys, a list in JSON.
    """

    __tablename__ = "hand_overs"
    __table_args__ = (UniqueConstraint("shift_id", "on_day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shift_id: Mapped[int] = mapped_column(ForeignKey("duty_shifts.id"))
    on: Mapped[date] = mapped_column("on_day")
    matters: Mapped[str] = mapped_column(Text)
    urgent_cases: Mapped[str] = mapped_column(Text)
    overdue_cases: Mapped[str] = mapped_column(Text)
    left_by: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    left_at: Mapped[datetime] = mapped_column(UtcDateTime)
    shift: Mapped[DutyShift] = relationship(viewonly=True)
    leaver: Mapped[Person] = relationship(viewonly=True)
    receipt: Mapped["HandOverReceipt | None"] = relationship(viewonly=True)


class HandOverReceipt(Base):
    """That who comes has taken a hand-over, with what he noted. Only ever added."""

    __tablename__ = "hand_over_receipts"

    id: Mapped[int] = mapped_column(primary_key=True)
    hand_over_id: Mapped[int] = mapped_column(ForeignKey("hand_overs.id"), unique=True)
    remark: Mapped[str] = mapped_column(Text)
    taken_by: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taker: Mapped[Person] = relationship(viewonly=True)
