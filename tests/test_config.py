"""Settings: whole defaults, and one sentence for the first bad one."""

from pathlib import Path

import pytest

from cityops.config import Config
from cityops.errors import BadSetting


def test_nothing_set_is_a_city_in_var_on_sqlite_and_port_8310() -> None:
    config = Config.from_env({})
    assert (config.home, config.port, config.redis_url) == (Path("var").absolute(), 8310, None)
    assert config.database_url == f"sqlite:///{config.home}/cityops.sqlite3"
    assert config.keys_folder == config.home / "keys"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_postgresql_address_is_taken_as_people_write_it(scheme: str) -> None:
    config = Config.from_env({"DATABASE_URL": f"{scheme}://me:secret@db/city"})
    assert config.database_url == "postgresql+psycopg://me:secret@db/city"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CITYOPS_PORT", "0"),
        ("CITYOPS_PORT", "70000"),
        ("CITYOPS_PORT", "８０８０"),
        ("CITYOPS_WEB_WORKERS", "-1"),
        ("DATABASE_URL", "oracle://db"),
        ("DATABASE_URL", "a letter"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("REDIS_URL", "127.0.0.1"),
        ("CITYOPS_PRODUCTION", "perhaps"),
    ],
)
def test_a_bad_value_is_named_with_what_to_write_instead(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as refused:
        Config.from_env({name: value})
    assert str(refused.value).endswith(".")


def test_a_secret_in_a_bad_address_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as refused:
        Config.from_env({"DATABASE_URL": "oracle://me:secret@db/city"})
    assert "secret" not in str(refused.value)


def test_the_socket_stays_short_however_deep_the_folder_lies() -> None:
    deep = Config.from_env({"CITYOPS_HOME": "/" + "deep/" * 40})
    other = Config.from_env({"CITYOPS_HOME": "/" + "deeper/" * 40})
    assert len(str(deep.redis_socket)) <= 100
    assert deep.redis_socket != other.redis_socket
