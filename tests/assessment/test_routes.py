"""The scores' pages."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient

from cityops.assessment.routes import PAGE_ROWS

AsPerson = Callable[[str], FlaskClient]


@pytest.mark.parametrize("kind", ["department", "area", "post"])
def test_every_number_on_the_page_is_a_link_to_that_many_cases(
    lived: dict[str, str], as_person: AsPerson, kind: str
) -> None:
    client = as_person("supervisor")
    page = client.get(f"/scores?kind={kind}&period=2026-11").text
    links = {(unescape(url), int(number)) for url, number in re.findall(r'href="(/scores/cases[^"]+)">(\d+)</a>', page)}
    assert len(links) > 10
    for url, number in links:
        shown = client.get(url).text
        assert shown.count("<tr") - 1 == min(number, PAGE_ROWS), url


def test_the_page_begins_with_a_sentence(lived: dict[str, str], as_person: AsPerson) -> None:
    client = as_person("supervisor")
    sentence = re.search(r'<p class="says">(.*?)</p>', client.get("/scores").text, re.S)
    assert sentence is not None
    words = re.sub(r"<[^>]+>", "", sentence.group(1))
    assert "57.1 %" in words and "4/7" in words and "路灯" in words


def test_a_month_without_a_case_has_no_rate(lived: dict[str, str], as_person: AsPerson) -> None:
    page = as_person("supervisor").get("/scores?period=2026-01").text
    assert "%" not in re.search(r'<p class="says">(.*?)</p>', page, re.S).group(1)  # type: ignore[union-attr]
    assert "data-chart" not in page


def test_scores_open_to_whom_they_concern(lived: dict[str, str], as_person: AsPerson) -> None:
    assert as_person("inspector").get("/scores").status_code == 403
    page = as_person("handler-roads").get("/scores").text
    assert "row=roads" in page and "row=lamps" not in page


def test_the_sentence_says_whom_it_is_about(lived: dict[str, str], as_person: AsPerson) -> None:
    about = {
        ("supervisor", "department"): "The whole city",
        ("handler", "department"): "Your bodies",
        ("handler-crew", "department"): "lamps-crew",
        ("dutyleader-east", "post"): "Your area",
        ("dispatcher", "post"): "dispatcher 某",
    }
    for (username, kind), whose in about.items():
        client = as_person(username)
        client.post("/language", data={"language": "en"})
        page = client.get(f"/scores?kind={kind}").text
        assert re.search(rf'<p class="says">\s*{whose}, ', page), (username, kind)


def test_a_figure_that_does_not_exist_is_not_found(lived: dict[str, str], as_person: AsPerson) -> None:
    client = as_person("supervisor")
    for query in ("figure=weather", "figure=handled&row=nobody", "kind=x&figure=handled"):
        assert client.get(f"/scores/cases?{query}").status_code == 404, query


def test_only_steps_are_counted_for_persons(lived: dict[str, str], as_person: AsPerson) -> None:
    client = as_person("supervisor")
    assert client.get("/scores/cases?kind=post&figure=handled").status_code == 404
    assert client.get("/scores/cases?kind=department&figure=steps").status_code == 404


def test_the_page_says_which_tier_a_row_is_compared_in(lived: dict[str, str], as_person: AsPerson) -> None:
    client = as_person("supervisor")
    client.post("/language", data={"language": "en"})
    areas = client.get("/scores?kind=area&level=street").text
    assert "Areas are compared within a tier of the grid" in areas and "2026-11-20" in areas
    assert ">grid tier 1</th>" in areas and "grid tier 2" not in areas
    persons = client.get("/scores?kind=post").text
    assert "grid tier 1" in persons and "other posts" in persons
