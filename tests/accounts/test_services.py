"""What administrators may do, where, and what is refused."""

import pytest
from sqlalchemy import select

from cityops.accounts import administration, queries, services, tokens
from cityops.accounts.models import ApiToken, AuditAction, AuditEntry
from cityops.accounts.passwords import check_strength, generate
from cityops.accounts.posts import Post
from cityops.accounts.services import NewPost
from cityops.clock import today
from cityops.errors import CityopsError, Invalid, NotAllowed, NotFound
from tests.accounts.conftest import add


def viewer(session, username: str):
    return queries.find_viewer_by_username(session, username, today())


def new_person(session, by: str, username: str = "newcomer", *posts: NewPost):
    return services.add_person(
        session, viewer(session, by), username=username, name="新人", password_hash="!", posts=posts
    )


def test_an_administrator_of_a_part_sees_the_people_of_that_part(organisation):
    with organisation.reading() as session:
        east = administration.list_persons(session, viewer(session, "east-admin"))
        everybody = administration.list_persons(session, viewer(session, "admin"))
        assert [person.username for person in east] == ["east-admin", "east-operator"]
        assert len(everybody) == 5
        assert administration.count_persons(session, viewer(session, "east-admin")) == 2
        with pytest.raises(NotFound):
            administration.get_person(session, viewer(session, "east-admin"), "operator")
        with pytest.raises(NotAllowed):
            administration.list_persons(session, viewer(session, "operator"))


def test_people_are_paged_by_user_name(organisation):
    with organisation.reading() as session:
        first = administration.list_persons(session, None, limit=2)
        second = administration.list_persons(session, None, after=first[-1].username, limit=2)
        found = administration.list_persons(session, None, q="night")
        assert [each.username for each in (*first, *second)] == ["admin", "east-admin", "east-operator", "night"]
        assert [each.username for each in found] == ["night"]


@pytest.mark.parametrize(
    ("post", "refusal"),
    [
        (NewPost(Post.OPERATOR, "lamps", "east"), NotFound),
        (NewPost(Post.OPERATOR, "east-centre", "city"), NotAllowed),
        (NewPost(Post.ADMINISTRATOR, "city", "city"), NotFound),
        (None, Invalid),
    ],
)
def test_an_administrator_of_a_part_gives_no_more_than_his_own(organisation, post, refusal):
    with pytest.raises(refusal), organisation.transaction() as session:
        new_person(session, "east-admin", "newcomer", *([post] if post else []))
    with organisation.reading() as session:
        assert viewer(session, "newcomer") is None, "nothing is half done"


def test_an_administrator_of_a_part_adds_people_there(organisation):
    with organisation.transaction() as session:
        new_person(session, "east-admin", "newcomer", NewPost(Post.OPERATOR, "east-centre", "east"))
    with organisation.reading() as session:
        assert viewer(session, "newcomer").posts == (Post.OPERATOR,)


def test_who_also_holds_a_post_elsewhere_is_left_to_the_city(organisation):
    with organisation.transaction() as session:
        both = add(session, "both", NewPost(Post.OPERATOR, "east-centre", "east"))
        services.give_post(session, None, both, NewPost(Post.ADMINISTRATOR, "city", "city"))
    for change in (
        lambda session, by: services.set_password(session, by, "both", "!"),
        lambda session, by: services.end_person(session, by, "both"),
        lambda session, by: tokens.create_token(session, by, "both"),
    ):
        with pytest.raises(NotAllowed), organisation.transaction() as session:
            change(session, viewer(session, "east-admin"))


@pytest.mark.parametrize("username", ["operator", "OPERATOR ", "x", "林", "a b", "-dash", "a" * 65 + "/"])
def test_a_user_name_is_unique_and_plain(organisation, username):
    with pytest.raises(Invalid) as refused, organisation.transaction() as session:
        new_person(session, "admin", username)
    assert refused.value.field == "username"


def test_nobody_ends_the_own_access(organisation):
    with pytest.raises(Invalid), organisation.transaction() as session:
        services.end_person(session, viewer(session, "admin"), "admin")


def test_an_ended_post_is_not_held_any_more(organisation):
    with organisation.transaction() as session:
        admin = viewer(session, "admin")
        held = administration.get_person(session, admin, "night").posts
        services.end_post(session, admin, "night", min(each.id for each in held))
    with organisation.reading() as session:
        assert viewer(session, "night").posts == (Post.DISPATCHER,)


def test_every_act_of_an_administrator_is_recorded(organisation):
    with organisation.transaction() as session:
        admin = viewer(session, "admin")
        new_person(session, "admin", "newcomer", NewPost(Post.HANDLER, "lamps", "city"))
        tokens.create_token(session, admin, "newcomer")
        tokens.revoke_token(session, admin, session.scalars(select(ApiToken.id)).one())
        services.set_password(session, admin, "newcomer", "!")
        services.end_person(session, admin, "newcomer")
        person_id = admin.person_id
    with organisation.reading() as session:
        found = session.scalars(
            select(AuditEntry.action).where(AuditEntry.person_id == person_id).order_by(AuditEntry.id)
        )
        assert list(found) == [
            AuditAction.PERSON_ADDED,
            AuditAction.POST_GIVEN,
            AuditAction.TOKEN_CREATED,
            AuditAction.TOKEN_REVOKED,
            AuditAction.PASSWORD_SET,
            AuditAction.PERSON_ENDED,
        ]
        assert len(administration.list_audit(session, viewer(session, "admin"), username="admin")) == 6
        assert administration.list_audit(session, viewer(session, "east-admin")) == []


@pytest.mark.parametrize(
    "span", [("330212", "330213"), ("330212000000", "330211000000"), ("33021200000a", "33021200000a")]
)
def test_a_jurisdiction_has_ranges_of_community_codes(organisation, span):
    with pytest.raises(Invalid) as refused, organisation.transaction() as session:
        services.add_jurisdiction(session, None, code="odd", name="怪", name_en="Odd", ranges=[span])
    assert refused.value.field == "ranges"


@pytest.mark.parametrize("password", ["short", "a" * 201, "aaaaaaaaaaaa", "my-operator-1", ""])
def test_a_weak_password_is_refused(password):
    with pytest.raises(CityopsError):
        check_strength("operator", password)


def test_a_made_password_is_strong_and_never_the_same():
    made = {generate() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        check_strength("operator", password)
