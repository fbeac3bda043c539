"""Under which post a person may take a step on a case: asked by the services, and for the buttons of a page."""

from collections.abc import Sequence

from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer


def find_held(
    viewer: Viewer, posts: Sequence[Post], area_code: str | None, body_path: str | None, *, begins: bool = False
) -> HeldPost | None:
    """The held post, one of `posts`, under which something may be done to a case, or None.

    Args:
        area_code: the case's community; None outside every cell, where only who sees the whole city moves a case on,
            while anybody who reports may report.
        body_path: the path of the body that has the case, None where none has.
        begins: whether it is the step that makes the case.
    """
    for held in viewer.holding(*posts):
        if held.post is Post.HANDLER:
            if body_path is not None and body_path.startswith(held.body_path):
                return held
        elif held.covers(area_code) or (area_code is None and begins):
            return held
    return None
