"""Keys, sealed personal data, look-up hashes and the history's HMAC.

Keys lie in files of their own (0600), one 32-byte key a file, as hexadecimal text. Ciphertext names the key it was made
with, so that keys can be exchanged; the look-up hash has its own key.
"""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cityops.errors import BadSetting
from cityops.words import N_

KEY_NAMES = ("session", "personal-1", "lookup", "chain-1")
ALGORITHM = "hmac-sha256"


@dataclass(frozen=True)
class Keys:
    """The city's keys by name: `session`, `personal-N`, `lookup`, `chain-N`; the highest N is the one in use.

    Attributes:
        by_name: the keys that are loaded.
        folder: where to look again for a name that is not among them: another process may have made a new key.
    """

    by_name: dict[str, bytes]
    folder: Path | None = field(default=None, compare=False)

    @classmethod
    def load(cls, folder: Path, *, make: bool) -> "Keys":
        """Read the keys, making what is missing where `make` allows; else say which file is missing.

        Raises:
            BadSetting: a key is missing, unreadable or not 64 hexadecimal digits.
        """
        if make:
            _make_missing(folder)
        return cls(_read_all(folder), folder)

    def has(self, name: str) -> bool:
        """Whether there is a key of this name, after one more look into the folder where it is unknown."""
        if name not in self.by_name and self.folder is not None:
            self.by_name.update(_read_all(self.folder))
        return name in self.by_name

    def newest(self, kind: str) -> str:
        """The name of the key of this kind that is in use."""
        return max(
            (name for name in self.by_name if name.startswith(f"{kind}-")), key=lambda name: int(name.split("-")[1])
        )

    def seal(self, text: str) -> str:
        """Encrypt personal data (AES-256-GCM); the answer names its key: `personal-1:…`."""
        name = self.newest("personal")
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(self.by_name[name]).encrypt(nonce, text.encode(), name.encode())
        return f"{name}:{urlsafe_b64encode(sealed).decode()}"

    def unseal(self, sealed: str) -> str:
        """Decrypt what `seal` made.

        Raises:
            BadSetting: the key it names is not there, or the text was changed.
        """
        name, _, body = sealed.partition(":")
        raw = urlsafe_b64decode(body)
        self.has(name)
        try:
            return AESGCM(self.by_name[name]).decrypt(raw[:12], raw[12:], name.encode()).decode()
        except (KeyError, InvalidTag):
            raise BadSetting(
                N_("The key %(name)s is missing or not the one this was sealed with."), name=name
            ) from None

    def lookup(self, text: str) -> str:
        """A keyed hash by which equal personal data is found without opening it."""
        return self._hmac("lookup", text)

    def digest(self, text: str, key_name: str | None = None) -> str:
        """The history's HMAC over `text`, named by key and algorithm: `chain-1:hmac-sha256:…`.

        Raises:
            KeyError: no key of that name is there.
        """
        name = key_name or self.newest("chain")
        self.has(name)
        return f"{name}:{ALGORITHM}:{self._hmac(name, text)}"

    def _hmac(self, name: str, text: str) -> str:
        return hmac.digest(self.by_name[name], text.encode(), "sha256").hex()


def make_key(folder: Path, name: str, content: bytes | None = None) -> None:
    """Make a new key (or bring one back from a backup) as a file of its own; one that is there stays as it is.

    Raises:
        BadSetting: the folder cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_key(folder, name, content or os.urandom(32))
    except OSError as error:
        raise BadSetting(
            N_(
                "The keys cannot be written into %(folder)s (%(reason)s): "
                "set CITYOPS_KEYS to a folder that you may write."
            ),
            folder=str(folder),
            reason=error.strerror or str(error),
        ) from None


def _write_key(folder: Path, name: str, content: bytes) -> None:
    path = folder / f"{name}.key"
    if path.exists():
        return
    # Of two processes that start at once one links its key, and the other reads that one.
    partial = folder / f".{name}.{os.getpid()}"
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _make_missing(folder: Path) -> None:
    for name in KEY_NAMES:
        make_key(folder, name)


def _read_all(folder: Path) -> dict[str, bytes]:
    names = sorted(set(KEY_NAMES) | {path.stem for path in folder.glob("*.key")})
    return {name: _read(folder / f"{name}.key") for name in names}


def _read(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        raise BadSetting(
            N_("The key file %(path)s is missing: bring it from the backup of the keys, or set CITYOPS_KEYS."),
            path=str(path),
        ) from None
    except (OSError, ValueError):
        raise BadSetting(N_("The key file %(path)s cannot be read as a key."), path=str(path)) from None
    if len(key) != 32:
        raise BadSetting(N_("The key file %(path)s cannot be read as a key."), path=str(path))
    return key
