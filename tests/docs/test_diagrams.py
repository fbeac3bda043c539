"""The committed workflow page and the rooms' picture are what the code says now."""

from cityops.cases.workflow import STEPS
from scripts import draw_workflow


def test_the_workflow_page_is_what_the_table_generates() -> None:
    assert draw_workflow.workflow_page() == draw_workflow.WORKFLOW.read_text("utf-8"), "run make diagrams"


def test_the_picture_of_the_rooms_is_what_they_import() -> None:
    page = draw_workflow.ARCHITECTURE.read_text("utf-8")
    assert draw_workflow.with_rooms(page) == page, "run make diagrams"


def test_the_diagram_has_an_arrow_for_every_way() -> None:
    drawn = draw_workflow.diagram()
    for step in STEPS.values():
        for way in step.ways.values():
            for stage in way.stages or step.stages:
                assert f"{stage.value} --> {(way.to or stage).value}: {step.name.value}" in drawn
