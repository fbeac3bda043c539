"""What comes of one report, step by step, and when. Pure."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from cityops.cases.models import AttachmentKind
from cityops.cases.names import ClockName, Source, StepName
from cityops.cases.requests import RequestKind
from cityops.cases.workflow import STEPS, needs_verifying
from cityops.clock import CITY_ZONE
from cityops.hotline.models import Outcome
from cityops.simulation import wording
from cityops.simulation.facts import CityFacts, Condition, Pace, Phase
from cityops.simulation.lives import Act, CallBack, Told
from cityops.worktime.limits import Unit

DAY_BEGINS, DAY_ENDS = 7, 21
OUTCOMES = {Outcome.REACHED: 84, Outcome.NOT_REACHED: 10, Outcome.DISSATISFIED: 6}


def is_day(at: datetime) -> bool:
    """Whether the day shifts are out."""
    return DAY_BEGINS <= at.astimezone(CITY_ZONE).hour < DAY_ENDS


def temper(body: str) -> float:
    """The share of a limit that a body needs in the middle case: each has its own, and some are worse."""
    return Random(f"temper:{body}").uniform(0.3, 0.85)


class Plot:
    """One life being written: every method takes it a step on, to whatever comes of it."""

    def __init__(self, city: CityFacts, told: Told, at: datetime, draw: Random) -> None:
        self.city, self.told, self.at, self.draw = city, told, at, draw
        self.acts: list[Act] = []

    def handle_alone(self) -> None:
        """A simple case (简易案件): put right on the spot, reviewed; a failed review files it like any other."""
        self._do(StepName.SELF_HANDLE, photos=(AttachmentKind.BEFORE, AttachmentKind.AFTER))
        self._wait(ClockName.CLOSE, 0.3)
        if self._chance(0.95):
            self._do(StepName.REVIEW, result="passed", note=self._say(wording.CLOSED))
            return
        self._do(StepName.REVIEW, result="failed", note=self._say(wording.REVIEW_FAILED))
        self.file()

    def report(self) -> None:
        """Reported; accepted or declined; verified where the public or a machine told of it."""
        has_photo = self.told.source in {Source.INSPECTOR, Source.VIDEO} or (
            self.told.source is Source.PUBLIC and self._chance(0.6)
        )
        self._do(StepName.REPORT, photos=(AttachmentKind.SCENE,) if has_photo else ())
        self._wait(ClockName.ACCEPT, 0.25)
        must_verify = needs_verifying(self.told.source)
        if must_verify and self._chance(0.09):
            self._do(StepName.DECLINE, note=self._say(wording.DECLINED))
            return
        self._do(StepName.ACCEPT)
        if must_verify:
            self.verify()
        elif self._chance(0.03):
            self._refuse(wording.BELOW)
        else:
            self.file()

    def verify(self) -> None:
        """An inspector looks whether it is true (核实)."""
        self._wait_for_inspector(ClockName.VERIFY, 0.35)
        is_true = self._chance(0.9)
        self._do(
            StepName.VERIFY,
            result="confirmed" if is_true else "not_found",
            note=self._say(wording.CONFIRMED if is_true else wording.NOT_FOUND),
            photos=(AttachmentKind.VERIFY,) if self._chance(0.8) else (),
        )
        if not is_true:
            self._refuse(wording.REFUSED)
        elif self._chance(0.03):
            self._refuse(wording.BELOW)
        else:
            self.file()

    def file(self) -> None:
        """Filed, then given to a body: to the wrong one now and then, which sends it back."""
        self._wait(ClockName.FILE, 0.3)
        self._do(StepName.FILE, condition=self.told.condition.code)
        body = self._responsible_body()
        if self._chance(0.07):
            wrong = self.draw.choice([other for other in self.city.departments if other != body] or [body])
            self._send_back_from(wrong, wording.NOT_OURS)
        elif self._chance(0.04):
            self._send_back_from(body, wording.NOT_NOW)
        self._dispatch(body)
        if self._chance(0.01):
            self._wait(ClockName.DISPATCH, 0.5)
            self._ask(RequestKind.VOID, wording.DOUBLED)
            self._decide(StepName.VOID, ClockName.CLOSE)
        else:
            self.handle(body)

    def handle(self, body: str) -> None:
        """Handled, phase by phase where there are several, and closed."""
        terms: Condition | Phase = self.told.condition
        for phase in self.told.condition.phases:
            self._work(body, terms, phase)
            if phase.is_other:
                body = phase.body or self.told.cell.code[:9]
                self._dispatch(body)
            terms = phase
        self._work(body, terms, None)
        self._wait(ClockName.CLOSE, 0.3)
        self._do(StepName.CLOSE, note=self._say(wording.CLOSED) if self._chance(0.5) else None)

    def _work(self, body: str, terms: Condition | Phase, following: Phase | None) -> None:
        """Signed for, handled in open hours at the body's own pace, checked; reworked once or twice where it fails."""
        dispatched_at = self.at
        if self.acts[-1].step is StepName.DISPATCH and self._chance(0.92):
            self._wait_open(ClockName.SIGN, 0.3)
            self._do(StepName.SIGN_FOR)
        pace = terms.pace
        share = temper(body) * math.exp(0.45 * self.draw.gauss(0, 1))
        self._look_on()
        share = self._ask_for_time(terms, dispatched_at, share)
        self._come_to(max(pace.after(dispatched_at, share), pace.after(self.at, 10 / max(pace.minutes, 10))))
        must_show = following is not None and following.is_photo_asked
        self._report_back(wording.HANDLED, must_show=must_show)
        if following is not None and not following.is_check_asked:
            return
        for chance in (0.91, 0.8, 1.0):
            self._wait_for_inspector(ClockName.CHECK, 0.35)
            photos = (AttachmentKind.CHECK,) if self._chance(0.9) else ()
            if self._chance(chance):
                self._do(StepName.CHECK, result="passed", note=self._say(wording.PASSED), photos=photos)
                break
            self._do(StepName.CHECK, result="failed", note=self._say(wording.FAILED), photos=photos)
            self._come_to(pace.after(self.at, self.draw.uniform(0.1, 0.5)))
            self._report_back(wording.REWORKED, must_show=must_show)

    def call_back(self) -> CallBack | None:
        """The call to who left a number, some hours after the case has ended, by day; some are never reached."""
        if self.told.phone is None or not STEPS[self.acts[-1].step].is_answered or self._chance(0.06):
            return None
        at = self._by_day(self.at + timedelta(minutes=self.draw.randrange(5, 300)))
        outcome = self.draw.choices([*OUTCOMES], weights=[*OUTCOMES.values()])[0]
        return CallBack(at, self.draw.random(), outcome)

    def _responsible_body(self) -> str:
        body = self.told.condition.body or self.told.cell.code[:9]
        body = body if body in self.city.bodies else self.city.departments[0]
        companies = self.city.contractors.get(body, ())
        return self.draw.choice(companies) if companies and self._chance(0.4) else body

    def _send_back_from(self, body: str, reasons: Sequence[str]) -> None:
        """Asked for early in the limit, and taken back by the dispatcher."""
        self._dispatch(body)
        pace, dispatched_at = self.told.condition.pace, self.at
        if self._chance(0.5):
            self._come_to(pace.after(dispatched_at, self.draw.uniform(0.01, 0.05)))
            self._do(StepName.SIGN_FOR)
        self._come_to(pace.after(dispatched_at, self.draw.uniform(0.06, 0.18)))
        self._ask(RequestKind.SEND_BACK, reasons)
        self._decide(StepName.SEND_BACK, ClockName.DISPATCH)

    def _ask_for_time(self, terms: Condition | Phase, dispatched_at: datetime, share: float) -> float:
        """Who will be late asks for more time, or for a pause; answers the share of the limit that it then takes."""
        if terms.limit.unit is Unit.URGENT_HOUR or terms.limit.value < 2:
            return share
        if share > 0.9 and self._chance(0.4):
            self._come_to(terms.pace.after(dispatched_at, self.draw.uniform(0.5, 0.75)))
            more = self.draw.randint(1, int(terms.limit.value))
            self._ask(RequestKind.EXTEND, wording.NO_TIME, more=more)
            if self._chance(0.75):
                self._decide(StepName.EXTEND, ClockName.DISPATCH)
            else:
                self._decide(StepName.REJECT, ClockName.DISPATCH, wording.NOT_ENOUGH)
        elif self.acts[-1].step is StepName.SIGN_FOR and self._chance(0.012):
            self._come_to(terms.pace.after(dispatched_at, self.draw.uniform(0.1, 0.4)))
            kind, words = self.draw.choice(
                ((RequestKind.SUSPEND, wording.WAITS), (RequestKind.DEFER, wording.LONG_WORKS))
            )
            until_on = self.at.astimezone(CITY_ZONE).date() + timedelta(days=self.draw.randint(5, 60))
            self._ask(kind, words, until_on=until_on, photos=(AttachmentKind.PROOF,))
            self._decide(StepName(kind.value), ClockName.CLOSE)
            return share + self.draw.uniform(1.0, 6.0)
        return share

    def _look_on(self) -> None:
        """Now and then somebody urges the body on, or a leader wants to be told."""
        if self._chance(0.03):
            self._come_to(self.at + timedelta(minutes=self.draw.randint(10, 90)))
            self._do(StepName.URGE, note=self._say(wording.URGED))
        if self._chance(0.012):
            self._come_to(self.at + timedelta(minutes=self.draw.randint(10, 90)))
            self._ask(RequestKind.OVERSEE, wording.OVERSEEN)
            self._decide(StepName.REPLY, ClockName.SIGN, wording.REPLIED)

    def _ask(
        self,
        kind: RequestKind,
        reasons: Sequence[str],
        *,
        more: int | None = None,
        until_on: date | None = None,
        photos: tuple[AttachmentKind, ...] = (),
    ) -> None:
        note = self._say(reasons)
        asked = Act(self.at, StepName.ASK, self.draw.random(), note=note, photos=photos)
        self.acts.append(replace(asked, asks=kind, more=more, until_on=until_on))

    def _decide(self, step: StepName, clock: ClockName, words: Sequence[str] = wording.GRANTED) -> None:
        self._wait(clock, 0.3)
        self._do(step, note=self._say(words))

    def _dispatch(self, body: str) -> None:
        self._wait(ClockName.DISPATCH, 0.3)
        self._do(StepName.DISPATCH, body=body)

    def _report_back(self, words: Sequence[str], *, must_show: bool) -> None:
        photos = (AttachmentKind.AFTER,) if self._chance(0.85) or must_show else ()
        self._do(StepName.REPORT_BACK, note=self._say(words), photos=photos)

    def _refuse(self, reasons: Sequence[str]) -> None:
        self._wait(ClockName.FILE, 0.4)
        self._do(StepName.REFUSE, note=self._say(reasons))

    def _do(
        self,
        step: StepName,
        *,
        result: str | None = None,
        condition: str | None = None,
        body: str | None = None,
        note: str | None = None,
        photos: tuple[AttachmentKind, ...] = (),
    ) -> None:
        self.acts.append(Act(self.at, step, self.draw.random(), result, condition, body, note, photos))

    def _wait(self, clock: ClockName, share: float) -> None:
        self._come_to(self.city.paces[clock].after(self.at, self._about(share)))

    def _wait_open(self, clock: ClockName, share: float) -> None:
        """Wait in the hours in which the condition's bodies work."""
        working = Pace(self.told.condition.pace.calendar, self.city.paces[clock].minutes)
        self._come_to(working.after(self.at, self._about(share)))

    def _wait_for_inspector(self, clock: ClockName, share: float) -> None:
        """At night few inspectors are out: most of what comes in then waits for the morning."""
        if not is_day(self.at) and self._chance(0.7):
            self._come_to(self._by_day(self.at))
        self._wait(clock, share)

    def _by_day(self, at: datetime) -> datetime:
        """The moment itself by day, the next morning for one in the night."""
        if is_day(at):
            return at
        local = at.astimezone(CITY_ZONE)
        morning = local.replace(hour=DAY_BEGINS, minute=0, second=0)
        morning += timedelta(days=local.hour >= DAY_ENDS, minutes=self.draw.randrange(10, 60))
        return morning.astimezone(at.tzinfo)

    def _come_to(self, moment: datetime) -> None:
        soonest = self.at + timedelta(seconds=self.draw.randrange(20, 90))
        self.at = max(moment.replace(microsecond=0), soonest)

    def _about(self, share: float) -> float:
        return min(share * math.exp(0.6 * self.draw.gauss(0, 1)), 3.0)

    def _chance(self, share: float) -> bool:
        return self.draw.random() < share

    def _say(self, words: Sequence[str]) -> str:
        return self.draw.choice(words)
