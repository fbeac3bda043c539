"""Who takes a step."""

from dataclasses import dataclass

from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost


@dataclass(frozen=True)
class Actor:
    """Who takes a step, and under which post; nobody where a rule takes it."""

    person_id: int | None = None
    post: Post | None = None
    body_id: int | None = None

    @classmethod
    def under(cls, held: HeldPost, person_id: int) -> "Actor":
        """A person acting under a post."""
        return cls(person_id, held.post, held.body_id)


BY_RULE = Actor()
