"""Where the folders that are not Python lie: at the top of a checkout, inside the package in a wheel."""

from pathlib import Path
from typing import NamedTuple


class Folders(NamedTuple):
    """The folders that travel with the code."""

    templates: Path
    static: Path
    migrations: Path
    translations: Path


def folders() -> Folders:
    """Where they are, from a checkout or from an installed wheel."""
    package = Path(__file__).resolve().parent
    home = package if (package / "migrations").is_dir() else package.parent
    return Folders(home / "templates", home / "static", home / "migrations", package / "translations")
