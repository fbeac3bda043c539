"""A reporter's name and phone: one form for looking up, masks for the screen (pure)."""

import re

from cityops.errors import Invalid
from cityops.words import N_


def e164(phone: str) -> str:
    """A telephone number in E.164, read as a Chinese one where it names no country.

    >>> e164("154 0000 0000")
    '+8615400000000'
    >>> e164("0574-8718-0000")
    '+8657487180000'

    Raises:
        Invalid: it is not a telephone number.
    """
    digits = re.sub(r"[\s\-().]", "", phone)
    if re.fullmatch(r"\+\d{7,15}", digits):
        return digits
    if re.fullmatch(r"1\d{10}", digits):
        return "+86" + digits
    if re.fullmatch(r"0[1-9]\d{8,10}", digits):
        return "+86" + digits[1:]
    if re.fullmatch(r"[2-9]\d{7}", digits):
        return "+86574" + digits
    raise Invalid(
        "reporter.phone", N_("This is not a telephone number: write 11 digits, or the area code and the number.")
    )


def mask_phone(phone: str) -> str:
    """A phone for the screen: the last two digits stay.

    >>> mask_phone("+8615400000012")
    '+86154******12'
    """
    return phone[:6] + "*" * max(len(phone) - 8, 3) + phone[-2:]


def mask_name(name: str) -> str:
    """A name for the screen: the first character stays.

    >>> mask_name("林小满")
    '林**'
    """
    return name[:1] + "*" * min(max(len(name) - 1, 1), 3)
