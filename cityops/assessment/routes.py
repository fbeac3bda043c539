"""The scores' pages: a month of bodies, areas or persons, and the list behind each figure."""

from dataclasses import replace
from typing import Any

from babel.dates import format_skeleton
from flask import Blueprint, render_template, request, url_for
from flask_babel import get_locale, gettext

from cityops import clock, web
from cityops.accounts.session import current_viewer
from cityops.accounts.viewer import Viewer
from cityops.assessment import queries
from cityops.assessment.board import AREA_LEVELS, NOBODY, Board, NamedRow, ScoreGroup, ScoreRow, get_row, read_board
from cityops.assessment.facts import JUDGING_POSTS
from cityops.assessment.formulas import KIND_LABELS, Count, Figure, Kind, Rate, count_label, indicators_of
from cityops.assessment.periods import Month, month_of, read_month
from cityops.cases.telling import named
from cityops.cases.workflow import STEPS
from cityops.errors import NOTHING_HERE, NotFound
from cityops.grid.coverage.models import TIER_LABELS
from cityops.grid.models import AREA_LEVEL_LABELS, AreaLevel

pages = Blueprint("assessment", __name__)

PAGE_ROWS = 50
MONTHS_OFFERED = 13
CHART_ROWS = 15


@pages.get("/scores")
def scores() -> str:
    """A month's scores: a sentence, a chart, a table, and how each figure is counted."""
    viewer, kind, level, month = (
        current_viewer(),
        _kind(),
        _level(),
        read_month(request.args.get("period"), clock.now()),
    )
    with web.reading() as session:
        board = read_board(session, viewer, kind, month, level)
        return render_template(
            "assessment/scores.html",
            board=board,
            indicators=indicators_of(kind),
            kinds=[(each, gettext(KIND_LABELS[each])) for each in Kind if viewer.has(*queries.SEES[each])],
            levels=[(each.value, gettext(AREA_LEVEL_LABELS[each])) for each in AREA_LEVELS],
            months=[(str(each), month_word(each)) for each in _months_offered(month)],
            whose=_whose(board, viewer),
            month_word=month_word(month),
            row_name=row_name,
            figure_url=_figure_url(board),
            charts=_charts(board),
            group_word=lambda tier: _group_word(board, tier),
            nobody=NOBODY,
            step_word=lambda step: gettext(STEPS[step].label),
        )


@pages.get("/scores/cases")
def behind() -> str:
    """The cases behind one figure."""
    viewer, kind, now = current_viewer(), _kind(), clock.now()
    month, level = read_month(request.args.get("period"), now), _level() if kind is Kind.AREA else None
    count, cursor = _count(), request.args.get("cursor")
    queries.check_kind(viewer, kind, count)
    with web.reading() as session:
        found = get_row(session, kind, month, level, request.args.get("row", ""))
        row, span = replace(found.row, class_id=web.find_asked_key("class", bits=31)), month.span(now)
        page = queries.list_behind(session, viewer, kind, count, span, row, cursor=cursor, size=PAGE_ROWS)
        kept: dict[str, Any] = {name: value for name, value in request.args.items() if value and name != "cursor"}
        above = {name: value for name, value in kept.items() if name in {"kind", "period", "level"}}
        return render_template(
            "assessment/behind.html",
            rows=page.rows,
            number=queries.count_behind(session, viewer, kind, count, span, row),
            count=count,
            title=gettext(count_label(count)),
            meaning=[gettext(each.meaning) for each in indicators_of(kind) if count is each.numerator],
            whose=_named_row(found),
            month_word=month_word(month),
            board_url=url_for("assessment.scores", **above),
            first_url=url_for("assessment.behind", **kept) if cursor else None,
            next_url=url_for("assessment.behind", **kept, cursor=page.next_cursor) if page.next_cursor else None,
        )


def month_word(month: Month) -> str:
    """A month in the reader's words: `2026年11月`."""
    return str(format_skeleton("yMMMM", month.first_day, locale=get_locale()))


def row_name(row: ScoreRow) -> str:
    """What a row is called in the reader's language."""
    if row.code == NOBODY:
        return str(gettext("without a body or outside the grid"))
    return named(row.thing) if row.thing is not None else str(gettext("All together"))


def _named_row(found: NamedRow) -> str:
    if found.row.is_nobody:
        return str(gettext("without a body or outside the grid"))
    if found.step is not None:
        return f"{found.thing.name} · {gettext(STEPS[found.step].label)}"
    return named(found.thing) if found.thing is not None else str(gettext("All together"))


def _whose(board: Board, viewer: Viewer) -> str:
    """Whom the sentence is about: what of the city this viewer's figures cover."""
    if board.kind is not Kind.POST and len(board.rows) == 1:
        return row_name(board.rows[0])
    held = viewer.holding(*(JUDGING_POSTS if board.kind is Kind.POST else queries.SEES_AREAS))
    if not held:
        return viewer.name if board.kind is Kind.POST else str(gettext("Your bodies"))
    return str(gettext("The whole city") if any(post.is_city_wide for post in held) else gettext("Your area"))


def _kind() -> Kind:
    given = request.args.get("kind")
    if given:
        return Kind(given) if given in set(Kind) else _nothing()
    return Kind.DEPARTMENT


def _level() -> AreaLevel:
    given = request.args.get("level")
    return AreaLevel(given) if given in {level.value for level in AREA_LEVELS} else AreaLevel.DISTRICT


def _count() -> Count:
    given = request.args.get("figure")
    return Count(given) if given in set(Count) else _nothing()


def _nothing() -> Any:
    raise NotFound(NOTHING_HERE)


def _months_offered(chosen: Month) -> list[Month]:
    """The last year's months, the newest first, and the one looked at."""
    months = [month_of(clock.now())]
    while len(months) < MONTHS_OFFERED:
        months.append(months[-1].before)
    return months if chosen in months else [*months, chosen]


def _figure_url(board: Board) -> Any:
    """Addresses of the lists behind the board's figures: `figure_url(row, count)`."""
    kept: dict[str, Any] = {"kind": board.kind.value, "period": str(board.month)}
    if board.level is not None:
        kept["level"] = board.level.value

    def url(row: ScoreRow, count: Count, **more: Any) -> str:
        return url_for("assessment.behind", **kept, row=row.code or None, figure=Count(count).value, **more)

    return url


def _charts(board: Board) -> list[dict[str, Any]]:
    """The share handled on time of each row, the lowest first: a chart for each group of areas that are compared."""
    if board.kind is Kind.POST:
        return []
    groups = board.groups if board.kind is Kind.AREA else [ScoreGroup(None, board.rows)]
    charts = [_chart(board, group) for group in groups]
    return [chart for chart in charts if chart["rows"]]


def _chart(board: Board, group: ScoreGroup) -> dict[str, Any]:
    due = [(row.figures[Rate.ON_TIME_RATE], row) for row in group.rows if row.figures[Rate.ON_TIME_RATE].of]
    due.sort(key=lambda pair: (pair[0].percent or 0.0, pair[1].code))
    url = _figure_url(board)
    rows = [
        {"label": row_name(row), "value": figure.percent, "said": _said(figure), "url": url(row, Count.TO_HANDLE)}
        for figure, row in due[:CHART_ROWS]
    ]
    return {"kind": "bars", "unit": "%", "tier": group.tier, "rows": rows, "left_out": len(due) - len(rows)}


def _group_word(board: Board, tier: int | None) -> str:
    if tier is not None:
        return str(gettext(TIER_LABELS[tier]))
    return str(gettext("other posts") if board.kind is Kind.POST else gettext("without cells of the grid"))


def _said(figure: Figure) -> str:
    return f"{figure.percent:.1f} % ({figure.n}/{figure.of})"
