"""Case and report numbers: the city day, the row's own key and a check digit.

The key makes a number unique without a counter row; nothing limits how many a day may have. The check digit is that of
ISO/IEC 7064 MOD 11,10 over day and key, so that one wrong or two swapped digits on the telephone are noticed.
"""

import re
from datetime import date

_PATTERN = re.compile(r"^(R?)(\d{8})-?(\d{4,18})-?(\d)$")


def check_digit(digits: str) -> str:
    """The ISO/IEC 7064 MOD 11,10 check digit of a string of digits.

    >>> check_digit("0794")
    '5'
    """
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def case_number(day: date, key: int) -> str:
    """The number of the case with this key, opened on this city day.

    >>> case_number(date(2026, 11, 23), 417)
    '20261123-0417-3'
    """
    digits = f"{day:%Y%m%d}{key:04d}"
    return f"{day:%Y%m%d}-{key:04d}-{check_digit(digits)}"


def report_number(day: date, key: int) -> str:
    """The number of the report with this key."""
    return "R" + case_number(day, key)


def find_key(number: str, *, is_report: bool = False) -> tuple[date, int] | None:
    """The city day and key in a case's (or report's) number, or None where it is not one or was mistyped.

    >>> find_key("20261123-0417-3")
    (datetime.date(2026, 11, 23), 417)
    >>> find_key("20261123-0471-3") is None
    True
    """
    match = _PATTERN.match(number.strip().upper())
    if match is None or bool(match[1]) is not is_report:
        return None
    day_digits, key_digits, check = match[2], match[3], match[4]
    if check_digit(day_digits + key_digits) != check or int(key_digits) >= 1 << 63:
        return None
    try:
        day = date.fromisoformat(day_digits)
    except ValueError:
        return None
    return day, int(key_digits)
