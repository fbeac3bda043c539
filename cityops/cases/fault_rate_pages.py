"""The page of faults by class and age, and its Excel file."""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any, ClassVar

from flask import Blueprint, Response, render_template, request, send_file
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from openpyxl import Workbook
from sqlalchemy.orm import Session
from wtforms import DateField, StringField
from wtforms.validators import DataRequired, Regexp

from cityops import clock, web
from cityops.accounts.session import current_viewer
from cityops.cases.fault_rates import (
    BANDS,
    COLUMNS,
    OLDER,
    UNKNOWN,
    ClassRates,
    Rate,
    Wanted,
    by_major,
    read_rates,
    sum_up,
)
from cityops.cases.listing import list_choices
from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.errors import Invalid
from cityops.forms import RoomForm
from cityops.grid.handing_in import EXCEL
from cityops.words import N_, harmless

pages = Blueprint("fault_rates", __name__)

FILL = DataRequired(_l("Fill this in."))
DAYS = timedelta(days=364)
CLASSES_IN_CHART = 12


class RatesForm(RoomForm):
    """The days and the area that are looked at."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"until_on": "until"}

    since = DateField(_l("Filed on or after"), [FILL])
    until = DateField(_l("Filed on or before"), [FILL])
    area = StringField(_l("Area"), [Regexp(r"^[0-9]{0,12}$")])

    def wanted(self) -> Wanted:
        """What is asked for.

        Raises:
            Invalid: the days cannot be.
        """
        if self.since.data is None or self.until.data is None:
            raise Invalid("since", N_("Fill this in."))
        return Wanted(self.since.data, self.until.data, self.area.data or "")


@pages.get("/components/fault-rates")
def show() -> str | tuple[str, int]:
    """Faults by class and age: per thousand components, as charts and a table."""
    form = _form()
    try:
        wanted = form.wanted() if form.validate() else None
    except Invalid as refusal:
        form.refuse(refusal)
        wanted = None
    with web.reading() as session:
        rates = read_rates(session, current_viewer(), wanted) if wanted else []
        page = render_template(
            "cases/fault_rates.html",
            form=form,
            kept={name: value for name, value in request.args.items() if value},
            areas=list_choices(session, kind=CaseKind.COMPONENT).areas,
            total=sum_up(rates),
            majors=by_major(rates),
            rates=rates,
            words=_words(session),
            bands=[band_word(band) for band in COLUMNS],
            unknown=UNKNOWN,
            age_chart=_age_chart(sum_up(rates)),
            class_chart=_class_chart(rates, _words(session)),
            wanted=wanted,
        )
    return (page, 200) if wanted else (page, 422)


@pages.get("/components/fault-rates.xlsx")
def export() -> Response:
    """The table as an Excel file: a line a class, its cases and components by age."""
    form, file = _form(), BytesIO()
    if not form.validate():
        raise Invalid("since", str(next(iter(form.errors.values()))[0]))
    wanted = form.wanted()
    with web.reading() as session:
        write_sheet(wanted, read_rates(session, current_viewer(), wanted), _words(session), file)
    file.seek(0)
    name = f"fault-rates-{wanted.from_on}-{wanted.until_on}.xlsx"
    return send_file(file, EXCEL, as_attachment=True, download_name=name)


def band_word(band: int) -> str:
    """A band of age in words."""
    if band == UNKNOWN:
        return str(gettext("age unknown"))
    if band == OLDER:
        return str(gettext("over %(years)s years", years=BANDS[-1][1]))
    return str(gettext("%(first)s to %(last)s years", first=BANDS[band][0], last=BANDS[band][1]))


def write_sheet(wanted: Wanted, rates: list[ClassRates], words: Mapping[str, str], file: BytesIO) -> None:
    """Write the Excel file."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(gettext("Faults by class and age"))
    sheet.append([gettext("Filed"), wanted.from_on, wanted.until_on, wanted.area])
    measures = (gettext("Components"), gettext("Cases"), gettext("Per thousand"))
    groups = [gettext("in all"), *(band_word(band) for band in COLUMNS)]
    sheet.append([gettext("Class"), "", *(f"{group} · {each}" for group in groups for each in measures)])
    for row in (*rates, sum_up(rates)):
        cells: list[Any] = []
        for rate in (row.total, *(row.by_age[band] for band in COLUMNS)):
            cells += [rate.components, rate.cases, rate.per_thousand]
        sheet.append([row.code, harmless(words.get(row.code, "")) if row.code else gettext("in all"), *cells])
    book.save(file)


def _form() -> RatesForm:
    until = clock.today()
    asked = request.args if request.args.get("since") or request.args.get("until") else None
    return RatesForm(asked, data={"since": until - DAYS, "until": until, "area": request.args.get("area", "")})


def _words(session: Session) -> dict[str, str]:
    classes = catalog.list_classes(session, clock.today(), CaseKind.COMPONENT)
    return {each.code: each.name for each in classes} | {each.major_code: each.major_name for each in classes}


def _age_chart(total: ClassRates) -> dict[str, Any]:
    rows = [_bar(band_word(band), rate) for band, rate in total.by_age.items() if rate.components]
    return {"kind": "bars", "unit": "", "rows": rows}


def _class_chart(rates: list[ClassRates], words: Mapping[str, str]) -> dict[str, Any]:
    failing = [each for each in rates if each.total.cases and each.total.components]
    failing.sort(key=lambda each: (-(each.total.per_thousand or 0), each.code))
    rows = [_bar(f"{each.code} {words.get(each.code, '')}", each.total) for each in failing[:CLASSES_IN_CHART]]
    return {"kind": "bars", "unit": "", "rows": rows}


def _bar(label: str, rate: Rate) -> dict[str, Any]:
    said = f"{rate.per_thousand} ({rate.cases:,}/{rate.components:,})"
    return {"label": label, "value": rate.per_thousand, "said": said}
