"""Password hashes: Argon2id with 19 MiB, two passes and one lane."""

from __future__ import annotations

import os
import threading
import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError


class Passwords:
    """Hashes and checks passwords, no more at once than there are cores.

    Each hash takes one core and 19 MiB, so a crowd at the door waits its turn here
    and leaves the other requests their memory. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID
        )
        self._turns = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._hash_of_nobody = self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return a salted hash, which names its own parameters."""
        with self._turns:
            return self._hasher.hash(_normalized(password))

    def check(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` is the one that was hashed.

        None for a user who doesn't exist takes the same time and is never right.
        """
        with self._turns:
            try:
                self._hasher.verify(
                    password_hash or self._hash_of_nobody, _normalized(password)
                )
            except VerifyMismatchError:
                return False
        return password_hash is not None


def _normalized(password: str) -> bytes:
    # Keyboards spell the same accented letter in different ways.
    return unicodedata.normalize("NFC", password).encode()
