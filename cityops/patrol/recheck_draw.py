"""The draw of a sample: the lots keyed, the whole of it written down and signed, and proved again afterwards."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cityops.cases.chain import canonical
from cityops.crypto import Keys
from cityops.patrol.draw_models import SignedDraw
from cityops.patrol.sampling import Closed, Drawn, SampleDraw, Wanted, draw_sample, lot_text, lowest


@dataclass(frozen=True)
class SampleProof:
    """A sample's draw worked out again.

    Attributes:
        told: the draw as it was written down.
        wrong: what does not hold, None where all does.
    """

    told: dict[str, Any]
    wrong: str | None


def draw_into(keys: Keys, sample: SignedDraw, closed: Sequence[Closed], wanted: Wanted) -> SampleDraw:
    """Draw a sample under a seed of its own, and put the signed draw on its row."""
    sample.seed = secrets.token_hex(16)
    key_name = keys.digest(lot_text(sample.seed, 0)).partition(":")[0]
    drawn = draw_sample(closed, wanted, lambda case_id: keys.digest(lot_text(sample.seed, case_id), key_name))
    sample.draw = canonical(
        {
            "key": key_name,
            "wanted": asdict(wanted),
            "always": {kind.value: list(case_ids) for kind, case_ids in drawn.always.items()},
            "by_lot": {
                kind.value: {"between": list(each.between), "drawn": list(each.drawn)}
                for kind, each in drawn.by_lot.items()
            },
        }
    )
    sample.draw_digest = keys.digest(_signed(sample))
    return drawn


def draw_number(keys: Keys, sample: SignedDraw, between: Sequence[int], number: int) -> tuple[int, ...]:
    """Draw so many by lot alone between the things with these keys; nothing sets any of them apart."""
    things = [Closed(key, Drawn.LOT) for key in between]
    return draw_into(keys, sample, things, Wanted(0, 0, number=number)).by_lot[Drawn.LOT].drawn


def prove(keys: Keys, sample: SignedDraw, members: Mapping[int, Drawn]) -> SampleProof:
    """Work a sample's draw out again.

    Args:
        members: what is in the sample, and why.
    """
    told = json.loads(sample.draw)
    if not all(keys.has(name) for name in (told["key"], sample.draw_digest.partition(":")[0])):
        return SampleProof(told, "its key is not there")
    if keys.digest(_signed(sample), sample.draw_digest.partition(":")[0]) != sample.draw_digest:
        return SampleProof(told, "what was written down of it was changed")
    expected = {case_id: Drawn(kind) for kind, case_ids in told["always"].items() for case_id in case_ids}
    for kind, lots in told["by_lot"].items():
        again = lowest(
            lots["between"],
            len(lots["drawn"]),
            lambda case_id: keys.digest(lot_text(sample.seed, case_id), told["key"]),
        )
        if again != tuple(lots["drawn"]):
            return SampleProof(told, "the lot fell on others")
        expected |= dict.fromkeys(again, Drawn(kind))
    return SampleProof(told, None if expected == dict(members) else "its cases are not those that were drawn")


def _signed(sample: SignedDraw) -> str:
    sort, *asked = sample.asked
    return "\n".join([sort, sample.seed, *asked, sample.draw])
