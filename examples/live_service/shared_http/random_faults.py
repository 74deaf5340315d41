"""Faults at random, for tests: a process that is killed or stalled at its crash points.

Off unless the environment asks for it. `FAIRPULL_FAULTS` says how often and for how
long, `FAIRPULL_FAULTS_LOG` names a file in which each point that was reached, and each
fault, has a line:

    FAIRPULL_FAULTS="kill=0.01 stall=0.3 stall_ms=50 seed=7"

What happens at the n-th time at a point depends on the seed, on how many processes
wrote into the log before, on the point and on n alone: a run is repeated as far as
threads and machine allow, and a process does not die where the one before it did.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from shared_http.settings import Environment, SettingError

_FIELDS = ("kill", "stall", "stall_ms", "seed")


@dataclass(frozen=True, kw_only=True)
class FaultRates:
    """How often a point kills (`kill`) and stalls (`stall`), from 0 to 1.

    A stall lasts up to `stall_ms` milliseconds.
    """

    kill: float
    stall: float
    stall_ms: float
    seed: int

    @classmethod
    def from_text(cls, text: str) -> FaultRates:
        """Return the rates that ``FAIRPULL_FAULTS`` spells."""
        given = dict(part.partition("=")[::2] for part in text.split())
        try:
            if sorted(given) != sorted(_FIELDS):
                raise ValueError
            rates = cls(
                kill=float(given["kill"]),
                stall=float(given["stall"]),
                stall_ms=float(given["stall_ms"]),
                seed=int(given["seed"]),
            )
            if not (0 <= rates.kill <= 1 and 0 <= rates.stall <= 1):
                raise ValueError
            if not 0 <= rates.stall_ms <= 60_000:
                raise ValueError
        except ValueError:
            raise SettingError(
                "FAIRPULL_FAULTS must be like 'kill=0.01 stall=0.3 stall_ms=50 "
                f"seed=7', rates from 0 to 1, at most 60000 ms, not {text!r}"
            ) from None
        return rates


class RandomFaults:
    """Meets each point with what the seed has for it. Safe from several threads."""

    def __init__(self, rates: FaultRates, log: Path) -> None:
        self._rates = rates
        self._log = log
        self._lock = threading.Lock()
        self._reached: Counter[str] = Counter()
        self._note("start")
        self._start = log.read_text().splitlines().count("start")

    @classmethod
    def from_environment(cls, environment: Environment) -> RandomFaults | None:
        """Return what the environment asks for, or None."""
        text = environment.text("FAIRPULL_FAULTS", default="")
        if not text:
            return None
        log = environment.path("FAIRPULL_FAULTS_LOG", example="/srv/faults.log")
        return cls(FaultRates.from_text(text), log)

    def meet(self, point: str) -> None:
        """Kill this process, stall this thread, or do nothing."""
        with self._lock:
            self._reached[point] += 1
            times = self._reached[point]
        name = f"{self._rates.seed} {self._start} {point} {times}"
        choice = random.Random(name)  # noqa: S311 - faults, not secrets
        if times == 1:
            self._note(f"{point} reached")
        if choice.random() < self._rates.kill:
            self._note(f"{point} kill")
            os.kill(os.getpid(), signal.SIGKILL)
        if choice.random() < self._rates.stall:
            self._note(f"{point} stall")
            time.sleep(choice.random() * self._rates.stall_ms / 1000)

    def _note(self, line: str) -> None:
        # One write of a few bytes to the end: lines of several processes don't mix.
        descriptor = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)
