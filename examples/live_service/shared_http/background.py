"""Work beside the requests: a loop in a thread that no error ends."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from structlog.typing import FilteringBoundLogger

log: FilteringBoundLogger = structlog.get_logger()


class Background(Protocol):
    """Something that works beside the requests, from `start` to `stop`."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; returns when it has, or as good as."""


class BackgroundLoop:
    """Runs `round_` again and again, with a pause between the rounds.

    Parameters
    ----------
    name
        Names the thread and the log lines.
    round_
        One round of work. What it raises is logged; the next round comes anyway.
    pause_s
        Seconds between the end of a round and the start of the next.
    """

    def __init__(
        self, name: str, round_: Callable[[], None], *, pause_s: float
    ) -> None:
        self._name = name
        self._round = round_
        self._pause_s = pause_s
        self._stopping = threading.Event()
        # A daemon, since a process may end at any point without harm to the work.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def stop(self, *, within_s: float = 5.0) -> None:
        """Begin no more rounds, and wait for the one that runs."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._round()
            except Exception:
                log.exception("background work failed", loop=self._name)
            self._stopping.wait(self._pause_s)


def run_until_exit(loops: Sequence[Background], *, close: Callable[[], None]) -> None:
    """Start the loops; when the process ends, stop them and then call `close`."""

    def end() -> None:
        for loop in loops:
            loop.stop()
        close()

    atexit.register(end)
    for loop in loops:
        loop.start()
