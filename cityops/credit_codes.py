"""Unified social credit codes (统一社会信用代码, GB 32100-2015): 18 signs, the last checks the others. Pure."""

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18


def check_sign(body: str) -> str:
    """The eighteenth sign for seventeen others: their sum, each times a power of 3, modulo 31."""
    total = sum(SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return SIGNS[-total % 31]


def is_credit_code(code: str) -> bool:
    """Whether this is a code.

    >>> is_credit_code("91350100M000100Y43"), is_credit_code("91350100M000100Y44")
    (True, False)
    """
    return len(code) == LENGTH and set(code) <= set(SIGNS) and check_sign(code[:-1]) == code[-1]
