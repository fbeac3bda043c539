"""Marks for text that people read: the English msgid is written here, the translation happens at the edge."""


def N_(msgid: str) -> str:  # noqa: N802 - gettext's own name for a marked, not yet translated text
    """Mark an English msgid for extraction and return it unchanged."""
    return msgid


class Word(str):
    """A parameter of a message that is itself a msgid, to be translated with it."""

    __slots__ = ()


# A cell that begins so is read as a formula by the programs that open sheets.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


# What no sheet may hold, and no person sees.
UNSEEN = dict.fromkeys((*range(9), 11, 12, *range(14, 32)))


def harmless(text: str) -> str:
    """A text for a cell of a sheet; one that looks like a formula gets a sign before it that says it is none."""
    text = text.translate(UNSEEN)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
