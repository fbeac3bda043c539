"""A notice in words, in the reader's language."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext

from cityops import web
from cityops.cases.names import CLOCK_LABELS, ClockName
from cityops.cases.telling import sentence
from cityops.notices.models import Moment, Notice, NoticeKind, Owed, Recipient
from cityops.words import N_

WORDS: Mapping[NoticeKind, str] = {
    NoticeKind.WAITING: N_("“%(clock)s” has waited since %(since)s, and nobody has acted"),
    NoticeKind.NEAR: N_("“%(clock)s” is nearly due: %(due)s"),
    NoticeKind.OVER: N_("“%(clock)s” is overdue: it was due %(due)s"),
}

MOMENT_LABELS: Mapping[Moment, str] = {
    Moment.STARTED: N_("its begin"),
    Moment.NEAR: N_("four fifths of the limit (half of one under 4 h)"),
    Moment.DUE: N_("the limit"),
}
OWED_LABELS: Mapping[Owed, str] = {
    Owed.RECHECK: N_("re-check"),
    Owed.CO_HANDLING: N_("task beside a lead"),
}
RECIPIENT_LABELS: Mapping[Recipient, str] = {
    Recipient.HOLDER: N_("whose turn it is"),
    Recipient.OPERATOR: N_("the operators of the area"),
    Recipient.DISPATCHER: N_("the dispatchers of the area"),
    Recipient.DUTY_LEADER: N_("the duty leaders of the area"),
    Recipient.SUPERVISOR: N_("the supervisors of the area"),
    Recipient.HANDLER: N_("the handlers of the body"),
    Recipient.BODY_ABOVE: N_("the body's leader, else who stands above it"),
    Recipient.DUTY_LIST: N_("up the duty list, a rung each time"),
}


def watched_words(name: ClockName | Owed | None) -> str:
    """What a rule speaks of; None is every clock."""
    if name is None:
        return str(gettext("every clock"))
    return str(gettext(OWED_LABELS[name] if isinstance(name, Owed) else CLOCK_LABELS[name]))


def words(notice: Notice) -> str:
    """What a notice says."""
    if notice.event is not None:
        return sentence(notice.event)
    begun_at = _begun_at(notice)
    if begun_at is None:
        return ""
    name = notice.owed or (notice.clock.name if notice.clock is not None else None)
    facts = {"clock": watched_words(name), "since": web.local_time(begun_at)}
    if notice.call is not None:
        return str(gettext("“%(clock)s” has waited since %(since)s: call %(name)s", name=notice.call, **facts))
    return str(gettext(WORDS[notice.kind], due=web.local_time(notice.due_at), **facts))


def _begun_at(notice: Notice) -> datetime | None:
    """When what a notice warns of began."""
    if notice.clock is not None:
        return notice.clock.started_at
    if notice.task is not None:
        return notice.task.given_at
    return notice.co_handling.given_at if notice.co_handling is not None else None
