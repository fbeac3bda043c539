"""Names as they are compared and as they sound: plain letters, and the pinyin of each. Pure.

Loading pypinyin costs 55 MB, so only what writes names imports this; searching reads the sounds that were written.
"""

from typing import Any

from pypinyin import lazy_pinyin

from cityops.grid.addresses.words import plain


def sounds_of(name: str) -> str:
    """The sound of every letter of the plain name, parted by blanks; phrases decide (重庆 is chong qing).

    >>> sounds_of("天一广场 B座")
    'tian yi guang chang b zuo'
    """
    letters = plain(name)
    found = lazy_pinyin(letters, errors=_one_by_one)
    if len(found) != len(letters):
        found = [lazy_pinyin(letter, errors=_one_by_one)[0] for letter in letters]
    return " ".join(found)


def _one_by_one(letters: str) -> Any:
    """What has no pinyin stands for itself, letter by letter."""
    return list(letters)
