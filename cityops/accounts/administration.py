"""What administrators see: persons, tokens and the audit list of the bodies they administer.

An administrator whose jurisdiction is the whole city administers all; another one the subtree of the own body.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from cityops import clock
from cityops.accounts.bodies import existing
from cityops.accounts.models import ApiToken, AuditEntry, Body, Jurisdiction, JurisdictionRange, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.accounts.queries import NO_BODY, NO_JURISDICTION, NO_PERSON, find_body, find_jurisdiction
from cityops.accounts.viewer import Viewer
from cityops.errors import NotAllowed, NotFound
from cityops.words import N_

MAX_PAGE = 200


def must_administer(viewer: Viewer | None) -> None:
    """Refuse who is no administrator; None stands for the command line, which may all.

    Raises:
        NotAllowed: the viewer does not hold the post.
    """
    if viewer is not None and not viewer.has(Post.ADMINISTRATOR):
        raise NotAllowed(N_("Only an administrator may do this."))


def is_city_administrator(viewer: Viewer | None) -> bool:
    """Whether the viewer administers the whole city."""
    return viewer is None or any(held.is_city_wide for held in viewer.holding(Post.ADMINISTRATOR))


def _bodies_of(viewer: Viewer) -> ColumnElement[bool]:
    paths = [Body.path.startswith(held.body_path) for held in viewer.holding(Post.ADMINISTRATOR)]
    return or_(*paths) if paths else ~true()


def _holds_post(inside: ColumnElement[bool]) -> ColumnElement[bool]:
    day = clock.today()
    return exists().where(
        and_(
            PersonPost.person_id == Person.id,
            or_(PersonPost.until_on.is_(None), PersonPost.until_on >= day),
            Body.id == PersonPost.body_id,
            inside,
        )
    )


def _seen_by(viewer: Viewer | None) -> ColumnElement[bool]:
    """Persons with a post, now or later, in what the viewer administers."""
    if viewer is None or is_city_administrator(viewer):
        return true()
    return _holds_post(_bodies_of(viewer))


def list_persons(
    session: Session, viewer: Viewer | None, *, q: str = "", after: str = "", limit: int = 50
) -> Sequence[Person]:
    """Persons that may still sign in, by user name, with their posts, bodies and jurisdictions: three queries.

    Args:
        q: part of a user name or name.
        after: the user name after which the page begins.
    """
    must_administer(viewer)
    found = select(Person).where(
        Person.username > after, _seen_by(viewer), or_(Person.ended_on.is_(None), Person.ended_on > clock.today())
    )
    if q:
        found = found.where(or_(Person.username.contains(q, autoescape=True), Person.name.contains(q, autoescape=True)))
    whole = selectinload(Person.posts).options(joinedload(PersonPost.body), joinedload(PersonPost.jurisdiction))
    return session.scalars(found.order_by(Person.username).limit(min(limit, MAX_PAGE)).options(whole)).all()


def get_person(session: Session, viewer: Viewer | None, username: str) -> Person:
    """The person of this user name with posts, to be administered.

    Raises:
        NotFound: there is none, or no post of theirs lies in what the viewer administers.
        NotAllowed: they also hold a post elsewhere, so only an administrator above may change them.
    """
    must_administer(viewer)
    person = session.scalar(
        select(Person)
        .where(Person.username == username, _seen_by(viewer))
        .options(selectinload(Person.posts).options(joinedload(PersonPost.body), joinedload(PersonPost.jurisdiction)))
    )
    if person is None:
        raise NotFound(NO_PERSON, name=username[:64])
    if viewer is not None and not is_city_administrator(viewer):
        elsewhere = select(Person.id).where(Person.id == person.id, _holds_post(~_bodies_of(viewer)))
        if session.scalar(elsewhere) is not None:
            raise NotAllowed(
                N_("%(name)s also holds a post elsewhere: ask the city's administrator."), name=person.name
            )
    return person


def get_own_body(session: Session, viewer: Viewer | None, code: str) -> Body:
    """The body of this code, if the viewer administers it.

    Raises:
        NotFound: there is none, or it lies outside.
    """
    body = find_body(session, code)
    if body is None or not _administers(viewer, body):
        raise NotFound(NO_BODY, code=code[:32])
    return body


def get_own_jurisdiction(session: Session, viewer: Viewer | None, code: str) -> Jurisdiction:
    """The jurisdiction of this code, if it is not wider than the viewer's own.

    Raises:
        NotFound: there is none.
        NotAllowed: it reaches beyond the administrator's own.
    """
    jurisdiction = find_jurisdiction(session, code)
    if jurisdiction is None:
        raise NotFound(NO_JURISDICTION, code=code[:32])
    if viewer is None or is_city_administrator(viewer):
        return jurisdiction
    spans = session.scalars(select(JurisdictionRange).where(JurisdictionRange.jurisdiction_id == jurisdiction.id)).all()
    own = [span for held in viewer.holding(Post.ADMINISTRATOR) for span in held.ranges]
    covered = all(any(low <= each.code_from and each.code_until <= high for low, high in own) for each in spans)
    if jurisdiction.is_city_wide or not covered:
        raise NotAllowed(N_("The jurisdiction %(code)s reaches beyond yours."), code=code)
    return jurisdiction


def list_own_bodies(session: Session, viewer: Viewer) -> Sequence[Body]:
    """The bodies a viewer administers that have not ended, by code."""
    must_administer(viewer)
    inside = true() if is_city_administrator(viewer) else _bodies_of(viewer)
    return session.scalars(select(Body).where(inside, existing(clock.today())).order_by(Body.code)).all()


def list_tokens(session: Session, viewer: Viewer, *, before: int | None = None, limit: int = 50) -> Sequence[ApiToken]:
    """Tokens that still work, newest first, with their persons."""
    must_administer(viewer)
    found = (
        select(ApiToken)
        .join(ApiToken.person)
        .where(_seen_by(viewer), ApiToken.revoked_at.is_(None), ApiToken.expires_at > clock.now())
        .options(joinedload(ApiToken.person))
    )
    if before is not None:
        found = found.where(ApiToken.id < before)
    return session.scalars(found.order_by(ApiToken.id.desc()).limit(min(limit, MAX_PAGE))).all()


def list_audit(
    session: Session, viewer: Viewer, *, username: str = "", before: int | None = None, limit: int = 50
) -> Sequence[AuditEntry]:
    """The audit list, newest first, with persons; an administrator of a part sees the entries of its people."""
    must_administer(viewer)
    found = select(AuditEntry).outerjoin(AuditEntry.person).options(joinedload(AuditEntry.person))
    if not is_city_administrator(viewer):
        found = found.where(Person.id.is_not(None), _seen_by(viewer))
    if username:
        found = found.where(Person.username == username)
    if before is not None:
        found = found.where(AuditEntry.id < before)
    return session.scalars(found.order_by(AuditEntry.id.desc()).limit(min(limit, MAX_PAGE))).all()


def count_persons(session: Session, viewer: Viewer) -> int:
    """How many persons that may still sign in the viewer administers."""
    must_administer(viewer)
    running = or_(Person.ended_on.is_(None), Person.ended_on > clock.today())
    return session.scalar(select(func.count(Person.id)).where(_seen_by(viewer), running)) or 0


def _administers(viewer: Viewer | None, body: Body) -> bool:
    if viewer is None or is_city_administrator(viewer):
        return True
    return any(body.path.startswith(held.body_path) for held in viewer.holding(Post.ADMINISTRATOR))
