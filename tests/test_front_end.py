"""Guards over templates/ and static/: nothing from the net, nothing inline, every icon and licence there."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
OWN_FILES = [*TEMPLATES, *sorted((STATIC / "js").glob("*.js")), *sorted((STATIC / "css").glob("*.css"))]
PINS = json.loads((STATIC / "vendor" / "versions.json").read_text(encoding="utf-8"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_has_no_inline_style_script_or_handler(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|<script(?![^>]*\ssrc=)|javascript:", text)


@pytest.mark.parametrize("path", OWN_FILES, ids=name)
def test_nothing_is_fetched_from_another_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
    assert not re.search(r"https?://|[\"'(]//[a-z]", text)


def test_every_icon_in_use_is_in_the_sprite() -> None:
    sprite = (STATIC / "vendor" / "icons" / "icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    pages = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    used = set(re.findall(r"icon\(\"([a-z0-9-]+)\"", pages))
    assert drawn == set(PINS["icons"])
    assert used <= drawn


@pytest.mark.parametrize("package", PINS["packages"])
def test_a_vendored_package_is_pinned_and_carries_its_licence(package: str) -> None:
    pin = PINS["packages"][package]
    assert pin["integrity"].startswith("sha512-")
    licence = (STATIC / "vendor" / pin["licence"]).read_text(encoding="utf-8")
    assert "Copyright" in licence or "Zero-Clause BSD" in licence
    for target in pin["files"].values():
        assert (STATIC / "vendor" / target).stat().st_size > 0


def test_no_file_points_at_a_source_map_that_is_not_there() -> None:
    files = [path for path in (STATIC / "vendor").rglob("*") if path.suffix in {".js", ".css"}]
    assert files
    assert not [path for path in files if b"sourceMappingURL" in path.read_bytes()[-400:]]
