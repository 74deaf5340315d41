"""Places where a test can have the process killed, as if by kill -9.

Off unless the environment asks for it: `FAIRPULL_CRASH_AT` names the point and
`FAIRPULL_CRASH_ONCE` a file that is made at the crash, so that the process which comes
after it goes on. `FAIRPULL_FAULTS` has faults at random at all of them
(`random_faults.py`).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from shared_http.random_faults import RandomFaults
from shared_http.settings import Environment, SettingError


class CrashPoints:
    """Knows at which point to end the process, if at any."""

    def __init__(
        self,
        armed: str,
        marker: Path | None,
        random_faults: RandomFaults | None = None,
    ) -> None:
        if armed and marker is None:
            raise SettingError("FAIRPULL_CRASH_AT needs FAIRPULL_CRASH_ONCE, a file")
        self._armed = armed
        self._marker = marker
        self._random_faults = random_faults

    @classmethod
    def from_environment(cls, environment: Environment) -> CrashPoints:
        """Return the point that the environment names, and the faults it wants."""
        return cls(
            environment.text("FAIRPULL_CRASH_AT", default=""),
            environment.optional_path("FAIRPULL_CRASH_ONCE"),
            RandomFaults.from_environment(environment),
        )

    def reach(self, point: str) -> None:
        """End the process here if `point` is armed and this is the first time.

        Or stall or end it by chance, where faults at random are asked for.
        """
        if self._random_faults is not None:
            self._random_faults.meet(point)
        if point != self._armed or self._marker is None:
            return
        try:
            self._marker.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
