"""What a database says of its tables: every column, key, CHECK and index with its condition, in comparable words."""

import re
from typing import Any

from sqlalchemy import Connection, inspect, text

POSTGRESQL_CONSTRAINTS = text(
    """SELECT r.relname, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
    JOIN pg_class r ON r.oid = c.conrelid WHERE c.connamespace = 'public'::regnamespace"""
)
POSTGRESQL_INDEXES = text("SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
SQLITE_REST = text(
    "SELECT tbl_name, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
)
ALEMBIC = "alembic_version"


def table_facts(connection: Connection) -> set[tuple[Any, ...]]:
    """All facts of all tables but Alembic's own."""
    facts: set[tuple[Any, ...]] = set()
    tables = inspect(connection)
    for table in tables.get_table_names():
        for column in tables.get_columns(table):
            default = _plain(str(column["default"]))
            facts.add((table, "column", column["name"], str(column["type"]), column["nullable"], default))
        if connection.dialect.name == "sqlite":
            facts |= _sqlite_constraints(tables, table)
    statements = [SQLITE_REST] if connection.dialect.name == "sqlite" else [POSTGRESQL_CONSTRAINTS, POSTGRESQL_INDEXES]
    for statement in statements:
        facts |= {(table, "rule", name, _plain(rule)) for table, name, rule in connection.execute(statement)}
    return {fact for fact in facts if fact[0] != ALEMBIC}


def _sqlite_constraints(tables: Any, table: str) -> set[tuple[Any, ...]]:
    facts: set[tuple[Any, ...]] = {(table, "key", str(tables.get_pk_constraint(table)))}
    for check in tables.get_check_constraints(table):
        facts.add((table, "check", check["name"], _plain(check["sqltext"])))
    for unique in tables.get_unique_constraints(table):
        facts.add((table, "unique", unique["name"], tuple(unique["column_names"])))
    for key in tables.get_foreign_keys(table):
        target = (key["referred_table"], tuple(key["referred_columns"]), str(key["options"]))
        facts.add((table, "foreign key", tuple(key["constrained_columns"]), *target))
    return facts


def _plain(words: str) -> str:
    return re.sub(r"\s+", " ", words.replace('"', "")).strip()
