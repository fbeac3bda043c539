"""A notice in words, in the reader's language."""

from collections.abc import Mapping

from flask_babel import gettext

from cityops import web
from cityops.cases.names import CLOCK_LABELS, ClockName
from cityops.cases.telling import sentence
from cityops.notices.models import Moment, Notice, NoticeKind, Recipient
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
RECIPIENT_LABELS: Mapping[Recipient, str] = {
    Recipient.HOLDER: N_("whose turn it is"),
    Recipient.OPERATOR: N_("the operators of the area"),
    Recipient.DISPATCHER: N_("the dispatchers of the area"),
    Recipient.DUTY_LEADER: N_("the duty leaders of the area"),
    Recipient.HANDLER: N_("the handlers of the body"),
    Recipient.BODY_ABOVE: N_("the body's leader, else who stands above it"),
    Recipient.DUTY_LIST: N_("up the duty list, a rung each time"),
}


def clock_words(name: ClockName | None) -> str:
    """What the clock of a rule is called."""
    return str(gettext(CLOCK_LABELS[name]) if name is not None else gettext("every clock"))


def words(notice: Notice) -> str:
    """What a notice says."""
    if notice.event is not None:
        return sentence(notice.event)
    clock = notice.clock
    if clock is None:
        return ""
    facts = {"clock": gettext(CLOCK_LABELS[clock.name]), "since": web.local_time(clock.started_at)}
    if notice.call is not None:
        return str(gettext("“%(clock)s” has waited since %(since)s: call %(name)s", name=notice.call, **facts))
    return str(gettext(WORDS[notice.kind], due=web.local_time(notice.due_at), **facts))
