"""The scores' API: every figure with its denominator, and the cases behind it."""

from dataclasses import replace

from flask import Response
from flask_babel import gettext
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel

from cityops import clock, web
from cityops.accounts.session import current_viewer
from cityops.assessment import queries
from cityops.assessment.board import ScoreRow, get_row, read_board
from cityops.assessment.formulas import Indicator, Kind, indicators_of
from cityops.assessment.periods import read_month
from cityops.assessment.queries import Behind
from cityops.assessment.schemas import (
    BehindOut,
    BehindPageOut,
    BehindQuery,
    FigureOut,
    FormulaOut,
    ScoreRowOut,
    ScoresOut,
    ScoresQuery,
)
from cityops.problems import PROBLEMS

api = APIBlueprint(
    "assessment_api", __name__, url_prefix="/api/v1", abp_security=[{"token": []}], abp_responses=PROBLEMS
)


@api.get("/scores", responses={200: ScoresOut}, summary="Scores of a month")
def show_scores(query: ScoresQuery) -> Response:
    """Scores of bodies, areas or persons, as far as you may see them."""
    month = read_month(query.period, clock.now())
    with web.reading() as session:
        board = read_board(session, current_viewer(), query.kind, month, query.level)
        return _answer(
            ScoresOut(
                kind=board.kind,
                level=board.level,
                period=str(month),
                from_at=board.span.from_at,
                as_of=board.span.until_at,
                rows=[_row_out(row) for row in board.rows],
                total=_row_out(board.total),
                formulas=[_formula_out(each) for each in indicators_of(board.kind)],
            )
        )


@api.get("/scores/cases", responses={200: BehindPageOut}, summary="The cases behind a figure")
def list_behind(query: BehindQuery) -> Response:
    """The rows that one figure counts, newest first."""
    now, viewer = clock.now(), current_viewer()
    month = read_month(query.period, now)
    queries.check_kind(viewer, query.kind, query.figure)
    level = query.level if query.kind is Kind.AREA else None
    with web.reading() as session:
        row = replace(get_row(session, query.kind, month, level, query.row).row, class_id=query.class_id)
        page = queries.list_behind(
            session, viewer, query.kind, query.figure, month.span(now), row, cursor=query.cursor, size=query.size
        )
        return _answer(BehindPageOut(cases=[_behind_out(each) for each in page.rows], next_cursor=page.next_cursor))


def _row_out(row: ScoreRow) -> ScoreRowOut:
    return ScoreRowOut(
        code=row.code,
        name=getattr(row.thing, "name", None),
        name_en=getattr(row.thing, "name_en", None),
        post=row.post,
        step=row.step,
        tier=row.tier,
        figures={code: FigureOut(n=figure.n, of=figure.of, value=figure.value) for code, figure in row.figures.items()},
    )


def _formula_out(indicator: Indicator) -> FormulaOut:
    return FormulaOut(
        code=indicator.code.value,
        label=gettext(indicator.label),
        formula=gettext(indicator.meaning),
        numerator=indicator.numerator,
        denominator=indicator.denominator,
        standard=indicator.reference,
    )


def _behind_out(behind: Behind) -> BehindOut:
    assignment = behind.assignment
    body = assignment.body if assignment is not None else behind.case.body
    return BehindOut(
        number=behind.case.number,
        stage=behind.case.stage,
        at=behind.at,
        body=body.code if body else None,
        due_at=assignment.due_at if assignment else None,
        reported_back_at=assignment.reported_back_at if assignment else None,
        on_time=assignment.on_time if assignment else None,
    )


def _answer(shown: BaseModel) -> Response:
    return Response(shown.model_dump_json(), content_type="application/json")
