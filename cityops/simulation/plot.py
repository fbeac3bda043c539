"""What comes of one report, step by step, and when. Pure."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from cityops.cases.models import AttachmentKind
from cityops.cases.names import ClockName, Source, StepName
from cityops.cases.requests import RequestKind
from cityops.cases.steps import LAST, WAITING
from cityops.cases.workflow import STEPS, needs_verifying
from cityops.clock import CITY_ZONE
from cityops.hotline.models import Outcome
from cityops.simulation import wording
from cityops.simulation.facts import Condition, Phase
from cityops.simulation.habits import APPEALED, DISPUTED, EXCUSED, SHARED
from cityops.simulation.lives import Act, CallBack
from cityops.simulation.pen import Pen
from cityops.worktime.limits import Unit

OUTCOMES = {Outcome.REACHED: 84, Outcome.NOT_REACHED: 10, Outcome.DISSATISFIED: 6}
MOST_PAUSED_MINUTES = 10 * 480
"""How much longer what was suspended takes at most, beyond its limit: two weeks of the offices."""
_GIVEN = {StepName.DISPATCH, StepName.ARBITRATE}


def temper(body: str) -> float:
    """The share of a limit that a body needs in the middle case: each has its own, and some are worse."""
    return Random(f"temper:{body}").uniform(0.3, 0.85)


class Plot(Pen):
    """One life being written: every method takes it a step on, to whatever comes of it."""

    def handle_alone(self) -> None:
        """A simple case (简易案件): put right on the spot, reviewed; a failed review files it like any other."""
        self.do(StepName.SELF_HANDLE, photos=(AttachmentKind.BEFORE, AttachmentKind.AFTER))
        self.wait(ClockName.CLOSE, 0.3)
        if self.chance(0.95):
            self.do(StepName.REVIEW, result="passed", note=self.say(wording.CLOSED))
            return
        self.do(StepName.REVIEW, result="failed", note=self.say(wording.REVIEW_FAILED))
        self.file()

    def report(self) -> None:
        """Reported, some with a picture, and taken in."""
        has_photo = self.told.source in {Source.INSPECTOR, Source.VIDEO} or (
            self.told.source is Source.PUBLIC and self.chance(0.6)
        )
        self.do(StepName.REPORT, photos=(AttachmentKind.SCENE,) if has_photo else ())
        self.take_in()

    def take_in(self) -> None:
        """Accepted or declined; verified where the public or a machine told of it."""
        self.wait(ClockName.ACCEPT, 0.25)
        must_verify = needs_verifying(self.told.source)
        if must_verify and self.chance(0.09):
            self.do(StepName.DECLINE, note=self.say(wording.DECLINED))
            return
        self.do(StepName.ACCEPT)
        if must_verify:
            self.verify()
        elif self.chance(0.03):
            self._refuse(wording.BELOW)
        else:
            self.file()

    def verify(self) -> None:
        """An inspector looks whether it is true (核实)."""
        self.wait_for_inspector(ClockName.VERIFY, 0.35)
        is_true = self.chance(0.9)
        self.do(
            StepName.VERIFY,
            result="confirmed" if is_true else "not_found",
            note=self.say(wording.CONFIRMED if is_true else wording.NOT_FOUND),
            photos=(AttachmentKind.VERIFY,) if self.chance(0.8) else (),
        )
        if not is_true:
            self._refuse(wording.REFUSED)
        elif self.chance(0.03):
            self._refuse(wording.BELOW)
        else:
            self.file()

    def file(self) -> None:
        """Filed, and given to a body."""
        self.wait(ClockName.FILE, 0.3)
        self.do(StepName.FILE, condition=self.told.condition.code)
        self.give_to_body()

    def give_to_body(self) -> None:
        """Given to a body: to the wrong one now and then, which sends it back; seldom nobody wants to have it."""
        body = self._responsible_body()
        if self.chance(DISPUTED):
            self._dispute(body)
            self.handle(body)
            return
        if self.chance(0.07):
            self._send_back_from(self._another(body), wording.NOT_OURS, suggesting=body)
        elif self.chance(0.04):
            self._send_back_from(body, wording.NOT_NOW)
        self._dispatch(body)
        if self.chance(0.01):
            self.wait(ClockName.DISPATCH, 0.5)
            self.ask(RequestKind.VOID, wording.DOUBLED)
            self.decide(StepName.VOID, ClockName.CLOSE)
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
        if self.acts[-3].result == "failed" and self.chance(APPEALED):
            self._appeal()
        self.wait(ClockName.CLOSE, 0.3)
        self.do(StepName.CLOSE, note=self.say(wording.CLOSED) if self.chance(0.5) else None)

    def _work(self, body: str, terms: Condition | Phase, following: Phase | None) -> None:
        """Signed for, handled in open hours at the body's own pace, checked; reworked once or twice where it fails."""
        dispatched_at = self.at
        if self.acts[-1].step in _GIVEN and self.chance(0.92):
            self.wait_open(ClockName.SIGN, 0.3)
            self.do(StepName.SIGN_FOR)
        pace = terms.pace
        share = temper(body) * math.exp(0.45 * self.draw.gauss(0, 1))
        self._look_on()
        is_waited_for = not self.told.condition.phases and self._share(body)
        share = self._ask_for_time(terms, dispatched_at, share)
        self.come_to(max(pace.after(dispatched_at, share), pace.after(self.at, 10 / max(pace.minutes, 10))))
        must_show = following is not None and following.is_photo_asked
        self._report_back(wording.HANDLED, must_show=must_show, result=WAITING if is_waited_for else None)
        if is_waited_for:
            self.come_to(pace.after(self.at, self.draw.uniform(0.05, 0.3)))
            self._end_task(result=LAST)
        if following is not None and not following.is_check_asked:
            return
        for chance in (0.91, 0.8, 1.0):
            if self.told.condition.is_checked_at_its_hour:
                self.wait_for_its_hour()
            else:
                self.wait_for_inspector(ClockName.CHECK, 0.35)
            photos = (AttachmentKind.CHECK,) if self.chance(0.9) else ()
            if self.chance(chance):
                self.do(StepName.CHECK, result="passed", note=self.say(wording.PASSED), photos=photos)
                break
            self.do(StepName.CHECK, result="failed", note=self.say(wording.FAILED), photos=photos)
            self.come_to(pace.after(self.at, self.draw.uniform(0.1, 0.5)))
            self._report_back(wording.REWORKED, must_show=must_show)

    def _appeal(self) -> None:
        """The body does not want the rework to be counted against it."""
        self.wait(ClockName.CLOSE, 0.1)
        self.ask(RequestKind.APPEAL, wording.APPEALED)
        if self.chance(0.4):
            self.decide(StepName.UPHOLD, ClockName.CLOSE)
        else:
            self.decide(StepName.REJECT, ClockName.CLOSE, wording.NOT_ENOUGH)

    def call_back(self, last: Act) -> CallBack | None:
        """The call to who left a number, some hours after the last act of a case, by day; some are never reached."""
        if self.told.phone is None or not STEPS[last.step].is_answered or self.chance(0.06):
            return None
        at = self.by_day(last.at + timedelta(minutes=self.draw.randrange(5, 300)))
        outcome = self.draw.choices([*OUTCOMES], weights=[*OUTCOMES.values()])[0]
        return CallBack(at, self.draw.random(), outcome)

    def _responsible_body(self) -> str:
        body = self.told.condition.body or self.told.cell.code[:9]
        body = body if body in self.city.bodies else self.city.departments[0]
        companies = self.city.contractors.get(body, ())
        return self.draw.choice(companies) if companies and self.chance(0.4) else body

    def _another(self, body: str) -> str:
        return self.draw.choice([other for other in self.city.departments if other != body] or [body])

    def _dispute(self, body: str) -> None:
        """Two bodies send it back; the fallback body makes the place safe, and it is decided whose it is."""
        wrong = self._another(body)
        for has_it, suggested in ((wrong, body), (body, wrong)):
            self._send_back_from(has_it, wording.NOT_OURS, suggesting=suggested, within=(0.01, 0.07))
        self.come_to(self.at + timedelta(minutes=self.draw.randint(20, 110)))
        self.do(StepName.CO_REPORT, note=self.say(wording.MADE_SAFE), photos=(AttachmentKind.AFTER,))
        self.come_to(self.by_day(self.at + timedelta(hours=self.draw.uniform(0.5, 20))))
        self.do(StepName.ARBITRATE, body=body, note=self.say(wording.DECIDED))

    def _share(self, body: str) -> bool:
        """Give another body a task too, where such cases are shared; whether the lead will wait for it."""
        chance, task = SHARED.get(self.told.condition.class_name, (0.0, ""))
        if not self.chance(chance):
            return False
        office = self.told.cell.code[:9]
        helper = office if office in self.city.bodies and office != body else self._another(body)
        if helper == body:
            return False
        self.come_to(self.at + timedelta(minutes=self.draw.randint(2, 20)))
        self.do(StepName.ADD_CO_HANDLER, body=helper, note=task)
        if self.chance(0.4):
            return True
        self.come_to(self.told.condition.pace.after(self.at, self.draw.uniform(0.02, 0.2)))
        self._end_task()
        return False

    def _end_task(self, result: str | None = None) -> None:
        if self.chance(EXCUSED):
            self.do(StepName.EXCUSE, result=result, note=self.say(wording.LET_OFF))
        else:
            photos = (AttachmentKind.AFTER,)
            self.do(StepName.CO_REPORT, result=result, note=self.say(wording.HELPED), photos=photos)

    def _send_back_from(
        self,
        body: str,
        reasons: Sequence[str],
        *,
        suggesting: str | None = None,
        within: tuple[float, float] = (0.06, 0.18),
    ) -> None:
        """Asked for early in the limit, some saying whose it is, and taken back by the dispatcher."""
        self._dispatch(body)
        pace, dispatched_at = self.told.condition.pace, self.at
        if self.chance(0.5):
            self.come_to(pace.after(dispatched_at, self.draw.uniform(within[0] / 6, within[0] * 0.8)))
            self.do(StepName.SIGN_FOR)
        self.come_to(pace.after(dispatched_at, self.draw.uniform(*within)))
        self.ask(RequestKind.SEND_BACK, reasons, body=suggesting if suggesting != body else None)
        self.decide(StepName.SEND_BACK, ClockName.DISPATCH)

    def _ask_for_time(self, terms: Condition | Phase, dispatched_at: datetime, share: float) -> float:
        """Who will be late asks for more time, or for a pause; answers the share of the limit that it then takes."""
        if terms.limit.unit is Unit.URGENT_HOUR or terms.limit.value < 2:
            return share
        if share > 0.9 and self.chance(0.4):
            self.come_to(terms.pace.after(dispatched_at, self.draw.uniform(0.5, 0.75)))
            more = self.draw.randint(1, int(terms.limit.value))
            self.ask(RequestKind.EXTEND, wording.NO_TIME, more=more)
            if self.chance(0.75):
                self.decide(StepName.EXTEND, ClockName.DISPATCH)
            else:
                self.decide(StepName.REJECT, ClockName.DISPATCH, wording.NOT_ENOUGH)
        elif self.acts[-1].step is StepName.SIGN_FOR and self.chance(0.012):
            self.come_to(terms.pace.after(dispatched_at, self.draw.uniform(0.1, 0.4)))
            kind, words = self.draw.choice(
                ((RequestKind.SUSPEND, wording.WAITS), (RequestKind.DEFER, wording.LONG_WORKS))
            )
            until_on = self.at.astimezone(CITY_ZONE).date() + timedelta(days=self.draw.randint(5, 60))
            self.ask(kind, words, until_on=until_on, photos=(AttachmentKind.PROOF,))
            self.decide(StepName(kind.value), ClockName.CLOSE)
            return share + self.draw.uniform(1.0, min(6.0, 1.0 + MOST_PAUSED_MINUTES / terms.pace.minutes))
        return share

    def _look_on(self) -> None:
        """Now and then somebody urges the body on, or a leader wants to be told."""
        if self.chance(0.03):
            self.come_to(self.at + timedelta(minutes=self.draw.randint(10, 90)))
            self.do(StepName.URGE, note=self.say(wording.URGED))
        if self.chance(0.012):
            self.come_to(self.at + timedelta(minutes=self.draw.randint(10, 90)))
            self.ask(RequestKind.OVERSEE, wording.OVERSEEN)
            self.decide(StepName.REPLY, ClockName.SIGN, wording.REPLIED)

    def _dispatch(self, body: str) -> None:
        self.wait(ClockName.DISPATCH, 0.3)
        self.do(StepName.DISPATCH, body=body)

    def _report_back(self, words: Sequence[str], *, must_show: bool, result: str | None = None) -> None:
        photos = (AttachmentKind.AFTER,) if self.chance(0.85) or must_show else ()
        self.do(StepName.REPORT_BACK, result=result, note=self.say(words), photos=photos)

    def _refuse(self, reasons: Sequence[str]) -> None:
        self.wait(ClockName.FILE, 0.4)
        self.do(StepName.REFUSE, note=self.say(reasons))
