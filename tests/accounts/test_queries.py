"""Who somebody is on a day: posts with dates, jurisdictions with dates, the chosen post, one query."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from cityops import clock
from cityops.accounts import queries, services, tokens
from cityops.accounts.administration import get_person
from cityops.accounts.models import ApiToken, Body, JurisdictionRange
from cityops.accounts.posts import Post
from cityops.accounts.services import NewPost
from cityops.errors import NotFound
from tests.accounts.conftest import EAST, add

TODAY = clock.today()


def viewer_on(session, username: str, day: date):
    return queries.find_viewer_by_username(session, username, day)


def test_a_post_is_held_from_its_first_day_to_its_last(organisation):
    first, last = TODAY + timedelta(days=3), TODAY + timedelta(days=5)
    with organisation.transaction() as session:
        add(session, "holiday", NewPost(Post.HANDLER, "lamps", "city", first, last))
    with organisation.reading() as session:
        held = [viewer_on(session, "holiday", first + timedelta(days=shift)).posts for shift in range(-1, 4)]
    assert held == [(), (Post.HANDLER,), (Post.HANDLER,), (Post.HANDLER,), ()]


def test_a_jurisdiction_is_a_dated_set_of_ranges(organisation):
    day = date(2026, 7, 1)
    with organisation.transaction() as session:
        spans = session.scalars(select(JurisdictionRange)).one()
        spans.until_on = day - timedelta(days=1)
        moved = JurisdictionRange(code_from="330213000000", code_until="330213999999", from_on=day)
        moved.jurisdiction_id = spans.jurisdiction_id
        session.add(moved)
        add(session, "old-hand", NewPost(Post.OPERATOR, "east-centre", "east", date(2020, 1, 1)))
    with organisation.reading() as session:
        before = viewer_on(session, "old-hand", day - timedelta(days=1)).held[0]
        after = viewer_on(session, "old-hand", day).held[0]
    assert before.ranges == ((EAST + "000000", EAST + "999999"),)
    assert after.ranges == (("330213000000", "330213999999"),)
    assert after.covers("330213001001") and not after.covers(EAST + "001001") and not after.covers(None)


def test_a_post_at_an_ended_body_is_not_held(organisation):
    with organisation.transaction() as session:
        session.scalars(select(Body).where(Body.code == "east-centre")).one().ended_on = TODAY
    with organisation.reading() as session:
        assert viewer_on(session, "east-operator", TODAY).held == ()
        assert viewer_on(session, "east-operator", TODAY - timedelta(days=1)) is not None


@pytest.mark.parametrize("chosen", [Post.OPERATOR, Post.DISPATCHER])
def test_the_chosen_post_comes_first_and_the_others_stay(organisation, chosen):
    with organisation.reading() as session:
        viewer = queries.find_viewer_by_username(session, "night", TODAY, chosen)
    assert viewer.post is chosen
    assert set(viewer.posts) == {Post.OPERATOR, Post.DISPATCHER}


def test_without_several_posts_only_the_chosen_one_is_held(organisation):
    with organisation.reading() as session:
        first = queries.find_viewer_by_username(session, "night", TODAY, None, False)
        other = queries.find_viewer_by_username(session, "night", TODAY, Post.DISPATCHER, False)
        never = queries.find_viewer_by_username(session, "night", TODAY, Post.ADMINISTRATOR, False)
    assert (first.posts, other.posts) == ((Post.OPERATOR,), (Post.DISPATCHER,))
    assert never.posts == (Post.OPERATOR,), "a post that is not held cannot be chosen"
    assert first.choices == other.choices == (Post.OPERATOR, Post.DISPATCHER)


def test_an_ended_person_is_nobody(organisation):
    with organisation.transaction() as session:
        person_id = services.end_person(session, None, "operator").id
    with organisation.reading() as session, pytest.raises(NotFound):
        queries.load_viewer(session, person_id, TODAY)


def test_a_viewer_is_one_query(organisation):
    with organisation.transaction() as session:
        token = tokens.create_token(session, None, "east-operator")
    asked = []
    event.listen(organisation.reader, "before_cursor_execute", lambda *args: asked.append(args[2]))
    with organisation.reading() as session:
        viewer = queries.find_viewer_by_token(session, token, None, True)
    assert viewer is not None and viewer.username == "east-operator"
    assert len([statement for statement in asked if statement != "BEGIN"]) == 1


def test_a_token_works_until_it_expires_or_is_revoked(organisation):
    with organisation.transaction() as session:
        token = tokens.create_token(session, None, "operator", days=2)
        assert token not in session.scalars(select(ApiToken)).one().token_hash

    def works() -> bool:
        with organisation.reading() as session:
            return queries.find_viewer_by_token(session, token, None, True) is not None

    assert works()
    with clock.running_at(clock.now() + timedelta(days=2)):
        assert not works()
    with organisation.transaction() as session:
        tokens.revoke_token_text(session, token + "\n")
    assert not works()


def test_ending_a_person_revokes_the_tokens(organisation):
    with organisation.transaction() as session:
        token = tokens.create_token(session, None, "operator")
        services.end_person(session, None, "operator")
        get_person(session, None, "operator").ended_on = None
    with organisation.reading() as session:
        assert queries.find_viewer_by_token(session, token, None, True) is None


def test_the_tree_of_bodies_is_in_order_with_depths(organisation):
    with organisation.reading() as session:
        tree = [(depth, body.code) for depth, body in queries.body_tree(queries.list_bodies(session))]
        crew = queries.find_body(session, "lamps-crew")
        assert crew.path == f"{crew.parent_id - 1}/{crew.parent_id}/{crew.id}/"
    assert tree == [(0, "city"), (1, "east"), (2, "east-centre"), (1, "lamps"), (2, "lamps-crew")]
