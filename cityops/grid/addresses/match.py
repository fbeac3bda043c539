"""How well a name answers what was typed: is it, begins with it, holds it, sounds so, is longer, is like it. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import IntEnum
from typing import NamedTuple

# Shorter ones are too often short for something, or like something else.
MIN_SHORTENED = 3
MIN_LIKE = 4
LIKENESS = 0.66


class Grade(IntEnum):
    """How well a name answers, the best first; SHORTENED: it has all that was typed, and more between."""

    SAME = 0
    BEGINS = 1
    HOLDS = 2
    SOUNDS_SAME = 3
    SOUNDS_BEGINNING = 4
    SOUNDS_WITHIN = 5
    SHORTENED = 6
    LIKE = 7


class Typed(NamedTuple):
    """Plain words as they were typed, and the sound of each letter: a Latin letter stands for itself."""

    words: str
    sounds: tuple[str, ...]

    @property
    def letters(self) -> str:
        """The words as they sound, in one piece."""
        return "".join(self.sounds)


class Answer(NamedTuple):
    """How well a name answers; `likeness` is below 1 only where it is merely like what was typed."""

    grade: Grade
    likeness: float = 1.0


def answer(typed: Typed, name: str, sounds: Sequence[str], *, with_like: bool = True) -> Answer | None:
    """How well a plain name with its sounds answers; None if it does not.

    Latin letters may be pinyin or a foreign name: where they stand in a name they count as its sound.

    Args:
        with_like: whether a name that is only like the words counts.

    >>> answer(Typed("tygc", ("t", "y", "g", "c")), "天一广场", ["tian", "yi", "guang", "chang"])
    Answer(grade=<Grade.SOUNDS_SAME: 3>, likeness=1.0)
    """
    words = typed.words
    if words in name:
        grade = Grade.SAME if words == name else Grade.BEGINS if name.startswith(words) else Grade.HOLDS
        return Answer(Grade(grade + Grade.SOUNDS_SAME) if words.isascii() else grade)
    ends = _ends(typed, name, sounds, anywhere=False)
    if ends:
        return Answer(Grade.SOUNDS_SAME if len(name) in ends else Grade.SOUNDS_BEGINNING)
    if len(words) > 1 and _ends(typed, name, sounds, anywhere=True):
        return Answer(Grade.SOUNDS_WITHIN)
    if not words.isascii() and len(words) >= MIN_SHORTENED and _is_within(words, name):
        return Answer(Grade.SHORTENED)
    if with_like and len(typed.letters) >= MIN_LIKE:
        likeness = _likeness(typed.letters, "".join(sounds))
        if likeness >= LIKENESS and not words.isascii():
            likeness = (likeness + _likeness(words, name)) / 2
        if likeness >= LIKENESS:
            return Answer(Grade.LIKE, likeness)
    return None


def _ends(typed: Typed, name: str, sounds: Sequence[str], *, anywhere: bool) -> set[int]:
    """How many letters of the name are used up where all that was typed has been spelled; empty if it cannot be.

    Each letter of the name is spelled by itself, its sound, the sound's initial, or at the end of what was typed by a
    beginning of its sound.
    """
    words, length = typed.words, len(typed.words)
    ends, reached = set(), {0}
    for used, (letter, sound) in enumerate(zip(name, sounds, strict=False), start=1):
        following = {0} if anywhere else set()
        for at in reached:
            rest = words[at:]
            if rest[0] == letter or typed.sounds[at] == sound:
                following.add(at + 1)
            if rest[0] == sound[:1]:
                following.add(at + 1)
                following.update(at + len(part) for part in (sound, sound[:2]) if rest.startswith(part))
                if sound.startswith(rest):
                    following.add(length)
        if length in following:
            ends.add(used)
            following.discard(length)
        reached = following
        if not reached:
            break
    return ends


def _is_within(words: str, name: str) -> bool:
    """Whether the letters stand in the name in their order, as those of a name in short do."""
    rest = iter(name)
    return all(letter in rest for letter in words)


def _likeness(letters: str, whole: str) -> float:
    """The share of letters that agree in their order, with the name or with as much of it as was typed."""
    best = 0.0
    for part in {whole, whole[: len(letters) + 1]}:
        match = SequenceMatcher(None, letters, part, autojunk=False)
        if match.real_quick_ratio() >= LIKENESS and match.quick_ratio() >= LIKENESS:
            best = max(best, match.ratio())
    return best
