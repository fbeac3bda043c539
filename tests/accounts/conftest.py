"""A small organisation, and the application with one more door to try."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from pydantic import BaseModel
from sqlalchemy.orm import Session

from cityops import web
from cityops.accounts import services
from cityops.accounts.models import BodyKind, Person
from cityops.accounts.once import answer_once
from cityops.accounts.passwords import hash_password
from cityops.accounts.posts import Post
from cityops.accounts.services import NewPost
from cityops.app import create_app
from cityops.config import Config
from cityops.db import Database

PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_password(PASSWORD)
EAST = "330212"


class Made(BaseModel):
    number: int


def make_organisation(session: Session) -> None:
    """A city with a lamp department and its crew, an eastern district, and a jurisdiction for each."""
    for code, kind, parent in (
        ("city", BodyKind.CITY, None),
        ("lamps", BodyKind.DEPARTMENT, "city"),
        ("lamps-crew", BodyKind.COMPANY, "lamps"),
        ("east", BodyKind.DISTRICT, "city"),
        ("east-centre", BodyKind.SUPERVISION_CENTRE, "east"),
    ):
        services.add_body(session, None, code=code, name=code, name_en=code, kind=kind, parent=parent)
    services.add_jurisdiction(session, None, code="city", name="全市", name_en="City", is_city_wide=True)
    spans = [(EAST + "000000", EAST + "999999")]
    services.add_jurisdiction(
        session, None, code="east", name="东区", name_en="East", ranges=spans, from_on=date(2020, 1, 1)
    )
    add(session, "operator", NewPost(Post.OPERATOR, "city", "city"))
    add(session, "east-operator", NewPost(Post.OPERATOR, "east-centre", "east"))
    add(session, "admin", NewPost(Post.ADMINISTRATOR, "city", "city"))
    add(session, "east-admin", NewPost(Post.ADMINISTRATOR, "east", "east"))
    add(session, "night", NewPost(Post.OPERATOR, "city", "city"), NewPost(Post.DISPATCHER, "city", "city"))


def add(session: Session, username: str, *posts: NewPost, is_demo: bool = False) -> Person:
    """A person whose password is PASSWORD."""
    return services.add_person(
        session,
        None,
        username=username,
        name=f"{username} 某",
        password_hash=PASSWORD_HASH,
        posts=posts,
        is_demo=is_demo,
    )


@pytest.fixture
def organisation(db: Database) -> Database:
    with db.transaction() as session:
        make_organisation(session)
    return db


@pytest.fixture
def make_app(organisation: Database, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    made = []

    def make(*, is_limited: bool = False, **changes: object) -> Flask:
        config = Config(home=tmp_path, database_url=organisation.url, keys_folder=tmp_path / "keys", **changes)
        app = create_app(config)
        app.config.update(TESTING=True, RATELIMIT_ENABLED=is_limited)
        app.add_url_rule("/api/v1/made", "make", _make, methods=["POST"])
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["cityops"].close()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


def _make() -> web.Response:
    def work(session, viewer):
        numbers.append(len(numbers) + 1)
        return 201, Made(number=numbers[-1])

    numbers = web.current_app.config.setdefault("NUMBERS", [])
    return answer_once(work)


def csrf_of(page: str) -> str:
    """The CSRF token in a page."""
    return page.split('name="csrf-token" content="')[1].split('"')[0]


def sign_in(client, username: str, password: str = PASSWORD, address: str = "/sign-in"):
    """Sign in as a browser does: the page first, then its form with its CSRF token."""
    token = csrf_of(client.get("/sign-in").text)
    return client.post(address, data={"username": username, "password": password, "csrf_token": token})
