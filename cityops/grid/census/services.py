"""Taking in a census of components: read in portions, checked as a whole, written all or not at all.

Of what was read only numbers stay in memory: a component's code, class, place and accuracy.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from cityops.accounts import queries as accounts
from cityops.accounts.audit import record
from cityops.accounts.models import AuditAction
from cityops.clock import today
from cityops.errors import Invalid
from cityops.grid.census.beside import Numbering, Seen, Standing, tell_shift, tell_twins
from cityops.grid.census.classes import ClassBook
from cityops.grid.census.history import Why
from cityops.grid.census.models import ChangeCause
from cityops.grid.census.rows import Book, Desk
from cityops.grid.census.untold import keep_untold
from cityops.grid.census.writing import write
from cityops.grid.models import Accuracy, GridRevision
from cityops.grid.queries import current_index
from cityops.grid.records import SaidOfFile
from cityops.grid.revisions import bump
from cityops.grid.services import lock_revision
from cityops.grid.sources import Features, count_features, read_features
from cityops.words import N_

PORTION = 50_000


class BadCensus(Invalid):
    """A census that cannot be taken in as it is: it has faults, or warnings that nobody signs; nothing was written."""

    def __init__(self, census: "Census") -> None:
        book = census.book
        if book.errors:
            super().__init__("file", N_("%(errors)s faults: nothing was loaded"), errors=book.errors)
        else:
            reason = N_("%(warnings)s warnings: look at them, and say why they are accepted")
            super().__init__("because", reason, warnings=book.warnings)
        self.census = census


@dataclass(slots=True)
class Census:
    """What became of a census: components begun and renewed, left out on purpose, and what was found."""

    book: Book
    classes: ClassBook
    begun: int = 0
    renewed: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class CensusTerms:
    """What a person says about a census.

    Attributes:
        division: six digits; what has a class and no code gets the next free codes in it.
        accuracy: of what does not say how exactly it was surveyed.
        because: why the warnings are accepted.
        title: what the record of the city's changes calls it.
        person_id: who takes it in; None for the command line.
    """

    division: str | None = None
    accuracy: Accuracy = Accuracy.A
    because: str = ""
    title: str = ""
    person_id: int | None = None


def read_portions(path: Path, asked: SaidOfFile, portion: int = PORTION) -> Iterator[Features]:
    """The features of a file, a portion at a time.

    Raises:
        Invalid: as `sources.read_features` does.
    """
    total = count_features(path, asked.layer)
    for before in range(0, total, portion):
        yield read_features(
            path,
            layer=asked.layer,
            crs=asked.crs,
            mapping=asked.mapping,
            encoding=asked.encoding,
            before=before,
            at_most=portion,
        )


def take_in(
    session: Session,
    portions: Iterable[Features],
    classes: ClassBook,
    terms: CensusTerms,
    *,
    is_rehearsal: bool = False,
    told: Callable[[int], None] = lambda _: None,
) -> Census:
    """Check a census and begin or renew its components by their codes; those that it does not name stay as they are.

    Args:
        is_rehearsal: look at all of it and write nothing, not even where nothing is wrong.
        told: called with the number of features read so far.

    Raises:
        BadCensus: with all that was found; nothing is written.
    """
    if not is_rehearsal:
        lock_revision(session)
    standing, seen = Standing.read(session), Seen()
    desk = _desk(session, classes, terms, standing)
    census, why = Census(desk.book, classes), Why(ChangeCause.CENSUS, terms.title, terms.person_id)
    for features in portions:
        rows = desk.read(features)
        seen.take(rows, desk.book)
        begun = standing.find(rows.codes) < 0
        census.begun += int(begun.sum())
        census.renewed += int((~begun).sum())
        if not is_rehearsal and not desk.book.errors:
            keep_untold(session, rows, ~begun)
            write(session, rows, begun, why)
        told(features.before + len(features))
    census.left_out = desk.left_out
    tell_twins(seen, standing, desk.book)
    tell_shift(seen, standing, desk.book)
    if not is_rehearsal:
        _close(session, census, terms)
    return census


def _desk(session: Session, classes: ClassBook, terms: CensusTerms, standing: Standing) -> Desk:
    if terms.division is not None and not (len(terms.division) == 6 and terms.division.isdecimal()):
        raise Invalid("division", N_("a division has six digits (GB/T 2260)"))
    give_number = Numbering(terms.division, standing.codes).give if terms.division else None
    return Desk(classes, current_index(session), _bodies_by_name(session), today(), terms.accuracy, give_number)


def _close(session: Session, census: Census, terms: CensusTerms) -> None:
    """Refuse what has faults or is not signed for, after all of it was seen; else write down that it was taken in."""
    if census.book.errors or (census.book.warnings and not terms.because.strip()):
        raise BadCensus(census)
    record(session, terms.person_id, AuditAction.GRID_LOADED, terms.title)
    bump(session, GridRevision)


def _bodies_by_name(session: Session) -> dict[str, str]:
    bodies = accounts.list_bodies(session)
    calls = ((body, call) for body in bodies for call in (body.name_en, body.name, body.credit_code, body.code))
    return {call: body.code for body, call in calls if call}
