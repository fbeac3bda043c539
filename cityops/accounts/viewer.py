"""Who looks or acts: a person, the posts held today, and the SQL of what they may see."""

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from cityops.accounts.posts import Post


@dataclass(frozen=True)
class HeldPost:
    """A post held today: where, and over which community codes.

    Attributes:
        body_path: the body's path in the tree; a handler acts for its whole subtree.
        ranges: community codes, both ends included.
        is_city_wide: everything, also what lies outside every cell.
    """

    post: Post
    body_id: int
    body_path: str
    ranges: tuple[tuple[str, str], ...]
    is_city_wide: bool

    def covers(self, area_code: str | None) -> bool:
        """Whether a community code lies in this post's jurisdiction."""
        if self.is_city_wide:
            return True
        return area_code is not None and any(low <= area_code <= high for low, high in self.ranges)


@dataclass(frozen=True)
class Viewer:
    """A signed-in person with the posts held in this shift; every scoped query takes one first.

    Attributes:
        held: the posts the person acts in now, the chosen one first.
        choices: the posts the person could choose today; the same as `posts` where several may be held at once.
    """

    person_id: int
    username: str
    name: str
    language: str
    held: tuple[HeldPost, ...]
    choices: tuple[Post, ...] = ()

    @property
    def post(self) -> Post | None:
        """The chosen post, whose work is shown first."""
        return self.held[0].post if self.held else None

    @property
    def posts(self) -> tuple[Post, ...]:
        """The posts held, each once, in order."""
        return tuple(dict.fromkeys(held.post for held in self.held))

    def has(self, *posts: Post) -> bool:
        """Whether one of these posts is held."""
        return any(held.post in posts for held in self.held)

    def holding(self, *posts: Post) -> tuple[HeldPost, ...]:
        """The held posts among these."""
        return tuple(held for held in self.held if held.post in posts)

    def only(self, *posts: Post) -> "Viewer":
        """The viewer in these posts alone: a right of one post reaches no further than that post's own jurisdiction."""
        return replace(self, held=self.holding(*posts))

    @property
    def is_city_wide(self) -> bool:
        """Whether one of the posts sees the whole city."""
        return any(held.is_city_wide for held in self.held)


def in_jurisdiction(
    held: tuple[HeldPost, ...], area_code: InstrumentedAttribute[str | None] | InstrumentedAttribute[str]
) -> ColumnElement[bool]:
    """The SQL condition that a row's community code lies in one of these posts' jurisdictions."""
    if any(post.is_city_wide for post in held):
        return true()
    ranges = dict.fromkeys(span for post in held for span in post.ranges)
    conditions = [and_(area_code >= low, area_code <= high) for low, high in ranges]
    return or_(*conditions) if conditions else false()
