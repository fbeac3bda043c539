"""What somebody does who has the database, and no key: statements past every constraint."""

import sqlite3

from sqlalchemy.engine import make_url

from cityops.db import Database


def force(database: Database, *statements: str) -> None:
    """Run statements with foreign keys switched off, and commit."""
    if database.is_sqlite:
        with sqlite3.connect(make_url(database.url).database or "") as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
        return
    with database.writer.begin() as connection:
        for statement in ("SET LOCAL session_replication_role = replica", *statements):
            connection.exec_driver_sql(statement)
