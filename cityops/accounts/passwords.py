"""Passwords: argon2id. Slow by design, so never called while a transaction is open."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cityops.errors import Invalid
from cityops.words import N_

# No secret: it stands in the README, and works only for the demo's people, never in production.
DEMO_PASSWORD = "demo-96310"

MIN_LENGTH = 10
MAX_LENGTH = 200

# OWASP's second choice for argon2id: 19 MiB and two passes, about 25 ms; 64 MiB would double a web worker.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

# The hash of a password that nobody knows: an unknown user costs the same time as a wrong password.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(32))


def hash_password(password: str) -> str:
    """The argon2id hash that is stored, with its salt and its cost."""
    return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password fits the hash; for an unknown user (None) it takes as long and is never right."""
    try:
        fits = _HASHER.verify(password_hash or _NOBODY, password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return fits and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made at another cost than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def check_strength(username: str, password: str) -> None:
    """Refuse a password that is too easy to guess.

    Raises:
        Invalid: too short, too long, of few different characters, or containing the user name.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid("password", N_("A password has %(low)s to %(high)s characters."), low=MIN_LENGTH, high=MAX_LENGTH)
    if len(set(password)) < 5:
        raise Invalid("password", N_("A password needs at least 5 different characters."))
    if username.casefold() in password.casefold():
        raise Invalid("password", N_("A password must not contain the user name."))


def generate() -> str:
    """A password to hand over once: 16 characters without look-alikes, in groups of four."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    text = "".join(secrets.choice(letters) for _ in range(16))
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))
