"""What the documentation says can be done, can be done: commands, targets, links, settings, calls of the API."""

import json
import re
import shlex
from pathlib import Path

import click
import pytest
from flask import Flask

from cityops import config as settings
from cityops.cases.request_schemas import DecisionIn, RequestIn
from cityops.cases.schemas import ReportIn, StepIn
from cityops.cli import cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SHOWN = re.compile(r"`([^`\n]+)`|^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown(page: Path) -> list[str]:
    """What a page shows as code, inline or in blocks."""
    return [inline or block for inline, block in SHOWN.findall(page.read_text("utf-8"))]


def commands(page: Path) -> list[list[str]]:
    """The words after `cityops` of every command a page shows."""
    lines = (line.strip() for code in shown(page) for line in _plain(code).splitlines())
    starts = (re.match(r"(?:\$ )?(?:\S*=\S+ )*(?:\.venv/bin/)?cityops\s+([^|;#>]*)", line) for line in lines)
    return [shlex.split(found[1]) for found in starts if found]


def _plain(code: str) -> str:
    """Code without continued lines, and without the marks of what may be left out or chosen between."""
    return re.sub(r"[\[\]]", "", code.replace("\\\n", " ").replace("\\|", "/"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made by the common renderers."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    missing = []
    for link in LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_exists_with_its_options(page: Path) -> None:
    wrong = []
    for words in commands(page):
        command: click.Command = cli
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command, words = command.commands[words[0]], words[1:]
        known = {option for param in command.params for option in param.opts} | {"--help", "--version"}
        asked = {word.partition("=")[0] for word in words if word.startswith("--")}
        if (isinstance(command, click.Group) and words and not words[0].startswith("-")) or not asked <= known:
            wrong.append((command.name, words))
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_shown_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {found for code in shown(page) for found in re.findall(r"^\s*make ([a-z]+)", code, re.MULTILINE)}
    assert named <= targets


def test_the_readmes_begin_with_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        assert lines[1].startswith("make run") and lines[2].startswith("make test")


def test_the_table_of_settings_names_every_setting_and_no_other() -> None:
    code = Path(settings.__file__).read_text("utf-8")
    read = set(re.findall(r'"(CITYOPS_[A-Z_]+|DATABASE_URL|REDIS_URL)"', code))
    page = (DOCS / "administrators.md").read_text("utf-8")
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))
    assert table == read


def test_the_api_page_calls_what_is_there(app: Flask) -> None:
    page = (DOCS / "api.md").read_text("utf-8")
    code = "\n".join(re.findall(r"```bash\n(.*?)```", page, re.DOTALL))
    calls = re.findall(
        r"^(?:[A-Z]+=\$\()?call \w+ +(GET|POST) [\"']?(/[^\s\"']*)[\"']?(?: '(.*?\})')?", code, re.M | re.S
    )
    models = {"id": ReportIn, "step": StepIn, "decision": DecisionIn, "kind": RequestIn}
    assert len(calls) >= 23
    adapter = app.url_map.bind("localhost")
    for method, path, body in calls:
        address = path.partition("?")[0].replace("$CASE", "20261123-0417-3").replace("$REQUEST", "7")
        adapter.match(f"/api/v1{address}", method=method)
        if body:
            told = json.loads(body.replace("'\"$(uuid)\"'", "1383edef-9dac-47c3-874b-507b56f9b7df"))
            next(model for word, model in models.items() if word in told).model_validate(told)


def test_every_part_chosen_has_its_reason() -> None:
    chosen = set()
    for name in ("main.in", "dev.in"):
        lines = (ROOT / "requirements" / name).read_text("utf-8").splitlines()
        chosen |= {re.split(r"[<>=]", line)[0] for line in lines if line and not line.startswith(("#", "-"))}
    table = (DOCS / "dependencies.md").read_text("utf-8")
    told = {part.strip() for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for part in row.split(",")}
    assert chosen <= told


def test_the_notice_names_every_vendored_part_with_its_version() -> None:
    pins = json.loads((ROOT / "static" / "vendor" / "versions.json").read_text("utf-8"))
    notice = (ROOT / "NOTICE").read_text("utf-8")
    missing = [name for name, package in pins["packages"].items() if package["version"] not in notice]
    assert missing == []


def test_the_pictures_are_small() -> None:
    assert [path.name for path in (DOCS / "images").glob("*.png") if path.stat().st_size > 200_000] == []


def test_the_glossary_has_every_word_once() -> None:
    page = (DOCS / "glossary.md").read_text("utf-8")
    words = [
        word.strip()
        for row in re.findall(r"^\| ([^|]*[一-鿿][^|]*) \|", page, re.M)
        for word in re.split("[,/、]", row)
    ]
    assert sorted(set(words) - {"中文"}) == sorted(word for word in words if word != "中文")
