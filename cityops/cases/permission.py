"""Under which post a person may take a step on a case: asked by the services, and for the buttons of a page."""

from collections.abc import Sequence

from cityops import clock
from cityops.accounts.bodies import exists_on
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost, Viewer
from cityops.cases.models import Case
from cityops.cases.workflow import SUPERVISION


def find_held(
    viewer: Viewer,
    posts: Sequence[Post],
    case: Case,
    body_path: str | None,
    *,
    begins: bool = False,
    from_above: bool = False,
) -> HeldPost | None:
    """The held post, one of `posts`, under which something may be done to a case, or None.

    Outside every cell only who sees the whole city moves a case on, while anybody who reports may report.

    Args:
        body_path: the path of the body for which a handler acts, None where there is none.
        begins: whether it is the step that makes the case.
        from_above: whether it is for a centre above the one whose desk has the case.
    """
    for held in viewer.holding(*posts):
        if held.post is Post.HANDLER:
            reaches = body_path is not None and body_path.startswith(held.body_path)
        elif begins:
            reaches = case.area_code is None or held.covers(case.area_code)
        else:
            reaches = held.covers(case.area_code) and _is_in_charge(held, case, from_above)
        if reaches:
            return held
    return None


def _is_in_charge(held: HeldPost, case: Case, from_above: bool) -> bool:
    if from_above:
        return case.desk is not None and stands_over(held.body_path, case.desk.path)
    return sits_at(held, *in_charge(case))


def in_charge(case: Case) -> tuple[int | None, int | None]:
    """The supervising centre of a case, and the one whose desk has it; what has closed is in charge of nothing.

    No centre closes while an open case lies at it, so only one that has ended is looked at.
    """
    if case.ended_at is None:
        return case.centre_id, case.desk_id
    centre, desk, today = case.centre, case.desk, clock.today()
    return (
        centre.id if centre is not None and exists_on(centre, today) else None,
        desk.id if desk is not None and exists_on(desk, today) else None,
    )


def sits_at(held: HeldPost, centre_id: int | None, desk_id: int | None) -> bool:
    """Whether a post is one of the centre in charge; where none is named, whoever covers the place is.

    Who judges belongs to the supervising centre, who dispatches to the one whose desk has the case.
    """
    if held.post is Post.DISPATCHER:
        return desk_id is None or desk_id == held.body_id
    if held.post in SUPERVISION:
        return centre_id is None or centre_id == held.body_id
    return True


def stands_over(upper_path: str, lower_path: str) -> bool:
    """Whether a centre stands over another: the part of the tree it belongs to holds the other, further down.

    >>> stands_over("1/3/", "1/8/9/"), stands_over("1/8/9/", "1/3/"), stands_over("1/8/9/", "1/5/6/")
    (True, False, False)
    """
    whole = upper_path.rstrip("/").rpartition("/")[0] + "/"
    return lower_path.startswith(whole) and lower_path.count("/") > upper_path.count("/")
