"""What the row of every sample drawn by lot keeps of its draw."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column


class SignedDraw:
    """A sample's draw: `seed` goes into every lot; `draw` tells in JSON between which it fell on which, signed.

    What is signed beside it is `asked`: the words by which the sample was asked for.
    """

    seed: Mapped[str] = mapped_column(String(32))
    # What a whole month or street had to offer: read where the draw is proved, not with every list.
    draw: Mapped[str] = mapped_column(Text, deferred=True)
    draw_digest: Mapped[str] = mapped_column(String(120))

    @property
    def asked(self) -> tuple[str, ...]:
        """What sort of sample it is, and what was asked for."""
        raise NotImplementedError
