"""Master keys: they wrap every key of the vault and are themselves in no database."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import SettingsError

NAME = 4
NONCE = 12


class Masters:
    """The master keys, newest first; read again when something names one that is not known."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        """`read()` gives 32-byte keys, at least one."""
        self._read = read
        self._keys: dict[bytes, bytes] = {}
        self._newest = self.learn()

    def learn(self) -> bytes:
        """Read them again; return the name of the newest, with which its wraps begin."""
        self._keys = {hashlib.sha256(key).digest()[:NAME]: key for key in self._read()}
        self._newest = next(iter(self._keys))
        return self._newest

    def wrap(self, key: bytes, label: bytes) -> bytes:
        """Encrypt `key` under the newest master, bound to `label`."""
        nonce = secrets.token_bytes(NONCE)
        return self._newest + nonce + AESGCM(self._keys[self._newest]).encrypt(nonce, key, label)

    def seal(self, value: bytes, label: bytes) -> str:
        """`wrap`, as letters that a cookie takes."""
        return base64.urlsafe_b64encode(self.wrap(value, label)).decode()

    def unseal(self, sealed: str, label: bytes) -> bytes | None:
        """The inverse; None for anything that is not a seal of ours for this label."""
        try:
            return self.unwrap(base64.urlsafe_b64decode(sealed), label)
        except (ValueError, InvalidTag, SettingsError):
            return None

    def unwrap(self, wrapped: bytes, label: bytes) -> bytes:
        """The inverse; `SettingsError` when its master is not in the list."""
        name, nonce = wrapped[:NAME], wrapped[NAME : NAME + NONCE]
        if name not in self._keys:
            self.learn()
        if name not in self._keys:
            raise SettingsError(
                "KUSKA_SECRET_KEYS: the key that wraps the vault is not in the list"
            )
        return AESGCM(self._keys[name]).decrypt(nonce, wrapped[NAME + NONCE :], label)
