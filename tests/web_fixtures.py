"""The web application on a database of the test's own, and clients that are signed in.

`tests/conftest.py` offers these to every test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cityops.accounts.tokens import create_token
from cityops.app import create_app, equip
from cityops.config import Config
from cityops.db import Database


@pytest.fixture
def config(db_url: str, tmp_path: Path) -> Config:
    """Settings for a city in the test's own folder and database."""
    home = tmp_path / "home"
    home.mkdir()
    return Config(home=home, database_url=db_url, keys_folder=home / "keys")


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application's pages put together once: that takes longer than most requests. It serves no city yet."""
    home = tmp_path_factory.mktemp("no-city")
    return create_app(Config(home=home, database_url="sqlite://", keys_folder=home / "keys"))


@pytest.fixture
def app(config: Config, assembled: Flask) -> Iterator[Flask]:
    """The application of a city with its tables and no rows; forms need no CSRF token here."""
    settings = dict(assembled.config)
    equip(assembled, config)
    assembled.config.update(TESTING=True, WTF_CSRF_ENABLED=False, RATELIMIT_ENABLED=False)
    yield assembled
    assembled.extensions["cityops"].close()
    assembled.config.clear()
    assembled.config.update(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def as_person(app: Flask, small_city: Database) -> Callable[[str], FlaskClient]:
    """Clients by user name: `as_person("dispatcher")` asks for pages and for the API as that person."""

    def client_of(username: str) -> FlaskClient:
        with small_city.transaction() as session:
            token = create_token(session, None, username)
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return client_of
