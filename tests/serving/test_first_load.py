"""The first start: tables, keys, and the demo city loaded once, even when it is killed in the middle."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cityops import schema
from cityops.accounts.models import Body
from cityops.config import Config
from cityops.errors import BadSetting
from cityops.serving import first_load
from cityops.workshop import Workshop
from tests.factories import make_city


class Killed(BaseException):
    """Stands for a SIGKILL: nothing after it runs."""


@pytest.fixture
def workshop(db_url: str, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(Config(home=tmp_path, database_url=db_url, keys_folder=tmp_path / "keys"))
    yield made
    made.close()


def loader(workshop: Workshop, *, dies: bool = False) -> Callable[[], None]:
    def load() -> None:
        with workshop.transaction() as session:
            make_city(session)
        if dies:
            raise Killed

    return load


def count_bodies(workshop: Workshop) -> int:
    with workshop.reading() as session:
        return session.query(Body).count()


def test_an_empty_city_is_loaded_once(workshop: Workshop) -> None:
    said: list[str] = []
    assert first_load.load_once(workshop, loader(workshop), said.append)
    count = count_bodies(workshop)
    assert not first_load.load_once(workshop, loader(workshop), said.append)
    assert count_bodies(workshop) == count
    assert said == []


def test_a_load_that_was_killed_is_begun_anew_and_leaves_nothing_double(workshop: Workshop) -> None:
    said: list[str] = []
    with pytest.raises(Killed):
        first_load.load_once(workshop, loader(workshop, dies=True), said.append)
    count = count_bodies(workshop)
    assert count > 0
    assert first_load.load_once(workshop, loader(workshop), said.append)
    assert count_bodies(workshop) == count
    assert len(said) == 1
    assert not first_load.load_once(workshop, loader(workshop), said.append)


def test_a_city_that_is_not_the_demo_is_never_touched(workshop: Workshop) -> None:
    with workshop.transaction() as session:
        make_city(session)
    assert not first_load.load_once(workshop, loader(workshop, dies=True), print)


def test_tables_are_made_and_making_them_again_changes_nothing(empty_db_url: str) -> None:
    first_load.make_tables(empty_db_url)
    first_load.make_tables(empty_db_url)
    assert schema.revision_of(empty_db_url) == schema.head()


def test_keys_are_made_with_a_new_city_and_never_for_one_that_has_lost_them(empty_db_url: str, tmp_path: Path) -> None:
    config = Config(home=tmp_path, database_url=empty_db_url, keys_folder=tmp_path / "keys")
    first_load.make_keys(config)
    first_load.make_tables(empty_db_url)
    first_load.make_keys(config)
    (tmp_path / "keys" / "lookup.key").unlink()
    with pytest.raises(BadSetting, match="lookup.key is missing"):
        first_load.make_keys(config)


def test_production_makes_no_keys(empty_db_url: str, tmp_path: Path) -> None:
    config = Config(home=tmp_path, database_url=empty_db_url, keys_folder=tmp_path / "keys", production=True)
    with pytest.raises(BadSetting, match="is missing"):
        first_load.make_keys(config)
    assert not list(tmp_path.glob("keys/*.key"))


def test_a_database_that_does_not_answer_is_one_sentence() -> None:
    with pytest.raises(BadSetting, match="check DATABASE_URL"):
        first_load.make_tables("postgresql+psycopg://nobody@127.0.0.1:1/nothing")


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "city.sqlite3"
    path.write_text("a letter, " * 1_000)
    with pytest.raises(BadSetting, match="check DATABASE_URL"):
        first_load.make_tables(f"sqlite:///{path}")
