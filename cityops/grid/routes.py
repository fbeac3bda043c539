"""The grid room's pages: the grid in figures by street, and what stands outside every cell."""

from flask import Blueprint, render_template, url_for

from cityops import web
from cityops.grid import queries, summary

pages = Blueprint("grid", __name__)

PAGE_ROWS = 50


@pages.get("/grid")
def overview() -> str:
    """The streets with their cells, size and components."""
    with web.reading() as session:
        index = queries.current_index(session)
        streets = summary.list_streets(session)
        outside = summary.count_components_outside(session)
    return render_template(
        "grid/overview.html", streets=streets, outside=outside, index=index, english=web.language() == "en"
    )


@pages.get("/grid/outside")
def outside() -> str:
    """Components outside every cell: kept with their coordinates, waiting for a cell."""
    after_id = web.find_asked_key("after") or 0
    with web.reading() as session:
        rows = queries.list_components_outside(session, after_id, PAGE_ROWS + 1)
        index = queries.current_index(session)
    shown = rows[:PAGE_ROWS]
    more = url_for("grid.outside", after=shown[-1].id) if len(rows) > PAGE_ROWS else None
    first = url_for("grid.outside") if after_id else None
    return render_template(
        "grid/outside.html", components=shown, first_url=first, next_url=more, revision=index.revision, cells=len(index)
    )
