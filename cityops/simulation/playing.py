"""One life being played: each act becomes a step of the case's own services, taken by somebody who may take it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cityops import clock
from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cases import asking, linking
from cityops.cases import services as cases
from cityops.cases.asking import Decision, NewRequest
from cityops.cases.at_place import ANSWERS, AtPlace
from cityops.cases.co_models import CoHandling
from cityops.cases.intake import NewReport
from cityops.cases.models import Attachment, Case, Report
from cityops.cases.names import Source, StepName
from cityops.cases.office import CaseOffice
from cityops.cases.requests import RULES, RequestKind
from cityops.cases.services import StepRequest
from cityops.cases.workflow import STEPS
from cityops.errors import CityopsError, WrongState
from cityops.hotline import services as hotline
from cityops.hotline.models import MAX_TRIES, Outcome, ReporterAnswer
from cityops.patrol.models import InspectorTask
from cityops.simulation.cast import Cast
from cityops.simulation.deeds import DEEDS, Deed, find_task
from cityops.simulation.lives import Act, CallBack, Life
from cityops.simulation.photos import Album
from cityops.simulation.wording import SHARE_USED_UP

REPORTING = {StepName.REPORT, StepName.SELF_HANDLE}
REPORTERS = {Source.INSPECTOR: Post.INSPECTOR, Source.LEADER: Post.LEADER}
JUDGED = {StepName.REPORT_BACK, StepName.SELF_HANDLE}


@dataclass
class Player:
    """Plays one life; its acts are taken in order, the virtual clock standing at each act's moment.

    Attributes:
        neighbours: the players of the lives that are played together, by their numbers.
    """

    life: Life
    office: CaseOffice
    cast: Cast
    album: Album
    neighbours: Mapping[int, "Player"]
    case: Case | None = None
    body: str = ""
    request_id: int | None = None
    asked: RequestKind | None = None
    handled_by: set[int] = field(default_factory=set)

    def count(self, act: Act) -> int:
        """How many steps have been taken on the cases that an act concerns."""
        return sum(case.version for case in (self.case, self.beside(act)) if case is not None)

    def take(self, session: Session, act: Act) -> None:
        """Take the next act; one that a rule of the city has taken already, or made impossible, is left out."""
        if self.case is not None and self.case.stage not in STEPS[act.step].stages:
            return
        who = self._who(session, act)
        # The services flush what the followers read; one more flush before each query would take twice the time.
        with session.no_autoflush:
            if self.case is None:
                self.case = self._report(session, who, act)
                self._add_photos(session, who, self.case, act)
            else:
                self._add_photos(session, who, self.case, act)
                self._go_on(session, who, self.case, act)
            session.flush()
        if act.step in JUDGED:
            self.handled_by.add(who.person_id)
        self.body = self.case.body.code if self.case.body is not None else self.body

    def beside(self, act: Act) -> Case | None:
        """The other case that an act concerns as well."""
        return self.neighbours[act.other].case if act.other is not None else None

    def _report(self, session: Session, who: Viewer, act: Act) -> Case:
        """Open the case: by its report, or split off from the report that named it beside another fault."""
        other, told = self.beside(act), self._told(act)
        # A rule of the city may have ended that one before its time.
        if other is None or other.stage not in STEPS[StepName.SPLIT].stages:
            return cases.report(session, who, self.office, told).case
        return linking.split(session, who, self.office, other.number, other.version, told)

    def _go_on(self, session: Session, who: Viewer, case: Case, act: Act) -> None:
        if act.asks is not None:
            self.asked = act.asks
            self.request_id = self._ask(
                session, who, case, NewRequest(act.asks, case.version, act.note or "", act.more, act.until_on, act.body)
            )
        elif STEPS[act.step].is_of_request:
            if self.request_id is not None:
                self._decide(session, who, case, act, self.request_id)
        elif STEPS[act.step].has_own_door:
            # Where a rule of the city was quicker, the case or the other one is no longer where this could be done.
            with suppress(CityopsError):
                DEEDS[act.step](Deed(session, who, self.office, case, act, self.beside(act)))
        else:
            cases.take_step_on(session, who, self.office, case, self._asked(act, case))

    def _ask(self, session: Session, who: Viewer, case: Case, new: NewRequest) -> int | None:
        """Ask for something; who comes too late with it is refused on the spot, and there is nothing to decide."""
        try:
            return asking.ask(session, who, self.office, case.number, new).id
        except WrongState:
            return None

    def _decide(self, session: Session, who: Viewer, case: Case, act: Act, request_id: int) -> None:
        """Decide what was asked last; a body that has had its share of the month is refused."""
        decision = Decision.REJECT if act.step is StepName.REJECT else Decision.GRANT
        try:
            asking.decide(session, who, self.office, request_id, decision, case.version, act.note)
        except WrongState:
            asking.decide(session, who, self.office, request_id, Decision.REJECT, case.version, SHARE_USED_UP)

    def answer(self, session: Session, call_back: CallBack) -> None:
        """Call the reporter back and write down how it went."""
        if self.case is None:
            return
        owed = select(ReporterAnswer.id).join(Report, Report.id == ReporterAnswer.report_id)
        owed = owed.where(Report.case_id == self.case.id, ReporterAnswer.answered_at.is_(None))
        area_code = self.life.told.cell.code[:12]
        operator = self.cast.at_desk(Post.OPERATOR, area_code, call_back.at, call_back.lot)
        # Who cannot be reached is called until the city gives up.
        calls = MAX_TRIES if call_back.outcome is Outcome.NOT_REACHED else 1
        for answer_id in session.scalars(owed).all():
            for _ in range(calls):
                hotline.answer(session, operator, answer_id, call_back.outcome)

    def _who(self, session: Session, act: Act) -> Viewer:
        told, area_code = self.life.told, self.life.told.cell.code[:12]
        if act.step in REPORTING:
            post = REPORTERS.get(told.source, Post.OPERATOR)
            if post is Post.INSPECTOR:
                return self.cast.inspector(told.cell, act.at, act.lot)
            return self.cast.at_desk(post, area_code, act.at, act.lot)
        post = self._posts(act)[0]
        if post is Post.HANDLER:
            task = self._task(session, act)
            return self.cast.handler(task.body.code if task is not None else self.body, act.lot)
        if post is Post.INSPECTOR:
            return self._given_the_task(session) or self.cast.inspector(told.cell, act.at, act.lot, self.handled_by)
        return self.cast.at_desk(post, area_code, act.at, act.lot, self.case)

    def _posts(self, act: Act) -> Sequence[Post]:
        """Whose the act is: asking and rejecting go by what is asked, the rest by the workflow."""
        if act.asks is not None:
            return RULES[act.asks].askers
        if act.step is StepName.REJECT and self.asked is not None:
            return RULES[self.asked].deciders
        return STEPS[act.step].posts

    def _task(self, session: Session, act: Act) -> CoHandling | None:
        """The task beside the lead that an act reports done."""
        if self.case is None or act.step is not StepName.CO_REPORT:
            return None
        return find_task(session, self.case)

    def _given_the_task(self, session: Session) -> Viewer | None:
        """The inspector who was given the verify or check task, where he may judge."""
        if self.case is None:
            return None
        given = select(InspectorTask.person_id).where(
            InspectorTask.case_id == self.case.id, InspectorTask.done_at.is_(None)
        )
        person_id = session.scalar(given.limit(1))
        if person_id is None or person_id in self.handled_by:
            return None
        viewer = self.cast.get(person_id)
        held = viewer.holding(Post.INSPECTOR) if viewer else ()
        return viewer if any(each.covers(self.case.area_code) for each in held) else None

    def _told(self, act: Act) -> NewReport:
        told = self.life.told
        is_inspector = told.source is Source.INSPECTOR
        return NewReport(
            uuid=self.life.uuid,
            source=told.source,
            kind=told.condition.kind,
            class_code=told.condition.class_code,
            lon=told.lon,
            lat=told.lat,
            description=told.description,
            address=told.address,
            condition=told.condition.code if is_inspector else None,
            component_code=told.component_code,
            reporter_name=told.name,
            reporter_phone=told.phone,
            is_self_handled=act.step is StepName.SELF_HANDLE,
        )

    def _asked(self, act: Act, case: Case) -> StepRequest:
        return StepRequest(
            step=act.step,
            version=case.version,
            result=act.result,
            condition=act.condition,
            body=act.body,
            note=act.note,
            at_place=self._at_place(act, case),
        )

    def _at_place(self, act: Act, case: Case) -> AtPlace:
        """A few steps from the place, as the lot will."""
        if act.step not in ANSWERS:
            return AtPlace()
        return AtPlace(case.lon + (act.lot - 0.5) / 2_500, case.lat + (0.5 - act.lot) / 4_000, located_at=act.at)

    def _add_photos(self, session: Session, who: Viewer, case: Case, act: Act) -> None:
        """Add the act's pictures as rows: their files and small pictures were made before the first case."""
        condition, task = self.life.told.condition, self._task(session, act)
        if act.step is not StepName.CO_REPORT:
            photos = [(kind, self.album.photo(condition, kind)) for kind in act.photos]
        elif task is not None:
            photos = [(kind, self.album.photo_beside(condition, is_right=case.is_waiting)) for kind in act.photos]
        else:
            # The task has ended meanwhile: a photo would be the lead's.
            photos = []
        rows = [
            {
                "uuid": str(uuid5(UUID(self.life.uuid), f"{case.version}:{kind}")),
                "case_id": case.id,
                "co_handling_id": task.id if task is not None else None,
                "kind": kind,
                "sha256": photo.sha256,
                "media_type": photo.media_type,
                "size_bytes": photo.size_bytes,
                "added_at": clock.now(),
                "added_by": who.person_id,
                "has_thumbnail": True,
            }
            for kind, photo in photos
        ]
        if rows:
            session.execute(insert(Attachment), rows)
            # What was read of them before does not know these.
            session.expire(case, ["attachments"])
