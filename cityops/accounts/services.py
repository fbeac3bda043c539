"""The verbs of the accounts room: people, their posts and passwords, tokens, bodies, jurisdictions.

Every one of them is for an administrator, and leaves an entry in the audit list. `viewer` None is the command line: who
can run it on the city's machine may do all. Hashes come ready made: hashing is too slow for an open transaction.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts import administration, audit
from cityops.accounts.models import (
    AuditAction,
    Body,
    BodyKind,
    Jurisdiction,
    JurisdictionRange,
    Person,
    PersonPost,
)
from cityops.accounts.posts import Post
from cityops.accounts.queries import find_body, find_jurisdiction
from cityops.accounts.signing_in import end_sessions, normal_username
from cityops.accounts.tokens import revoke_all
from cityops.accounts.viewer import Viewer
from cityops.credit_codes import is_credit_code
from cityops.errors import Invalid, NotFound
from cityops.words import N_


@dataclass(frozen=True)
class NewPost:
    """A post to give: where, over which jurisdiction (both by code), from and until which day (both included)."""

    post: Post
    body: str
    jurisdiction: str
    from_on: date | None = None
    until_on: date | None = None


def add_person(
    session: Session,
    viewer: Viewer | None,
    *,
    username: str,
    name: str,
    password_hash: str,
    posts: Iterable[NewPost] = (),
    is_demo: bool = False,
    language: str = "zh_CN",
) -> Person:
    """Add a person with posts.

    Raises:
        Invalid: the user name is taken or not one; no name; no post, where it is given in a part of the city.
        NotFound, NotAllowed: a body or jurisdiction outside what the viewer administers.
    """
    administration.must_administer(viewer)
    wanted = list(posts)
    person = Person(
        username=_checked_username(session, username),
        name=_checked_name("name", name, 64),
        password_hash=password_hash,
        is_demo=is_demo,
        language=language,
        created_at=clock.now(),
        posts=[],
    )
    if not wanted and not administration.is_city_administrator(viewer):
        raise Invalid("post", N_("Give the person a post: without one you could not see them."))
    session.add(person)
    session.flush()
    _record(session, viewer, AuditAction.PERSON_ADDED, person.username)
    for new in wanted:
        give_post(session, viewer, person, new)
    return person


def end_person(session: Session, viewer: Viewer | None, username: str) -> Person:
    """End a person's access at once: sessions, tokens and sign-in. The row stays, because history names it."""
    person = administration.get_person(session, viewer, username)
    if viewer is not None and person.id == viewer.person_id:
        raise Invalid("username", N_("You cannot end your own access: ask another administrator."))
    person.ended_on = clock.today()
    end_sessions(session, person.id)
    revoke_all(session, person.id)
    _record(session, viewer, AuditAction.PERSON_ENDED, person.username)
    return person


def set_password(session: Session, viewer: Viewer | None, username: str, password_hash: str) -> Person:
    """Give a person a new password; the lock opens, and every session and token of theirs ends."""
    person = administration.get_person(session, viewer, username)
    person.password_hash = password_hash
    person.failed_sign_ins, person.locked_until_at = 0, None
    end_sessions(session, person.id)
    _record(session, viewer, AuditAction.PASSWORD_SET, person.username)
    if revoke_all(session, person.id):
        _record(session, viewer, AuditAction.TOKEN_REVOKED, person.username)
    return person


def give_post(session: Session, viewer: Viewer | None, person: Person, new: NewPost) -> PersonPost:
    """Give a person a post, from today unless a day is said.

    Raises:
        Invalid: the days are the wrong way round.
        NotFound, NotAllowed: a body or jurisdiction outside what the viewer administers.
    """
    administration.must_administer(viewer)
    from_on = new.from_on or clock.today()
    if new.until_on is not None and new.until_on < from_on:
        raise Invalid("until_on", N_("The last day lies before the first."))
    held = PersonPost(
        person=person,
        post=new.post,
        body=administration.get_own_body(session, viewer, new.body),
        jurisdiction=administration.get_own_jurisdiction(session, viewer, new.jurisdiction),
        from_on=from_on,
        until_on=new.until_on,
    )
    session.add(held)
    _record(session, viewer, AuditAction.POST_GIVEN, f"{person.username}: {new.post} {new.body} {new.jurisdiction}")
    return held


def end_post(session: Session, viewer: Viewer | None, username: str, post_id: int) -> PersonPost:
    """End one of a person's posts at once: yesterday was its last day."""
    person = administration.get_person(session, viewer, username)
    held = next((each for each in person.posts if each.id == post_id), None)
    if held is None:
        raise NotFound(N_("This post is not held any more."))
    held.until_on = clock.today() - timedelta(days=1)
    _record(session, viewer, AuditAction.POST_ENDED, f"{person.username}: {held.post} {held.body.code}")
    return held


def choose_language(session: Session, person_id: int, language: str) -> None:
    """Keep the language a person reads: one's own choice, so no administrator is needed."""
    session.execute(update(Person).where(Person.id == person_id).values(language=language))


def add_body(
    session: Session,
    viewer: Viewer | None,
    *,
    code: str,
    name: str,
    name_en: str,
    kind: BodyKind,
    parent: str | None = None,
    credit_code: str = "",
) -> Body:
    """Add a body under another one (by code), or as a root of the tree.

    Raises:
        Invalid: a code is taken or not one; no name.
        NotFound: the parent is not there or not administered by the viewer.
        NotAllowed: a root, by who does not administer the whole city.
    """
    administration.must_administer(viewer)
    if parent is None and not administration.is_city_administrator(viewer):
        raise Invalid("parent", N_("Choose the body this one belongs to."))
    above = None if parent is None else administration.get_own_body(session, viewer, parent)
    if above is not None and above.ended_on is not None:
        raise Invalid("parent", N_("%(code)s is closed or is to close: choose a body that stays."), code=above.code)
    if find_body(session, code) is not None:
        raise Invalid("code", N_("The code %(code)s is taken."), code=code)
    body = Body(
        code=_checked_code(code),
        name=_checked_name("name", name, 100),
        name_en=_checked_name("name_en", name_en, 100),
        kind=kind,
        parent_id=above and above.id,
        path="",
        credit_code=_checked_credit_code(session, credit_code, None),
    )
    session.add(body)
    session.flush()
    body.path = f"{above.path if above else ''}{body.id}/"
    session.flush()
    _record(session, viewer, AuditAction.BODY_ADDED, body.code)
    return body


def set_credit_code(session: Session, viewer: Viewer | None, code: str, credit_code: str) -> Body:
    """Set the unified social credit code of a body; an empty one takes it away.

    Raises:
        NotFound: no such body, or not administered by the viewer.
        Invalid: field `credit_code`; it is none, or another body's.
    """
    administration.must_administer(viewer)
    body = administration.get_own_body(session, viewer, code)
    body.credit_code = _checked_credit_code(session, credit_code, body)
    _record(session, viewer, AuditAction.BODY_CREDIT_CODE_SET, f"{body.code} {body.credit_code or ''}".strip())
    return body


def add_jurisdiction(
    session: Session,
    viewer: Viewer | None,
    *,
    code: str,
    name: str,
    name_en: str,
    ranges: Iterable[tuple[str, str]] = (),
    is_city_wide: bool = False,
    from_on: date | None = None,
) -> Jurisdiction:
    """Add a jurisdiction: ranges of 12-digit community codes, both ends included, from a day on (default: today).

    Raises:
        Invalid: the code is taken or not one, or a range is not two community codes in order.
        NotAllowed: the viewer does not administer the whole city.
    """
    administration.must_administer(viewer)
    if not administration.is_city_administrator(viewer):
        raise Invalid("code", N_("Only the city's administrator adds jurisdictions."))
    if find_jurisdiction(session, code) is not None:
        raise Invalid("code", N_("The code %(code)s is taken."), code=code)
    spans = list(ranges)
    for low, high in spans:
        if not re.fullmatch(r"\d{12}", low) or not re.fullmatch(r"\d{12}", high) or low > high:
            raise Invalid(
                "ranges", N_("%(low)s to %(high)s is not a range of 12-digit community codes."), low=low, high=high
            )
    day = from_on or clock.today()
    jurisdiction = Jurisdiction(
        code=_checked_code(code),
        name=_checked_name("name", name, 100),
        name_en=_checked_name("name_en", name_en, 100),
        is_city_wide=is_city_wide,
        ranges=[JurisdictionRange(code_from=low, code_until=high, from_on=day) for low, high in spans],
    )
    session.add(jurisdiction)
    session.flush()
    _record(session, viewer, AuditAction.JURISDICTION_ADDED, jurisdiction.code)
    return jurisdiction


def _record(session: Session, viewer: Viewer | None, action: AuditAction, subject: str) -> None:
    audit.record(session, viewer.person_id if viewer else None, action, subject)


def _checked_username(session: Session, username: str) -> str:
    name = normal_username(username)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,63}", name):
        raise Invalid("username", N_("A user name is 2 to 64 letters, digits, dots or hyphens."))
    if session.scalar(select(Person.id).where(Person.username == name)) is not None:
        raise Invalid("username", N_("The user name %(name)s is taken."), name=name)
    return name


def _checked_name(field: str, text: str, longest: int) -> str:
    name = " ".join(text.split())
    if not name or len(name) > longest or not name.isprintable():
        raise Invalid(field, N_("Write a name of 1 to %(longest)s characters."), longest=longest)
    return name


def _checked_credit_code(session: Session, given: str, own: Body | None) -> str | None:
    code = "".join(given.split()).upper()
    if not code:
        return None
    if not is_credit_code(code):
        reason = N_("%(code)s is no unified social credit code: 18 signs, of which the last checks the others")
        raise Invalid("credit_code", reason, code=code[:40])
    other = session.scalar(select(Body).where(Body.credit_code == code))
    if other is not None and other is not own:
        raise Invalid("credit_code", N_("This is the credit code of %(name)s."), name=other.name)
    return code


def _checked_code(code: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", code):
        raise Invalid("code", N_("A code is 1 to 32 letters, digits, dots or hyphens."))
    return code
