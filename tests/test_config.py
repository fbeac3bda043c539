"""Settings: whole defaults, and one sentence for the first bad one."""

import os
from pathlib import Path

import pytest

from cityops import config as config_module
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
        ("CITYOPS_PROXIES", "6"),
        ("CITYOPS_LATE_ENTRY_HOURS", "-1"),
        ("CITYOPS_REOPEN_DAYS", "366"),
        ("CITYOPS_DOUBLES_DAYS", "366"),
        ("DATABASE_URL", "oracle://db"),
        ("DATABASE_URL", "a letter"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("REDIS_URL", "127.0.0.1"),
        ("CITYOPS_PRODUCTION", "perhaps"),
        ("CITYOPS_BASE_MAP_STYLE", "style.json"),
        ("CITYOPS_BASE_MAP_STYLE", "ftp://maps/style.json"),
        ("CITYOPS_BASE_MAP_STYLE", "https:///style.json"),
        ("CITYOPS_BASE_MAP_STYLE", "https://maps:x/style.json"),
        ("CITYOPS_BASE_MAP_STYLE", "https://me:secret@maps/style.json"),
        ("CITYOPS_BASE_MAP_STYLE", "https://maps; script-src */style.json"),
        ("CITYOPS_BASE_MAP_STYLE", "https://地图/style.json"),
        ("CITYOPS_TIANDITU_KEY", "a key"),
        ("CITYOPS_TIANDITU_KEY", "0123&tk=4567"),
    ],
)
def test_a_bad_value_is_named_with_what_to_write_instead(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name) as refused:
        Config.from_env({name: value})
    assert str(refused.value).endswith(".")


def test_a_base_map_is_off_unless_it_is_set_and_asks_one_server() -> None:
    assert Config.from_env({}).base_map is None
    style = Config.from_env({"CITYOPS_BASE_MAP_STYLE": "https://maps.city:8443/styles/day.json?key=1"}).base_map
    assert style is not None
    assert (style.origin, style.told) == (
        "https://maps.city:8443",
        {"style": "https://maps.city:8443/styles/day.json?key=1"},
    )
    tianditu = Config.from_env({"CITYOPS_TIANDITU_KEY": "0123456789abcdef"}).base_map
    assert tianditu is not None
    assert [tile.split("/")[3] for tile in tianditu.tiles] == ["vec_w", "cva_w"]
    assert all(
        tile.startswith(f"{tianditu.origin}/") and tile.endswith("&tk=0123456789abcdef") for tile in tianditu.tiles
    )


def test_one_base_map_at_most_is_set() -> None:
    both = {"CITYOPS_BASE_MAP_STYLE": "https://maps/style.json", "CITYOPS_TIANDITU_KEY": "0123456789abcdef"}
    with pytest.raises(BadSetting, match="CITYOPS_TIANDITU_KEY"):
        Config.from_env(both)


def test_a_secret_in_a_bad_address_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as refused:
        Config.from_env({"DATABASE_URL": "oracle://me:secret@db/city"})
    assert "secret" not in str(refused.value)


@pytest.fixture
def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A city in a folder too deep for a socket; `tmp_path` stands for /tmp."""
    monkeypatch.setattr(config_module, "TEMPORARY", tmp_path)
    return Config.from_env({"CITYOPS_HOME": "/" + "deep/" * 40})


def test_the_socket_of_a_deep_folder_lies_in_a_folder_of_ours_alone(deep: Config, tmp_path: Path) -> None:
    other = Config.from_env({"CITYOPS_HOME": "/" + "deeper/" * 40})
    folder = deep.redis_socket.parent
    assert folder.parent == tmp_path and folder.stat().st_mode & 0o777 == 0o700
    assert deep.redis_socket == deep.redis_socket != other.redis_socket
    assert len(str(Path("/tmp") / deep.redis_socket.relative_to(tmp_path))) <= 100


@pytest.mark.parametrize("planted", ["open", "link", "file", "somebody else's"])
def test_a_socket_folder_that_another_may_enter_is_refused(
    deep: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    uid = os.getuid()
    folder = tmp_path / f"cityops-{uid}"
    if planted == "open":
        folder.mkdir()
        folder.chmod(0o777)
    elif planted == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    elif planted == "file":
        folder.touch(mode=0o600)
    else:
        (tmp_path / f"cityops-{uid + 1}").mkdir(mode=0o700)
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    with pytest.raises(BadSetting, match="CITYOPS_HOME"):
        _ = deep.redis_address
