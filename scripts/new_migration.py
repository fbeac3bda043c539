#!/usr/bin/env python3
"""Write the next numbered migration from the difference between the newest one and the row classes.

    scripts/new_migration.py "Give a case its weather"

Read what it wrote: Alembic does not see that a CHECK or the condition of a partial index has changed; such a change has
to be added by hand, and the test of the migrations fails until it is.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic import command
from alembic.autogenerate.api import AutogenContext

from cityops import schema
from cityops.db import Geometry, UtcDateTime


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as what they are in the database, so that old migrations outlive the classes."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Geometry):
        return "sa.LargeBinary()"
    return False


def main(message: str) -> None:
    """Migrate an empty SQLite database to the newest revision, and write down what the classes have beyond it."""
    settings = schema.script_settings()
    number = int(schema.head() or 0) + 1
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.sqlite3"
        schema.upgrade(url)
        with schema.migration_engine(url).begin() as connection:
            settings.attributes.update(connection=connection, render_item=render_item)
            script = command.revision(settings, message, autogenerate=True, rev_id=f"{number:04d}")
    path = Path(script.path)
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run([ruff, "check", "--quiet", "--fix", path], check=False)
    subprocess.run([ruff, "format", "--quiet", path], check=True)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(sys.argv[1])
