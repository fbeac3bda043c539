"""The first rules of warning of a city, and its quiet hours."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cityops.cases.names import ClockName
from cityops.notices.hours import DAY_MINUTES
from cityops.notices.models import Moment, Owed, QuietHours, Recipient, WarningRule

QUIET_FROM_HOUR, QUIET_UNTIL_HOUR = 21, 7
URGENT_UNSIGNED_MINUTES = 10


def seed_rules(session: Session) -> None:
    """Give a city that has no rule of warning the first ones; where there is one, all stays as it is."""
    if session.scalar(select(WarningRule.id).limit(1)) is not None:
        return
    session.add_all(
        [
            _rule(None, Moment.NEAR, Recipient.HOLDER),
            _rule(None, Moment.DUE, Recipient.HOLDER),
            _rule(None, Moment.DUE, Recipient.DUTY_LEADER),
            _rule(ClockName.SIGN, Moment.DUE, Recipient.BODY_ABOVE),
            _rule(ClockName.HANDLE, Moment.DUE, Recipient.BODY_ABOVE),
            _rule(None, Moment.DUE, Recipient.HOLDER, owed=Owed.RECHECK),
            _rule(None, Moment.DUE, Recipient.SUPERVISOR, owed=Owed.RECHECK, after_minutes=DAY_MINUTES),
            _rule(None, Moment.NEAR, Recipient.HOLDER, owed=Owed.CO_HANDLING),
            _rule(None, Moment.DUE, Recipient.HOLDER, owed=Owed.CO_HANDLING),
            _rule(None, Moment.DUE, Recipient.BODY_ABOVE, owed=Owed.CO_HANDLING),
            WarningRule(
                clock=ClockName.SIGN,
                moment=Moment.STARTED,
                after_minutes=URGENT_UNSIGNED_MINUTES,
                every_minutes=URGENT_UNSIGNED_MINUTES,
                recipient=Recipient.DUTY_LIST,
                is_urgent_only=True,
                is_active=True,
            ),
        ]
    )
    session.add(QuietHours(from_minute=QUIET_FROM_HOUR * 60, until_minute=QUIET_UNTIL_HOUR * 60))
    session.flush()


def _rule(
    clock: ClockName | None,
    moment: Moment,
    recipient: Recipient,
    *,
    owed: Owed | None = None,
    after_minutes: int = 0,
) -> WarningRule:
    return WarningRule(
        clock=clock,
        owed=owed,
        moment=moment,
        after_minutes=after_minutes,
        recipient=recipient,
        is_urgent_only=False,
        is_active=True,
    )
