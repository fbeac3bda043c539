"""The forms of the tiers' page: a target of coverage, and how large the cells of a tier may be."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import DateField, FileField, FloatField, IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange

from cityops.accounts.forms import NEEDED, PageForm
from cityops.forms import Choice
from cityops.grid.coverage.models import TIER_LABELS

TIERS = [Choice(tier, _l(label)) for tier, label in TIER_LABELS.items()]
MOST_M2 = 100_000_000


class TargetForm(PageForm):
    """A target of coverage."""

    jurisdiction = SelectField(_l("Jurisdiction"), validators=[NEEDED])
    tier = SelectField(_l("Tier"), choices=TIERS, coerce=int)
    percent = FloatField(_l("Target, %"), [NEEDED, NumberRange(min=0.01, max=100)])
    from_on = DateField(_l("From the day"), [NEEDED])

    def asked(self) -> dict[str, Any]:
        """What the service takes."""
        return {field.name: field.data for field in self}


class LayerForm(PageForm):
    """A file of the land that the cells of a tier should cover, and what a person says of it."""

    file = FileField(_l("File of the layer"))
    layer_tier = SelectField(_l("Tier"), choices=TIERS, coerce=int)
    layer = StringField(_l("Layer"), [Length(max=100)])
    crs = StringField(_l("Coordinate system"), [Length(max=40)])

    def said(self) -> dict[str, str]:
        """What is said of the file, as it was typed."""
        typed = {name: (self[name].data or "").strip() for name in ("layer", "crs")}
        return {"tier": str(self.layer_tier.data)} | typed


class BandForm(PageForm):
    """How large the cells of a tier may be."""

    band_tier = SelectField(_l("Tier"), choices=TIERS, coerce=int)
    low_m2 = IntegerField(_l("At least, m²"), [NEEDED, NumberRange(min=1, max=MOST_M2)])
    high_m2 = IntegerField(_l("At most, m²"), [NEEDED, NumberRange(min=1, max=MOST_M2)])

    def asked(self) -> dict[str, Any]:
        """What the service takes."""
        return {"tier": self.band_tier.data, "low_m2": self.low_m2.data, "high_m2": self.high_m2.data}
