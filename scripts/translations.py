#!/usr/bin/env python3
"""Collect the msgids from code and templates, bring the Chinese catalogue up to date and compile it.

The compiled catalogue is committed beside its source, so that a checkout and a wheel both speak Chinese with no build
step; a guard test compares the three. Merge conflicts in it are settled by running `make translations` again.
The folder is `zh`: Babel knows zh_CN as zh_Hans_CN, for which gettext looks in zh_Hans_CN and zh, never in zh_CN.
"""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "cityops" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
COMPILED = SOURCE.with_suffix(".mo")
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None, "_l": None, "lazy_gettext": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"silent": "false"}}
# A date in a header would make every run a change.
NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "# The words of cityops in Chinese.\n"


def extract() -> Catalog:
    """Every msgid of the code and the templates, with the files that use it."""
    template = Catalog(project="cityops", charset="utf-8")
    for folder in ("cityops", "templates"):
        found = extract_from_dir(ROOT / folder, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS)
        for name, _line, message, comments, context in found:
            template.add(message, None, [(f"{folder}/{name}", None)], auto_comments=comments, context=context)
    return template


def read() -> Catalog:
    """The Chinese catalogue as it is committed; an empty one at the very beginning."""
    if not SOURCE.exists():
        return Catalog(locale="zh_CN", project="cityops", charset="utf-8")
    with SOURCE.open("rb") as file:
        return read_po(file, locale="zh_CN")


def update(catalog: Catalog) -> None:
    """Add what the code says now, drop what it no longer says; a changed msgid is never guessed at."""
    catalog.update(extract(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    for message in catalog:
        message.locations = sorted(set(message.locations))


def to_source(catalog: Catalog) -> bytes:
    """The catalogue as a .po file, the same bytes for the same words."""
    text = io.BytesIO()
    write_po(text, catalog, width=120, sort_output=True, omit_header=True, include_lineno=False)
    head = f'{HEADER}msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n"MIME-Version: 1.0\\n"\n'
    head += '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n'
    head += '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    return head.encode() + text.getvalue()


def to_compiled(source: bytes) -> bytes:
    """The .mo file that belongs to a .po file."""
    catalog = read_po(io.BytesIO(source), locale="zh_CN")
    catalog.creation_date = catalog.revision_date = NO_DATE
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    return compiled.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """The msgids that have no Chinese yet."""
    return sorted(str(message.id) for message in catalog if message.id and not message.string)


def main() -> int:
    """Write both files and name what still needs Chinese."""
    catalog = read()
    update(catalog)
    SOURCE.parent.mkdir(parents=True, exist_ok=True)
    source = to_source(catalog)
    SOURCE.write_bytes(source)
    COMPILED.write_bytes(to_compiled(source))
    missing = untranslated(catalog)
    sys.stderr.write(f"{len(catalog)} msgids, {len(missing)} without Chinese\n")
    for msgid in missing:
        sys.stderr.write(f"  {msgid}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
