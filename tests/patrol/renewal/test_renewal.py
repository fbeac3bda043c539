"""A renewal of the census from its beginning to its acceptance: what is counted, drawn, checked, decided; by whom."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cityops.accounts.posts import Post
from cityops.accounts.viewer import Viewer
from cityops.cli import cli
from cityops.clock import running_at, today
from cityops.db import Database
from cityops.errors import Invalid, NotAllowed, NotFound, WrongState
from cityops.grid.models import Component, ComponentState
from cityops.patrol import recheck_draw
from cityops.patrol.renewal import counting, queries, services
from cityops.patrol.renewal.models import RenewalCampaign, RenewalCheck, RenewalSample, RenewalStreet, StreetState
from cityops.patrol.renewal.rules import Level
from cityops.patrol.renewal.services import Judged, NewCampaign
from cityops.patrol.sampling import Drawn
from cityops.shell import Shell
from tests import factories
from tests.counting import counted_queries
from tests.waiting import until_it_waits

RIGHT = Judged(True, True, True, True, True)
WRONG = Judged(True, True, False, True, True, "2 m off")
DAY = timedelta(days=1)
WEST_STREET, EAST_STREET = f"{factories.WEST}001", f"{factories.EAST}001"


@pytest.fixture
def monday() -> Iterator[None]:
    with running_at(factories.MONDAY_MORNING):
        yield


@pytest.fixture
def city(small_city: Database, monday: None) -> Database:
    """Twenty lamps and ten bins in the west, five lamps in the east, all surveyed long ago."""
    with small_city.transaction() as session:
        for number in range(20):
            make_component(session, WEST_STREET, number)
        for number in range(20, 30):
            make_component(session, WEST_STREET, number, class_code="03005")
        for number in range(5):
            make_component(session, EAST_STREET, number)
    return small_city


def make_component(session: Session, street: str, number: int, class_code: str = "01037", **facts: object) -> Component:
    """A component of a street's first cell."""
    lon, lat = (121.5005 if street == WEST_STREET else 121.5025) + number * 1e-6, 29.8705
    known = {"name": "部件", "area_code": f"{street}001", "initial_on": factories.LONG_AGO, "lon": lon, "lat": lat}
    component = Component(code=f"{street[:6]}{class_code}{number:06d}", class_code=class_code, quad=0, **known | facts)
    session.add(component)
    session.flush()
    return component


def new(**changes: object) -> NewCampaign:
    facts = NewCampaign("2026", today(), today() + 90 * DAY, [factories.WEST, factories.EAST], [], "roads", Level.II)
    return replace(facts, **changes)


def begin(session: Session, **changes: object) -> RenewalCampaign:
    return services.begin(session, viewer(session, "admin"), new(**changes))


def viewer(session: Session, username: str) -> Viewer:
    return factories.People(session).viewer(username)


def see(session: Session, street: str = WEST_STREET, **narrowed: object) -> None:
    """What a census of today does to the components of a street."""
    wanted = Component.area_code.startswith(street)
    session.execute(update(Component).where(wanted).filter_by(**narrowed).values(seen_on=today()))


def street_of(session: Session, campaign: RenewalCampaign, code: str = WEST_STREET) -> RenewalStreet:
    rows = select(RenewalStreet).where(RenewalStreet.campaign_id == campaign.id, RenewalStreet.street_code == code)
    return session.scalars(rows).one()


def draw(session: Session, campaign: RenewalCampaign, code: str = WEST_STREET) -> RenewalSample:
    street = street_of(session, campaign, code)
    return services.draw(session, viewer(session, "supervisor"), factories.make_keys(), street.id)


def check_all(session: Session, sample: RenewalSample, wrong: int = 0, username: str = "inspector") -> None:
    for nth, row in enumerate(queries.list_checks(session, sample.id, size=500)):
        services.check(session, viewer(session, username), row.id, WRONG if nth < wrong else RIGHT)


def test_two_workers_that_count_at_once_both_come_to_the_end(city: Database) -> None:
    with city.transaction() as session:
        campaign_id = begin(session).id

    def count_too() -> None:
        with city.transaction() as session:
            counting.count_campaign(session, session.get_one(RenewalCampaign, campaign_id))

    with ThreadPoolExecutor(1) as pool:
        with city.transaction() as session:
            counting.count_campaign(session, session.get_one(RenewalCampaign, campaign_id))
            second = pool.submit(count_too)
            until_it_waits(session, second)
        second.result()
    with city.reading() as session:
        west, _ = queries.read_progress(session, viewer(session, "supervisor"), campaign_id)
        assert west.standing == 30


def test_progress_is_what_stood_before_and_is_seen_since(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session)
        see(session, class_code="01037")
        bin_ = session.scalars(select(Component).where(Component.class_code == "03005").limit(1)).one()
        bin_.state, bin_.ended_on, bin_.seen_on = ComponentState.REMOVED, today(), today()
        make_component(session, WEST_STREET, 99, initial_on=today(), seen_on=today())
        gone = make_component(session, WEST_STREET, 98)
        gone.ended_on = today() - DAY
        session.flush()
        counting.count_campaign(session, campaign)
        west, east = queries.read_progress(session, viewer(session, "supervisor"), campaign.id)
        assert (west.street.street_code, west.standing, west.seen, west.added) == (WEST_STREET, 30, 21, 1)
        assert {major: (each.standing, each.seen) for major, each in west.figures.items()} == {
            "01": (20, 20),
            "03": (10, 1),
        }
        assert (east.standing, east.seen) == (5, 0)
        counting.count_campaign(session, campaign)
        again = queries.read_progress(session, viewer(session, "supervisor"), campaign.id)
        assert [row.seen for row in again] == [21, 0]


def test_a_renewal_of_some_classes_counts_and_draws_those_alone(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session, majors=["03"], areas=[WEST_STREET])
        see(session)
        counting.count_campaign(session, campaign)
        (west,) = queries.read_progress(session, viewer(session, "leader"), campaign.id)
        assert (west.standing, list(west.figures)) == (10, ["03"])
        sample = draw(session, campaign)
        assert (sample.lot_count, sample.number) == (10, 3)
        assert {row.component.class_code for row in queries.list_checks(session, sample.id)} == {"03005"}


def test_a_confirmation_on_site_counts_once_a_day_and_only_at_home(city: Database) -> None:
    with city.transaction() as session:
        codes = session.scalars(select(Component.code).order_by(Component.code)).all()
        west = next(code for code in codes if code.startswith(factories.WEST))
        for _ in range(2):
            assert services.confirm_seen(session, viewer(session, "inspector"), west).seen_on == today()
        with pytest.raises(NotFound):
            services.confirm_seen(session, viewer(session, "inspector-east"), west)
        session.execute(update(Component).where(Component.code == west).values(ended_on=today()))
        with pytest.raises(WrongState, match="has ended"):
            services.confirm_seen(session, viewer(session, "inspector"), west)


def test_a_street_with_few_at_fault_is_accepted(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session, most_faulty_percent=20.0)
        see(session)
        sample = draw(session, campaign)
        assert (sample.lot_count, sample.number) == (30, 8)
        check_all(session, sample, wrong=1)
        decided = services.decide(session, viewer(session, "supervisor"), sample.id, "well done")
        assert (decided.is_accepted, decided.faulty, decided.note) == (True, 1, "well done")
        assert street_of(session, campaign).state is StreetState.ACCEPTED
        with pytest.raises(WrongState, match="decided already"):
            services.decide(session, viewer(session, "supervisor"), sample.id, "")
        with pytest.raises(WrongState, match="has a sample already"):
            draw(session, campaign)


def test_a_street_with_many_at_fault_is_sent_back_and_surveyed_again(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session)
        see(session)
        sample = draw(session, campaign)
        check_all(session, sample, wrong=1)
        assert not services.decide(session, viewer(session, "supervisor"), sample.id, "").is_accepted
        street = street_of(session, campaign)
        assert (street.state, street.since_on) == (StreetState.SENT_BACK, today() + DAY)
    with running_at(factories.MONDAY_MORNING + DAY), city.transaction() as session:
        campaign = session.get_one(RenewalCampaign, campaign.id)
        with pytest.raises(WrongState, match="0 of 30"):
            draw(session, campaign)
        see(session)
        second = draw(session, campaign)
        check_all(session, second)
        assert services.decide(session, viewer(session, "supervisor"), second.id, "").is_accepted


def test_a_street_is_sampled_once_enough_of_it_is_seen(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session)
        see(session, class_code="01037")
        with pytest.raises(WrongState, match="20 of 30 components are seen; a sample is drawn from 95 %"):
            draw(session, campaign)
        free = begin(session, least_seen_percent=0.0)
        assert draw(session, free).lot_count == 20
        with pytest.raises(WrongState, match="nothing to draw from"):
            draw(session, free, EAST_STREET)


def test_the_draw_can_be_made_again_and_shows_what_was_changed(city: Database) -> None:
    keys = factories.make_keys()
    with city.transaction() as session:
        campaign = begin(session)
        see(session)
        sample, members = queries.get_members(session, draw(session, campaign).id)
        assert recheck_draw.prove(keys, sample, dict.fromkeys(members, Drawn.LOT)).wrong is None
        other = recheck_draw.prove(keys, sample, dict.fromkeys(members[1:], Drawn.LOT))
        assert other.wrong == "its cases are not those that were drawn"
        sample.lot_count += 1
        assert recheck_draw.prove(keys, sample, dict.fromkeys(members, Drawn.LOT)).wrong is not None


def test_the_surveyor_and_who_confirmed_it_check_nothing(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session)
        see(session)
        sample = draw(session, campaign)
        row = queries.list_checks(session, sample.id)[0]
        services.confirm_seen(session, viewer(session, "inspector"), row.component.code)
        with pytest.raises(NotAllowed, match="confirmed this component yourself"):
            services.check(session, viewer(session, "inspector"), row.id, RIGHT)
        factories.give_post(session, "handler-roads", Post.INSPECTOR)
        with pytest.raises(NotAllowed, match="surveyed it"):
            services.check(session, viewer(session, "handler-roads"), row.id, RIGHT)
        services.check(session, viewer(session, "inspector2"), row.id, RIGHT)
        with pytest.raises(WrongState, match="entered already"):
            services.check(session, viewer(session, "supervisor"), row.id, WRONG)


def test_every_question_is_answered_but_of_what_is_not_there(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session)
        see(session)
        sample = draw(session, campaign)
        one, two, *_ = queries.list_checks(session, sample.id)
        person = viewer(session, "inspector")
        with pytest.raises(Invalid) as refusal:
            services.check(session, person, one.id, replace(RIGHT, is_owner_right=None))
        assert refusal.value.field == "is_owner_right" and one.checked_at is None
        services.check(session, person, two.id, replace(RIGHT, is_found=False))
        assert two.is_faulty and two.is_class_right is None
        assert queries.count_checks(session, sample.id) == (1, 1)
        with pytest.raises(WrongState, match="7 components of the sample are not checked yet"):
            services.decide(session, viewer(session, "supervisor"), sample.id, "")


@pytest.mark.parametrize(
    ("changes", "refusal", "words"),
    [
        ({"areas": []}, Invalid, "districts or streets"),
        ({"areas": ["999999"]}, Invalid, "districts or streets"),
        ({"areas": [""]}, Invalid, "districts or streets"),
        ({"body": "nobody"}, Invalid, "no body with this code"),
        ({"ends_on": factories.LONG_AGO}, Invalid, "before the first"),
        ({"ends_on": factories.LONG_AGO.replace(year=2039)}, Invalid, "two years"),
    ],
)
def test_a_renewal_that_cannot_be_is_refused(
    city: Database, changes: dict[str, object], refusal: type[Exception], words: str
) -> None:
    with city.transaction() as session, pytest.raises(refusal, match=words):
        begin(session, **changes)


def test_only_an_administrator_begins_and_closes(city: Database) -> None:
    with city.transaction() as session:
        with pytest.raises(NotAllowed):
            services.begin(session, viewer(session, "supervisor"), new())
        campaign = begin(session)
        with pytest.raises(NotAllowed):
            services.close(session, viewer(session, "supervisor"), campaign.id)
        services.close(session, viewer(session, "admin"), campaign.id)
        with pytest.raises(WrongState, match="closed"):
            services.close(session, viewer(session, "admin"), campaign.id)
        see(session)
        with pytest.raises(WrongState, match="closed"):
            draw(session, campaign)
        assert counting.list_to_count(session) == [campaign.id]
        counting.count_campaign(session, campaign)
    with running_at(factories.MONDAY_MORNING + DAY), city.transaction() as session:
        counting.count_campaign(session, session.get_one(RenewalCampaign, campaign.id))
        assert counting.list_to_count(session) == []


def test_a_renewal_to_come_is_not_sampled_yet(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session, begins_on=today() + DAY)
        with pytest.raises(WrongState, match="begins on"):
            draw(session, campaign)


def test_a_district_sees_its_own_streets_alone(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session)
        see(session)
        west = draw(session, campaign)
        row = queries.list_checks(session, west.id)[0]
        east = viewer(session, "dutyleader-east")
        assert [each.id for each in queries.list_campaigns(session, east)] == [campaign.id]
        assert [each.street.street_code for each in queries.read_progress(session, east, campaign.id)] == [EAST_STREET]
        assert queries.list_open_checks(session, viewer(session, "inspector-east")) == []
        for refused in (
            lambda: queries.get_sample(session, east, west.id, *queries.SEES),
            lambda: queries.get_check(session, east, row.id),
            lambda: services.draw(session, east, factories.make_keys(), west.street_id),
        ):
            with pytest.raises(NotFound):
                refused()
        alone = begin(session, areas=[factories.WEST])
        with pytest.raises(NotFound):
            queries.get_campaign(session, east, alone.id)
        factories.give_post(session, "dutyleader-east", Post.ADMINISTRATOR, factories.EAST)
        east = viewer(session, "dutyleader-east")
        with pytest.raises(NotAllowed, match="outside your jurisdiction"):
            services.begin(session, east, new(areas=[factories.WEST]))
        with pytest.raises(NotAllowed, match="outside what you administer"):
            services.close(session, east, campaign.id)


def test_progress_takes_a_fixed_number_of_queries(city: Database) -> None:
    with city.transaction() as session:
        campaign = begin(session)
        see(session)
        see(session, EAST_STREET)
        counting.count_campaign(session, campaign)
        person = viewer(session, "supervisor")
        numbers = []
        for code in (WEST_STREET, EAST_STREET):
            draw(session, campaign, code)
            with counted_queries() as asked:
                queries.read_progress(session, person, campaign.id)
            numbers.append(len(asked))
        assert numbers[0] == numbers[1] <= 5


def test_the_command_proves_a_draw(city: Database, config: object) -> None:
    shell = Shell(config)  # type: ignore[arg-type]
    with city.transaction() as session:
        campaign = begin(session)
        see(session)
        sample = services.draw(session, viewer(session, "supervisor"), shell.keys, street_of(session, campaign).id)
        number = sample.id
    result = CliRunner().invoke(cli, ["patrol", "renewal", "--sample", str(number)], obj=shell)
    assert (result.exit_code, json.loads(result.stdout)["wrong"]) == (0, None), result.output
    with city.transaction() as session:
        session.delete(session.scalars(select(RenewalCheck).where(RenewalCheck.sample_id == number)).first())
    assert CliRunner().invoke(cli, ["patrol", "renewal", "--sample", str(number)], obj=shell).exit_code == 1
    assert CliRunner().invoke(cli, ["patrol", "renewal", "--sample", "9999"], obj=shell).exit_code != 0
    shell.workshop.close()
