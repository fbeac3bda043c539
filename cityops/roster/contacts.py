"""The duty list: who is called for a body, one after another. Phones are sealed, shown masked, and a look is logged."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from cityops import clock
from cityops.accounts import audit
from cityops.accounts.bodies import existing
from cityops.accounts.models import AuditAction, Body, Person
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases.reporter import e164, mask_phone
from cityops.crypto import Keys
from cityops.errors import Invalid, NotAllowed, NotFound
from cityops.roster.models import DutyContact
from cityops.words import N_

KEEPERS = (Post.DUTY_LEADER, Post.ADMINISTRATOR)
CALLERS = (*KEEPERS, Post.OPERATOR, Post.DISPATCHER)


@dataclass(frozen=True)
class ShownContact:
    """A contact as the list shows it: the phone masked."""

    row: DutyContact
    phone: str


def _within(viewer: Viewer, *posts: Post) -> ColumnElement[bool]:
    """The bodies a viewer calls: those under his centre's district or city; an administrator those under his own."""
    held = viewer.holding(*posts)
    paths = ["" if each.is_city_wide else _reach(each) for each in held]
    return or_(*(Body.path.startswith(path) for path in paths)) if paths else Body.id.in_(())


def _reach(held: HeldPost) -> str:
    path = held.body_path
    if held.post is Post.ADMINISTRATOR or path.count("/") < 2:
        return path
    return path.rstrip("/").rpartition("/")[0] + "/"


def list_contacts(session: Session, viewer: Viewer, keys: Keys) -> list[ShownContact]:
    """The duty lists of the bodies that the viewer calls, body by body in the order of calling."""
    found = session.scalars(
        select(DutyContact)
        .join(DutyContact.body)
        .where(_within(viewer, *CALLERS))
        .order_by(Body.code, DutyContact.position)
        .options(contains_eager(DutyContact.body), joinedload(DutyContact.person))
    )
    return [ShownContact(row, mask_phone(keys.unseal(row.phone_sealed))) for row in found]


def list_bodies_to_call(session: Session, viewer: Viewer) -> Sequence[Body]:
    """The bodies whose duty list the viewer keeps, by code."""
    return session.scalars(
        select(Body).where(_within(viewer, *KEEPERS), existing(clock.today())).order_by(Body.code)
    ).all()


def find_duty_list(session: Session) -> dict[int, list[DutyContact]]:
    """The duty list of every body, in the order of calling, each with the account that notices reach."""
    found: dict[int, list[DutyContact]] = {}
    whole = select(DutyContact).order_by(DutyContact.position).options(joinedload(DutyContact.person))
    for row in session.scalars(whole):
        found.setdefault(row.body_id, []).append(row)
    return found


def add_contact(
    session: Session, viewer: Viewer, keys: Keys, *, body_code: str, name: str, phone: str, username: str
) -> DutyContact:
    """Put somebody at the end of a body's duty list; with a user name, notices reach him as well.

    Raises:
        NotFound: no such body among those the viewer keeps the list of.
        Invalid: no name, no telephone number, no such person.
    """
    kept = select(Body).where(Body.code == body_code, existing(clock.today()), _within(viewer, *KEEPERS))
    body = session.scalar(kept.with_for_update())
    if body is None:
        raise NotFound(N_("There is no body %(code)s."), code=body_code[:32])
    words = " ".join(name.split())
    if not 1 <= len(words) <= 64:
        raise Invalid("name", N_("Write a name of 1 to %(longest)s characters."), longest=64)
    person_id = None
    if username:
        person_id = session.scalar(select(Person.id).where(Person.username == username, Person.ended_on.is_(None)))
        if person_id is None:
            raise Invalid("username", N_("There is no person with this user name."))
    last = session.scalar(select(func.max(DutyContact.position)).where(DutyContact.body_id == body.id)) or 0
    contact = DutyContact(body_id=body.id, position=last + 1, name=words, phone_sealed=keys.seal(e164(phone)))
    contact.person_id = person_id
    session.add(contact)
    session.flush()
    audit.record(session, viewer.person_id, AuditAction.DUTY_CONTACT_ADDED, _place(body, contact))
    return contact


def remove_contact(session: Session, viewer: Viewer, contact_id: int) -> None:
    """Take somebody off a duty list.

    Raises:
        NotFound: no such contact in a list that the viewer keeps.
    """
    contact = _get(session, viewer, contact_id, KEEPERS)
    session.delete(contact)
    audit.record(session, viewer.person_id, AuditAction.DUTY_CONTACT_REMOVED, _place(contact.body, contact))


def show_phone(session: Session, viewer: Viewer, keys: Keys, contact_id: int) -> tuple[DutyContact, str]:
    """A contact with the whole number; the look is logged.

    Raises:
        NotAllowed: the viewer calls nobody.
        NotFound: no such contact in a list that the viewer sees.
    """
    if not viewer.has(*CALLERS):
        raise NotAllowed(N_("None of your posts may do this."))
    contact = _get(session, viewer, contact_id, CALLERS)
    audit.record(session, viewer.person_id, AuditAction.PERSONAL_DATA_SHOWN, _place(contact.body, contact))
    return contact, keys.unseal(contact.phone_sealed)


def _place(body: Body, contact: DutyContact) -> str:
    """A contact as the audit list names it: by its place in the list, without personal data."""
    return f"duty list: {body.code} {contact.position}"


def _get(session: Session, viewer: Viewer, contact_id: int, posts: tuple[Post, ...]) -> DutyContact:
    found = session.scalar(
        select(DutyContact)
        .join(DutyContact.body)
        .where(DutyContact.id == contact_id, _within(viewer, *posts))
        .options(contains_eager(DutyContact.body))
    )
    if found is None:
        raise NotFound(N_("There is no such contact."))
    return found
