"""Backup and restore: a round trip on both databases, and everything that is refused."""

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cityops import schema
from cityops.accounts.models import Person
from cityops.cases.models import Case, CaseEvent, Report
from cityops.config import Config
from cityops.crypto import Keys
from cityops.upkeep import dumps, keyring
from cityops.upkeep.archive import BadBackup
from cityops.upkeep.backup import back_up, restore
from cityops.workshop import Workshop
from tests.factories import People, make_city, make_report

PHONE = "+8615400000123"


@contextmanager
def open_workshop(home: Path, url: str) -> Iterator[Workshop]:
    home.mkdir(exist_ok=True)
    nobody = f"unix://{home}/nobody.sock"
    made = Workshop(Config(home=home, database_url=url, redis_url=nobody, keys_folder=home / "keys"))
    yield made
    made.close()


@pytest.fixture
def kind(db_url: str) -> str:
    return db_url.split(":")[0].split("+")[0]


@pytest.fixture
def lived_in(db_url: str, tmp_path: Path) -> Iterator[Workshop]:
    """A city with people, a report with a phone number, and a photo."""
    with open_workshop(tmp_path / "lived", db_url) as workshop:
        with workshop.transaction() as session:
            make_city(session)
            report = make_report(session, People(session).operator)
            report.reporter_phone_sealed = workshop.keys.seal(PHONE)
        photo = workshop.config.files_folder / "ab" / "cd" / "abcdef.shown"
        photo.parent.mkdir(parents=True)
        photo.write_bytes(b"a lamp" * 1_000)
        photo.with_name(".half").write_bytes(b"half")
        yield workshop


@pytest.fixture
def empty(make_db_url: Callable[..., str], kind: str, tmp_path: Path) -> Iterator[Workshop]:
    """An empty folder and an empty database of the same kind."""
    with open_workshop(tmp_path / "new", make_db_url(kind, None)) as workshop:
        yield workshop


def counts(workshop: Workshop) -> list[int]:
    with workshop.reading() as session:
        return [
            session.scalar(select(func.count()).select_from(rows)) or 0 for rows in (Person, Case, CaseEvent, Report)
        ]


def read_phone(workshop: Workshop) -> str:
    with workshop.reading() as session:
        sealed = session.scalars(select(Report.reporter_phone_sealed)).one()
    return workshop.keys.unseal(sealed or "")


def test_a_restored_city_is_the_city_that_was_backed_up(lived_in: Workshop, empty: Workshop, tmp_path: Path) -> None:
    count = back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar", tmp_path / "b.keys")
    restore(empty.config, tmp_path / "b.tar", tmp_path / "b.keys")
    assert count == 1
    assert counts(empty) == counts(lived_in)
    assert read_phone(empty) == PHONE
    assert (empty.config.files_folder / "ab/cd/abcdef.shown").read_bytes() == b"a lamp" * 1_000
    assert empty.keys == lived_in.keys
    with empty.transaction() as session:
        make_report(session, People(session).operator)


def test_a_backup_taken_in_the_middle_of_a_write_does_not_wait_and_lacks_it(
    lived_in: Workshop, empty: Workshop, tmp_path: Path
) -> None:
    before = counts(lived_in)
    with lived_in.transaction() as session:
        make_report(session, People(session).operator)
        session.flush()
        back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar", tmp_path / "b.keys")
    restore(empty.config, tmp_path / "b.tar", tmp_path / "b.keys")
    assert counts(empty) == before
    assert counts(lived_in) != before


def test_no_key_is_in_the_backup(lived_in: Workshop, tmp_path: Path) -> None:
    back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar", tmp_path / "b.keys")
    whole = (tmp_path / "b.tar").read_bytes()
    for key in lived_in.keys.by_name.values():
        assert key not in whole
        assert key.hex().encode() not in whole
    assert (tmp_path / "b.keys").stat().st_mode & 0o777 == 0o600


def test_a_restore_into_a_city_is_refused(lived_in: Workshop, tmp_path: Path) -> None:
    back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar", tmp_path / "b.keys")
    with pytest.raises(BadBackup, match="There is a city"):
        restore(lived_in.config, tmp_path / "b.tar", tmp_path / "b.keys")


def test_a_restore_with_other_keys_is_refused_and_leaves_nothing(
    lived_in: Workshop, empty: Workshop, tmp_path: Path
) -> None:
    back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar")
    keyring.write_keys(Keys({name: bytes(32) for name in lived_in.keys.by_name}), tmp_path / "other.keys")
    with pytest.raises(BadBackup, match="does not hold the keys"):
        restore(empty.config, tmp_path / "b.tar", tmp_path / "other.keys")
    assert [path.name for path in empty.config.home.iterdir()] == []


def test_a_backup_that_was_changed_or_broke_off_is_refused(lived_in: Workshop, empty: Workshop, tmp_path: Path) -> None:
    back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar", tmp_path / "b.keys")
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "short.tar").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "changed.tar").write_bytes(whole.replace(b"a lamp", b"a lamb"))
    for name, words in (("short.tar", "not a whole backup"), ("changed.tar", "changed or damaged")):
        with pytest.raises(BadBackup, match=words):
            restore(empty.config, tmp_path / name, tmp_path / "b.keys")


def test_a_restore_that_fails_leaves_nothing_and_can_be_tried_again(
    lived_in: Workshop, empty: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar", tmp_path / "b.keys")

    def run_out_of_disk(_url: str, _source: Path) -> None:
        raise OSError(28, "No space left on device", "city")

    with monkeypatch.context() as patch, pytest.raises(BadBackup, match="city cannot be written"):
        patch.setattr(dumps, "load", run_out_of_disk)
        restore(empty.config, tmp_path / "b.tar", tmp_path / "b.keys")
    assert [path for path in empty.config.home.rglob("*") if path.is_file()] == []
    restore(empty.config, tmp_path / "b.tar", tmp_path / "b.keys")
    assert counts(empty) == counts(lived_in)


def test_a_restore_into_a_database_that_cannot_be_written_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with open_workshop(tmp_path / "lived", f"sqlite:///{tmp_path / 'lived.sqlite3'}") as lived_in:
        schema.upgrade(lived_in.config.database_url)
        back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar", tmp_path / "b.keys")
    with open_workshop(tmp_path / "new", f"sqlite:///{tmp_path / 'file' / 'new.sqlite3'}") as unwritable:
        with pytest.raises(BadBackup, match="cannot be written"):
            restore(unwritable.config, tmp_path / "b.tar", tmp_path / "b.keys")
        assert not any(unwritable.config.keys_folder.glob("*"))


def test_a_database_named_from_here_is_backed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_workshop(tmp_path / "home", "sqlite:///here.sqlite3") as workshop:
        schema.upgrade(workshop.config.database_url)
        assert back_up(workshop.config, workshop.keys, tmp_path / "b.tar") == 0


def test_a_backup_never_replaces_a_file(lived_in: Workshop, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(BadBackup, match="is there already"):
        back_up(lived_in.config, lived_in.keys, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "mine"
    with pytest.raises(BadBackup, match="is there already"):
        back_up(lived_in.config, lived_in.keys, tmp_path / "c", tmp_path / "c")


def test_a_failed_backup_leaves_no_file(lived_in: Workshop, tmp_path: Path) -> None:
    broken = replace(lived_in.config, database_url=f"sqlite:///{tmp_path / 'none.sqlite3'}")
    with pytest.raises(BadBackup, match="no city"):
        back_up(broken, lived_in.keys, tmp_path / "b.tar")
    assert not [path for path in tmp_path.iterdir() if "b.tar" in path.name]


def test_a_backup_that_reaches_out_of_its_folder_is_refused(empty: Workshop, tmp_path: Path) -> None:
    keyring.write_keys(Keys({"session": bytes(32)}), tmp_path / "b.keys")
    (tmp_path / "evil").write_text("evil")
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        tar.add(tmp_path / "evil", "../../evil.txt")
    with pytest.raises(BadBackup, match="not a whole backup"):
        restore(empty.config, tmp_path / "b.tar", tmp_path / "b.keys")
    assert not (tmp_path / "evil.txt").exists()


def test_new_keys_seal_everything_anew_and_old_seals_and_signatures_stay_readable(lived_in: Workshop) -> None:
    sealed_before = lived_in.keys.seal("old")
    signed_before = lived_in.keys.digest("history")
    folder = lived_in.config.keys_folder
    assert keyring.rotate(folder, lived_in.keys) == {"personal": "personal-2", "chain": "chain-2"}
    fresh = Workshop(lived_in.config)
    assert sum(keyring.reseal(fresh)) == 1
    assert sum(keyring.reseal(fresh)) == 0
    with fresh.reading() as session:
        assert str(session.scalars(select(Report.reporter_phone_sealed)).one()).startswith("personal-2:")
    assert read_phone(fresh) == PHONE
    assert fresh.keys.unseal(sealed_before) == "old"
    assert fresh.keys.digest("history", "chain-1") == signed_before
    assert fresh.keys.digest("history").startswith("chain-2:")
    fresh.close()
