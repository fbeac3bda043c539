"""What a simulated case says and shows fits its condition, not its class alone."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from cityops.cases.models import AttachmentKind
from cityops.cases.names import Source
from cityops.simulation import wording
from cityops.simulation.photos import Album
from tests.simulation.facts import make_city

CONDITION = make_city().conditions[0]


@pytest.mark.parametrize("source", list(Source))
def test_a_report_says_what_its_condition_says(source: Source) -> None:
    dirty = replace(CONDITION, class_name="垃圾箱", text="箱体脏污")
    told = {wording.describe(Random(seed), source, dirty, "药行街88号") for seed in range(50)}
    assert all("垃圾箱" in words and "箱体脏污" in words for words in told)
    assert told == {wording.describe(Random(seed), source, dirty, "药行街88号") for seed in range(50)}


def test_a_picture_shows_no_other_fault_than_the_conditions(tmp_path: Path) -> None:
    album, bins = Album(tmp_path), replace(CONDITION, class_name="垃圾箱", text="箱体翻倒、歪斜或箱门敞开")
    dirty, rubbish = replace(bins, text="箱体脏污"), replace(bins, class_name="暴露垃圾", text="有成堆的生活垃圾")
    before = [album.photo(each, AttachmentKind.SCENE).sha256 for each in (bins, dirty, rubbish)]
    after = [album.photo(each, AttachmentKind.AFTER).sha256 for each in (bins, dirty)]
    assert len({*before, *after}) == 4 and after[0] == after[1]
    beside = [
        album.photo_beside(each, is_right=is_right).sha256 for each in (bins, dirty) for is_right in (False, True)
    ]
    assert len({*before, *after, *beside}) == 6 and beside[1] == beside[2] == beside[3]
