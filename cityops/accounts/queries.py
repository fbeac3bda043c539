"""What other rooms ask of the accounts room: who somebody is now, bodies, jurisdictions.

A person's viewer is one query, because it runs on every request. Bodies and jurisdictions are the city's organisation
chart, which everybody may see; what only administrators see stands in `administration.py`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, Select, String, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.bodies import existing
from cityops.accounts.models import (
    ApiToken,
    Body,
    BodyKind,
    Jurisdiction,
    JurisdictionRange,
    Person,
    PersonPost,
    SignIn,
)
from cityops.accounts.posts import Post
from cityops.accounts.signing_in import hash_secret
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.db import UtcDateTime, setting
from cityops.errors import NotFound
from cityops.words import N_

NO_PERSON = N_("There is no person %(name)s that you may see.")
NO_BODY = N_("There is no body %(code)s.")
NO_JURISDICTION = N_("There is no jurisdiction %(code)s.")

_ON = bindparam("on", type_=Date)
_HASH = bindparam("hash", type_=String)
_NOW = bindparam("now", type_=UtcDateTime)


def _persons_today() -> Select[*tuple[Any, ...]]:
    held_today = and_(
        PersonPost.person_id == Person.id,
        PersonPost.from_on <= _ON,
        or_(PersonPost.until_on.is_(None), PersonPost.until_on >= _ON),
    )
    spans_today = and_(
        JurisdictionRange.jurisdiction_id == Jurisdiction.id,
        Jurisdiction.is_city_wide.is_(False),
        JurisdictionRange.from_on <= _ON,
        or_(JurisdictionRange.until_on.is_(None), JurisdictionRange.until_on >= _ON),
    )
    return (
        select(
            Person.id,
            Person.username,
            Person.name,
            Person.language,
            Person.is_demo,
            PersonPost.id.label("post_id"),
            PersonPost.post,
            PersonPost.body_id,
            Body.path.label("body_path"),
            Body.ended_on.label("body_ended_on"),
            Jurisdiction.is_city_wide,
            JurisdictionRange.code_from,
            JurisdictionRange.code_until,
        )
        .select_from(Person)
        .outerjoin(PersonPost, held_today)
        .outerjoin(Body, Body.id == PersonPost.body_id)
        .outerjoin(Jurisdiction, Jurisdiction.id == PersonPost.jurisdiction_id)
        .outerjoin(JurisdictionRange, spans_today)
        .where(or_(Person.ended_on.is_(None), Person.ended_on > _ON))
        .order_by(PersonPost.id, JurisdictionRange.code_from)
    )


# Built once: putting these together takes longer than running them.
_BY_ID = _persons_today().where(Person.id == bindparam("person_id"))
_BY_USERNAME = _persons_today().where(Person.username == bindparam("username"))
_BY_SIGN_IN = (
    _persons_today()
    .join(SignIn, SignIn.person_id == Person.id)
    .where(SignIn.secret_hash == _HASH, SignIn.ended_at.is_(None))
)
_BY_TOKEN = (
    _persons_today()
    .join(ApiToken, ApiToken.person_id == Person.id)
    .where(ApiToken.token_hash == _HASH, ApiToken.revoked_at.is_(None), ApiToken.expires_at > _NOW)
)


def load_viewer(
    session: Session, person_id: int, on: date, chosen_post: Post | None = None, several_posts: bool = True
) -> Viewer:
    """The person with the posts held on a day.

    Args:
        on: the day in the city's zone.
        chosen_post: the post whose work comes first; without `several_posts`, the only one the person acts in.
        several_posts: whether the city allows several posts in one shift.

    Raises:
        NotFound: no such person, or ended by that day.
    """
    rows = session.execute(_BY_ID, {"person_id": person_id, "on": on}).all()
    if not rows:
        raise NotFound(NO_PERSON, name=str(person_id))
    return _viewer(rows, on, chosen_post, several_posts)


def find_viewer_by_username(
    session: Session, username: str, on: date, chosen_post: Post | None = None, several_posts: bool = True
) -> Viewer | None:
    """The person of this user name with the posts held on a day; for the command line, the demo and the simulation."""
    rows = session.execute(_BY_USERNAME, {"username": username, "on": on}).all()
    return _viewer(rows, on, chosen_post, several_posts) if rows else None


def find_viewer_by_sign_in(
    session: Session, secret: str, chosen_post: Post | None, several_posts: bool, *, allow_demo: bool = True
) -> Viewer | None:
    """The person of a session that has not ended, with today's posts."""
    on = clock.today()
    rows = session.execute(_BY_SIGN_IN, {"hash": hash_secret(secret), "on": on}).all()
    return _viewer(rows, on, chosen_post, several_posts) if _may(rows, allow_demo) else None


def find_viewer_by_token(
    session: Session, token: str, chosen_post: Post | None, several_posts: bool, *, allow_demo: bool = True
) -> Viewer | None:
    """The person of a bearer token that is neither revoked nor expired, with today's posts."""
    on = clock.today()
    rows = session.execute(_BY_TOKEN, {"hash": hash_secret(token), "on": on, "now": clock.now()}).all()
    return _viewer(rows, on, chosen_post, several_posts) if _may(rows, allow_demo) else None


def _may(rows: Sequence[Any], allow_demo: bool) -> bool:
    return bool(rows) and (allow_demo or not rows[0].is_demo)


def _viewer(rows: Sequence[Any], on: date, chosen_post: Post | None, several_posts: bool) -> Viewer:
    ranges: dict[int, list[tuple[str, str]]] = {}
    first_rows: dict[int, Any] = {}
    for row in rows:
        if row.post_id is None or (row.body_ended_on is not None and row.body_ended_on <= on):
            continue
        first_rows.setdefault(row.post_id, row)
        spans = ranges.setdefault(row.post_id, [])
        if row.code_from is not None:
            spans.append((row.code_from, row.code_until))
    held = [
        HeldPost(row.post, row.body_id, row.body_path, tuple(ranges[post_id]), row.is_city_wide)
        for post_id, row in first_rows.items()
    ]
    choices = tuple(dict.fromkeys(each.post for each in held))
    front = chosen_post if chosen_post in choices else next(iter(choices), None)
    acting = [each for each in held if each.post is front]
    if several_posts:
        acting += [each for each in held if each.post is not front]
    person = rows[0]
    return Viewer(person.id, person.username, person.name, person.language, tuple(acting), choices)


# The first of each post; the others differ from them only in number and body.
DEMO_USERNAMES = (
    "operator",
    "dutyleader",
    "dispatcher",
    "handler",
    "inspector",
    "supervisor",
    "leader",
    "admin",
)


@dataclass(frozen=True)
class DemoSignIn:
    """A sign-in of the demo city, as the sign-in page offers it."""

    username: str
    post: Post
    body_name: str
    body_name_en: str

    def body(self, language: str) -> str:
        """The body's name in a language."""
        return self.body_name_en if language == "en" else self.body_name


def list_demo_sign_ins(session: Session) -> list[DemoSignIn]:
    """The demo's sign-ins, one a post, in the order of a case's life; none where the city is no demo."""
    found = session.execute(
        select(Person.username, PersonPost.post, Body.name, Body.name_en)
        .join(PersonPost, PersonPost.person_id == Person.id)
        .join(Body, Body.id == PersonPost.body_id)
        .where(Person.username.in_(DEMO_USERNAMES), Person.is_demo, Person.ended_on.is_(None))
    )
    by_username = {row.username: DemoSignIn(*row) for row in found}
    return [by_username[username] for username in DEMO_USERNAMES if username in by_username]


def get_body(session: Session, body_id: int) -> Body:
    """A body by its row's key.

    Raises:
        NotFound: there is none.
    """
    body = session.get(Body, body_id)
    if body is None:
        raise NotFound(NO_BODY, code=str(body_id))
    return body


def find_body(session: Session, code: str) -> Body | None:
    """The body of this code, ended or not."""
    return setting(session, ("body", code), lambda: session.scalar(select(Body).where(Body.code == code)))


def find_jurisdiction(session: Session, code: str) -> Jurisdiction | None:
    """The jurisdiction of this code."""
    return session.scalar(select(Jurisdiction).where(Jurisdiction.code == code))


def list_jurisdictions(session: Session) -> Sequence[Jurisdiction]:
    """All jurisdictions by code."""
    return session.scalars(select(Jurisdiction).order_by(Jurisdiction.code)).all()


def list_bodies(session: Session, kinds: Collection[BodyKind] = (), on: date | None = None) -> Sequence[Body]:
    """The bodies that exist on a day (default: today), by code; of these kinds where some are given."""
    day = on or clock.today()
    found = select(Body).where(existing(day)).order_by(Body.code)
    return session.scalars(found.where(Body.kind.in_(kinds)) if kinds else found).all()


def find_bodies(session: Session, body_ids: Collection[int]) -> dict[int, Body]:
    """The bodies with these keys, by key, closed ones as well."""
    return {body.id: body for body in session.scalars(select(Body).where(Body.id.in_(body_ids)))}


def body_tree(bodies: Iterable[Body]) -> list[tuple[int, Body]]:
    """Bodies in the order of their tree, each with its depth; one whose parent is not among them stands at the top."""
    children: dict[int | None, list[Body]] = {}
    known = {body.id: body for body in bodies}
    for body in known.values():
        children.setdefault(body.parent_id if body.parent_id in known else None, []).append(body)
    ordered: list[tuple[int, Body]] = []
    waiting = [(0, body) for body in reversed(children.get(None, []))]
    while waiting:
        depth, body = waiting.pop()
        ordered.append((depth, body))
        waiting.extend((depth + 1, child) for child in reversed(children.get(body.id, [])))
    return ordered
