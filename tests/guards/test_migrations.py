"""Migrations: in one line, there and back, and equal to what the row classes say."""

import ast
import multiprocessing
import re
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from cityops import schema
from cityops.resources import folders
from tests.guards.sources import modules
from tests.guards.table_facts import table_facts


def test_migrations_stand_in_one_numbered_line():
    script = ScriptDirectory.from_config(schema.script_settings())
    numbers = [each.revision for each in script.walk_revisions()][::-1]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
    names = sorted(path.name for path in (folders().migrations / "versions").glob("*.py"))
    assert [name.split("_")[0] for name in names] == numbers
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name) for name in names)


def test_migrations_do_not_import_the_application():
    found = [
        path
        for path, tree in modules(folders().migrations / "versions")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and "cityops" in ast.unparse(node)
    ]
    assert found == []


def test_every_row_class_is_known_to_the_schema():
    known = {module.__name__ for module in schema.ROWS}
    found = {
        path.removesuffix(".py").replace("/", ".")
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and "__tablename__" in [ast.unparse(target) for target in node.targets]
    }
    assert found == known


def test_every_foreign_key_has_an_index():
    """Without one, a delete of its target reads the whole table; `_by` needs none, as persons are never deleted."""
    bare = []
    for table in schema.metadata().sorted_tables:
        led = [tuple(index.columns.keys()) for index in table.indexes]
        led += [tuple(each.columns.keys()) for each in table.constraints if type(each).__name__ != "CheckConstraint"]
        led = [each for each in led if each]
        own = {tuple(key.columns.keys()) for key in table.foreign_key_constraints}
        for columns in {each for each in own if not each[0].endswith("_by")}:
            if sum(1 for each in led if each[: len(columns)] == columns) < 2:
                bare.append(f"{table.name}.{', '.join(columns)}")
    assert sorted(bare) == []


def test_a_migration_can_go_and_come_back(empty_db_url):
    engine = schema.migration_engine(empty_db_url)
    schema.upgrade(empty_db_url)
    with engine.connect() as connection:
        first = table_facts(connection)
    schema.downgrade(empty_db_url, "base")
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert schema.revision_of(empty_db_url) is None
    schema.upgrade(empty_db_url)
    with engine.connect() as connection:
        assert table_facts(connection) == first
    assert schema.revision_of(empty_db_url) == schema.head()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_row_classes_are_what_the_migrations_make(kind, make_db_url):
    migrated, declared = make_db_url(kind, None), make_db_url(kind, None)
    schema.upgrade(migrated)
    with schema.migration_engine(declared).begin() as connection:
        schema.metadata().create_all(connection)
        by_class = table_facts(connection)
    with schema.migration_engine(migrated).connect() as connection:
        by_migration = table_facts(connection)
        context = MigrationContext.configure(connection, opts={"target_metadata": schema.metadata()})
        assert compare_metadata(context, schema.metadata()) == []
    assert by_migration - by_class == set(), "only in the migrations"
    assert by_class - by_migration == set(), "only in the row classes"


def test_a_failing_migration_changes_nothing(empty_db_url, monkeypatch):
    monkeypatch.setattr(schema, "command", _HalfWay())
    with pytest.raises(ZeroDivisionError):
        schema.upgrade(empty_db_url)
    monkeypatch.undo()
    with schema.migration_engine(empty_db_url).connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_migration_on_sqlite_may_leave_no_orphans(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'city.sqlite3'}"
    monkeypatch.setattr(schema, "command", _Orphaning())
    with pytest.raises(schema.MigrationLeftOrphans):
        schema.upgrade(url)
    assert sqlite3.connect(tmp_path / "city.sqlite3").execute("SELECT * FROM sqlite_master").fetchall() == []


@pytest.mark.process
def test_four_processes_migrating_at_once_do_it_once(empty_db_url):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(4)
    runners = [context.Process(target=_migrate_together, args=(empty_db_url, barrier)) for _ in range(4)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(60)
    assert [runner.exitcode for runner in runners] == [0, 0, 0, 0]
    assert schema.revision_of(empty_db_url) == schema.head()


def _migrate_together(url: str, barrier) -> None:
    barrier.wait(30)
    schema.upgrade(url)


class _HalfWay:
    def upgrade(self, settings, _revision):
        settings.attributes["connection"].execute(text("CREATE TABLE half (id INTEGER)"))
        raise ZeroDivisionError


class _Orphaning:
    def upgrade(self, settings, _revision):
        for statement in (
            "CREATE TABLE bodies (id INTEGER PRIMARY KEY)",
            "CREATE TABLE posts (body_id INTEGER REFERENCES bodies (id))",
            "INSERT INTO posts VALUES (7)",
        ):
            settings.attributes["connection"].execute(text(statement))
