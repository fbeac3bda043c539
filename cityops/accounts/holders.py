"""Who holds a post today, and where: for what is told to a post instead of to a person."""

from collections.abc import Collection

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.bodies import existing
from cityops.accounts.models import Body, Jurisdiction, JurisdictionRange, Person, PersonPost
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost


def list_holders(
    session: Session, posts: Collection[Post], *, body_ids: Collection[int] | None = None
) -> list[tuple[int, HeldPost]]:
    """The persons who hold one of these posts today, each with the post as held; at these bodies where some are given.

    Whoever has left, and the posts of a body that has ended, are not among them.
    """
    on = clock.today()
    spans = and_(
        JurisdictionRange.jurisdiction_id == Jurisdiction.id,
        Jurisdiction.is_city_wide.is_(False),
        JurisdictionRange.from_on <= on,
        or_(JurisdictionRange.until_on.is_(None), JurisdictionRange.until_on >= on),
    )
    found = (
        select(
            PersonPost, Body.path, Jurisdiction.is_city_wide, JurisdictionRange.code_from, JurisdictionRange.code_until
        )
        .join(Person, Person.id == PersonPost.person_id)
        .join(Body, Body.id == PersonPost.body_id)
        .join(Jurisdiction, Jurisdiction.id == PersonPost.jurisdiction_id)
        .outerjoin(JurisdictionRange, spans)
        .where(PersonPost.post.in_(posts), PersonPost.from_on <= on)
        .where(or_(PersonPost.until_on.is_(None), PersonPost.until_on >= on))
        .where(or_(Person.ended_on.is_(None), Person.ended_on > on), existing(on))
        .order_by(PersonPost.id, JurisdictionRange.code_from)
    )
    if body_ids is not None:
        found = found.where(PersonPost.body_id.in_(body_ids))
    held: dict[int, tuple[int, HeldPost]] = {}
    for row, path, is_city_wide, code_from, code_until in session.execute(found):
        spans_before = held[row.id][1].ranges if row.id in held else ()
        ranges = spans_before if code_from is None else (*spans_before, (code_from, code_until))
        held[row.id] = row.person_id, HeldPost(row.post, row.body_id, path, ranges, is_city_wide)
    return list(held.values())
