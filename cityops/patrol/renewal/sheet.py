"""A renewal as an Excel file: what is seen by street and major class, and the acceptance of each street."""

from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from openpyxl import Workbook

from cityops.clock import city_day
from cityops.grid.models import Area
from cityops.patrol.renewal.models import STREET_STATE_LABELS, RenewalCampaign
from cityops.patrol.renewal.queries import StreetProgress
from cityops.words import N_, harmless

SEEN = (N_("Street"), N_("Code"), N_("Major class"), N_("Standing"), N_("Seen"), N_("Seen, %"), N_("Found new"))
ACCEPTED = (
    *(N_("Street"), N_("Code"), N_("State"), N_("Sample"), N_("Drawn"), N_("Drawn from"), N_("Components")),
    *(N_("Checked"), N_("At fault"), N_("At fault, %"), N_("Decided"), N_("Decided by")),
)

Say = Callable[[str], str]


def percent(part: int, whole: int) -> float | None:
    """A share in percent to one place, never rounded up to the whole; None of nothing."""
    return int(part * 1_000 / whole) / 10 if whole else None


def write_sheets(
    campaign: RenewalCampaign,
    streets: Sequence[StreetProgress],
    majors: Mapping[str, str],
    file: IO[bytes],
    named: Callable[[Area], str],
    say: Say,
) -> None:
    """Write the file: a sheet of what is seen, a sheet of acceptance."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(say(N_("Seen")))
    sheet.append([harmless(campaign.title), campaign.begins_on, campaign.ends_on])
    sheet.append([say(heading) for heading in SEEN])
    for row in streets:
        for major, each in row.figures.items():
            share = percent(each.seen, each.standing)
            word = f"{major} {majors.get(major, '')}".strip()
            sheet.append([*_street(row, named), word, each.standing, each.seen, share, each.added])
    sheet = book.create_sheet(say(N_("Acceptance")))
    sheet.append([say(heading) for heading in ACCEPTED])
    for row in streets:
        sheet.append([*_street(row, named), say(STREET_STATE_LABELS[row.street.state]), *_sample(row)])
    book.save(file)


def _street(row: StreetProgress, named: Callable[[Area], str]) -> list[str]:
    return [harmless(named(row.area)) if row.area else "", row.street.street_code]


def _sample(row: StreetProgress) -> list[Any]:
    sample = row.sample
    if sample is None:
        return []
    decided: list[Any] = []
    if sample.decided_at and sample.decider:
        decided = [city_day(sample.decided_at), harmless(sample.decider.name)]
    shares = [row.checked, row.faulty, percent(row.faulty, row.checked)]
    return [sample.id, city_day(sample.drawn_at), sample.lot_count, sample.number, *shares, *decided]
