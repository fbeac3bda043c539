"""Words of the phases of handling (处置阶段): the first is the filing condition itself, others may follow (pure)."""

from collections.abc import Mapping
from enum import StrEnum

from cityops.words import N_

FIRST_PHASE = 1


class PhaseCheck(StrEnum):
    """How a phase of handling is checked before the next one begins; the last one is always checked on the spot."""

    ON_THE_SPOT = "on_the_spot"
    BY_PHOTO = "by_photo"
    NONE = "none"


PHASE_CHECK_LABELS: Mapping[PhaseCheck, str] = {
    PhaseCheck.ON_THE_SPOT: N_("on the spot"),
    PhaseCheck.BY_PHOTO: N_("by its photos"),
    PhaseCheck.NONE: N_("none"),
}
