"""Under which post a person may take a step on a case: asked by the services, and for the buttons of a page."""

from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases.workflow import Step


def find_held(viewer: Viewer, step: Step, area_code: str | None, body_path: str | None) -> HeldPost | None:
    """The held post under which the step may be taken, or None.

    Args:
        area_code: the case's community; None outside every cell, where only who sees the whole city moves a case on,
            while anybody who reports may report.
        body_path: the path of the body that has the case, None where none has.
    """
    for held in viewer.holding(*step.posts):
        if held.post is Post.HANDLER:
            if body_path is not None and body_path.startswith(held.body_path):
                return held
        elif held.covers(area_code) or (area_code is None and not step.stages):
            return held
    return None
