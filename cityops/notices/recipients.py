"""To whom a notice goes: the persons behind a post, a body, or the one above it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.holders import list_holders
from cityops.accounts.posts import Post
from cityops.accounts.viewer import HeldPost
from cityops.cases.names import ClockName
from cityops.cases.permission import sits_at
from cityops.cases.steps import ClockAct
from cityops.cases.workflow import STEPS
from cityops.notices.models import Recipient
from cityops.roster.contacts import find_duty_list
from cityops.roster.models import DutyContact
from cityops.roster.queries import DESKS, on_duty

BODIES = (Post.HANDLER, Post.LEADER)


def _posts_of_clocks() -> dict[ClockName, Post]:
    """Who has to act while a clock runs: the post of the first step in the table that stops or pauses it."""
    found: dict[ClockName, Post] = {}
    for step in (each for each in STEPS.values() if not each.is_of_request):
        for way in step.ways.values():
            for name, act in way.clocks:
                if act in {ClockAct.STOP, ClockAct.PAUSE}:
                    found.setdefault(name, step.posts[0])
    return found


POST_OF_CLOCK = _posts_of_clocks()


@dataclass(frozen=True)
class Subject:
    """A case as far as it says who is concerned.

    Attributes:
        post: whose turn it is to act.
        body_path: the path of the body that has the case.
        inspectors: the persons who have its open task.
        centre_id: the supervision centre in charge, where one is named.
        desk_id: the command centre that has it, where one is named.
    """

    area_code: str | None
    body_path: str | None
    post: Post
    inspectors: tuple[int, ...] = ()
    centre_id: int | None = None
    desk_id: int | None = None


class Directory:
    """Who holds the posts of desks and bodies today and who is on duty now, asked once and looked up many times.

    Args:
        body_path: only bodies on this path are asked for; None asks for those of the whole city.
    """

    def __init__(self, session: Session, body_path: str | None = None) -> None:
        self._desks: dict[Post, list[tuple[int, HeldPost]]] = defaultdict(list)
        self._bodies: dict[int, dict[Post, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._on_duty = on_duty(session, clock.now())
        self._awake = {person_id for person_id, _ in self._on_duty.now}
        self._contacts = find_duty_list(session)
        self._found: dict[tuple[Recipient, Subject, int], tuple[int, ...]] = {}
        for person_id, held in list_holders(session, (*DESKS, Post.SUPERVISOR)):
            self._desks[held.post].append((person_id, held))
        body_ids = None if body_path is None else _upwards(body_path)
        for person_id, held in list_holders(session, BODIES, body_ids=body_ids):
            self._bodies[held.body_id][held.post].append(person_id)

    def is_on_duty(self, person_id: int) -> bool:
        """Whether a roster has the person on duty now: no quiet hours for him."""
        return person_id in self._awake

    def find(self, recipient: Recipient, subject: Subject, turn: int = 0) -> tuple[int, ...]:
        """The persons a notice goes to, each once; nobody where the post is vacant or the list has ended."""
        asked = recipient, subject, turn
        if asked not in self._found:
            self._found[asked] = tuple(dict.fromkeys(self._look_up(*asked)))
        return self._found[asked]

    def find_contact(self, subject: Subject, turn: int) -> DutyContact | None:
        """Who is to be called at this turn of the duty list; nobody at the first, and when the list has ended."""
        contacts = self._contacts_of(subject)
        return contacts[turn - 1] if 1 <= turn <= len(contacts) else None

    def _contacts_of(self, subject: Subject) -> list[DutyContact]:
        return [contact for body_id in _upwards(subject.body_path) for contact in self._contacts.get(body_id, ())]

    def _look_up(self, recipient: Recipient, subject: Subject, turn: int) -> list[int]:
        if recipient is Recipient.HOLDER:
            return self._holders(subject)
        if recipient is Recipient.HANDLER:
            return self._nearest(subject.body_path, Post.HANDLER)
        if recipient is Recipient.BODY_ABOVE:
            return self._above(subject.body_path)
        if recipient is Recipient.DUTY_LIST:
            return self._on_the_list(subject, turn)
        return self._at_desk(Post(recipient.value), subject)

    def _holders(self, subject: Subject) -> list[int]:
        if subject.post is Post.INSPECTOR:
            return list(subject.inspectors)
        if subject.post is Post.HANDLER:
            return self._nearest(subject.body_path, Post.HANDLER)
        return self._at_desk(subject.post, subject)

    def _at_desk(self, post: Post, subject: Subject) -> list[int]:
        """Who holds the post over this community at the centre in charge: on duty now, or on no roster at all.

        Where nobody is, everybody.
        """
        there = [
            person_id
            for person_id, held in self._desks[post]
            if held.covers(subject.area_code) and sits_at(held, subject.centre_id, subject.desk_id)
        ]
        called = [
            person_id
            for person_id in there
            if (person_id, post) in self._on_duty.now or (person_id, post) not in self._on_duty.ever
        ]
        return called or there

    def _nearest(self, body_path: str | None, *posts: Post, skip: int = 0) -> list[int]:
        """Who holds the first of these posts that is held, at the body or at the nearest one above it."""
        for body_id in _upwards(body_path)[skip:]:
            for post in posts:
                if self._bodies[body_id][post]:
                    return self._bodies[body_id][post]
        return []

    def _above(self, body_path: str | None) -> list[int]:
        """The body's own leader; where it has none, who leads or handles at the nearest body above."""
        own = _upwards(body_path)[:1]
        leaders = self._bodies[own[0]][Post.LEADER] if own else []
        return leaders or self._nearest(body_path, Post.LEADER, Post.HANDLER, skip=1)

    def _on_the_list(self, subject: Subject, turn: int) -> list[int]:
        return next((found for place, found in enumerate(self._rungs(subject)) if place == turn), [])

    def _rungs(self, subject: Subject) -> Iterator[list[int]]:
        """The duty leaders; then the body's duty list and those of the bodies above, then their leaders."""
        leaders = self._at_desk(Post.DUTY_LEADER, subject)
        yield leaders
        for contact in self._contacts_of(subject):
            # Who has no account is called: the duty leaders are told whom.
            yield [*([contact.reached_id] if contact.reached_id is not None else []), *leaders]
        for body_id in _upwards(subject.body_path):
            if self._bodies[body_id][Post.LEADER]:
                yield self._bodies[body_id][Post.LEADER]


def _upwards(body_path: str | None) -> list[int]:
    """The ids of a body and those above it, the nearest first."""
    return [int(part) for part in reversed((body_path or "").split("/")) if part]
