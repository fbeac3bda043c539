"""Marks for text that people read: the English msgid is written here, the translation happens at the edge."""


def N_(msgid: str) -> str:  # noqa: N802 - gettext's own name for a marked, not yet translated text
    """Mark an English msgid for extraction and return it unchanged."""
    return msgid


class Word(str):
    """A parameter of a message that is itself a msgid, to be translated with it."""

    __slots__ = ()
