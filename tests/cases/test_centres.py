"""Who says which centres are in charge of a jurisdiction, from when, and what is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from cityops import clock
from cityops.accounts import centres
from cityops.accounts.models import AuditAction, AuditEntry
from cityops.accounts.posts import Post
from cityops.errors import Invalid, NotAllowed, NotFound
from tests import factories
from tests.factories import EAST, MONDAY_MORNING, People

TODAY = MONDAY_MORNING.date()
SAID = {"jurisdiction": EAST, "supervision": "supervision", "command": "command"}


def test_what_is_said_later_ends_what_was_said_before(session) -> None:
    admin = People(session).viewer("admin")
    factories.make_district_centre(session)
    first = centres.set_centres(session, admin, **SAID)
    later = centres.set_centres(session, admin, **SAID | {"command": "command-west"}, from_on=TODAY + timedelta(days=9))
    assert (first.from_on, first.until_on, later.until_on) == (TODAY, TODAY + timedelta(days=8), None)
    place = EAST + "001001"
    days = [centres.find_centres(session, place, TODAY + timedelta(days=number)) for number in (-1, 0, 8, 9)]
    assert [found and found.command.code for found in days] == [None, "command", "command", "command-west"]
    assert centres.set_centres(session, admin, **SAID, from_on=later.from_on).id == later.id
    with pytest.raises(Invalid) as refused:
        centres.set_centres(session, admin, **SAID, from_on=TODAY + timedelta(days=1))
    assert refused.value.field == "from_on"
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[1]
    assert entry.action is AuditAction.CENTRES_SET and entry.subject.startswith(f"{EAST}: supervision, command from")


def test_the_citys_centres_are_in_charge_where_nothing_else_is_said(session) -> None:
    centres.set_centres(session, None, **SAID | {"jurisdiction": "city"})
    for place in (EAST + "001001", None):
        found = centres.find_centres(session, place, TODAY)
        assert found is not None and found.command.code == "command"
    (whole, east) = centres.list_in_charge(session)
    assert whole.now is not None and east.now is None and whole.jurisdiction.is_city_wide


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"supervision": "command"}, "supervision"),
        ({"command": "lamps"}, "command"),
        ({"command": "nobody"}, "command"),
        ({"from_on": TODAY - timedelta(days=1)}, "from_on"),
    ],
)
def test_what_cannot_be_in_charge_is_refused(session, wrong, field) -> None:
    with pytest.raises(Invalid) as refused:
        centres.set_centres(session, None, **SAID | wrong)
    assert refused.value.field == field


def test_only_the_citys_administrator_says_it(session) -> None:
    factories.give_post(session, "operator-east", Post.ADMINISTRATOR, EAST)
    session.flush()
    people = People(session)
    for name in ("operator-east", "dispatcher"):
        with pytest.raises(NotAllowed):
            centres.set_centres(session, people.viewer(name), **SAID)
    with pytest.raises(NotFound):
        centres.set_centres(session, None, **SAID | {"jurisdiction": "moon"})


def test_the_page_says_and_shows_it(as_person, small_city) -> None:
    admin, today = as_person("admin"), clock.today().isoformat()
    assert admin.post("/settings/jurisdictions", data=SAID | {"from_on": today}).status_code == 302
    page = admin.get("/settings/jurisdictions").text
    assert today in page and "<td>command</td>" in page
    wrong = admin.post("/settings/jurisdictions", data=SAID | {"from_on": "2020-01-01"})
    assert wrong.status_code == 422 and 'id="from_on-error"' in wrong.text and 'value="2020-01-01"' in wrong.text
    assert as_person("dispatcher").get("/settings/jurisdictions").status_code == 403
