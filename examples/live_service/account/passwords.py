"""Password hashes: Argon2id with 19 MiB, two passes and one lane."""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from shared_http.problems import Problem, service_unavailable

_PATIENCE_S = 0.75
# Of the 16 workers of a process (shared_http/tasks.py); the others are left to players
# who are logged in already.
_MOST_AT_THE_DOOR = 8


class Passwords:
    """Hashes and checks passwords, no more at once than there are cores.

    Each hash takes one core and 19 MiB, so a crowd at the door waits its turn here
    and leaves the other requests their memory. It leaves them their threads as well:
    who finds eight before them, or has no turn in three quarters of a second, gets a
    503 `Problem` and is to come again. Safe to use from several threads.

    Parameters
    ----------
    at_once
        How many this process may hash at the same time.
    at_the_door
        Entered by each who hashes or waits for a turn, to show how many they are.
    """

    def __init__(
        self,
        at_once: int | None = None,
        *,
        at_the_door: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._at_the_door = at_the_door
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID
        )
        self._turns = threading.BoundedSemaphore(at_once or hashes_at_once())
        self._door = threading.BoundedSemaphore(_MOST_AT_THE_DOOR)
        self._hash_of_nobody = self.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return a salted hash, which names its own parameters."""
        with self._turn():
            return self._hasher.hash(_normalized(password))

    def check(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` is the one that was hashed.

        None for a user who doesn't exist takes the same time and is never right.
        """
        with self._turn():
            try:
                self._hasher.verify(
                    password_hash or self._hash_of_nobody, _normalized(password)
                )
            except VerifyMismatchError:
                return False
        return password_hash is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._door.acquire(blocking=False):
            raise _crowded()
        try:
            with self._at_the_door():
                if not self._turns.acquire(timeout=_PATIENCE_S):
                    raise _crowded()
                try:
                    yield
                finally:
                    self._turns.release()
        finally:
            self._door.release()


def hashes_at_once(processes: int = 1) -> int:
    """Return the share of the cores that each of so many processes has, 1 at least."""
    return max(1, len(os.sched_getaffinity(0)) // processes)


def _crowded() -> Problem:
    return service_unavailable("too many players log in or register at once")


def _normalized(password: str) -> bytes:
    # Keyboards spell the same accented letter in different ways.
    return unicodedata.normalize("NFC", password).encode()
