"""A notice in words, in the reader's language."""

from collections.abc import Mapping

from flask_babel import gettext

from cityops import web
from cityops.cases.names import CLOCK_LABELS
from cityops.cases.telling import sentence
from cityops.notices.models import Notice, NoticeKind
from cityops.words import N_

WORDS: Mapping[NoticeKind, str] = {
    NoticeKind.WAITING: N_("“%(clock)s” has waited since %(since)s, and nobody has acted"),
    NoticeKind.NEAR: N_("“%(clock)s” is nearly due: %(due)s"),
    NoticeKind.OVER: N_("“%(clock)s” is overdue: it was due %(due)s"),
}


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
