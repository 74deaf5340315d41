"""Places where a test can have the process killed, as if by kill -9.

Off unless the environment asks for it: `FAIRPULL_CRASH_AT` names the point and
`FAIRPULL_CRASH_ONCE` a file that is made at the crash, so that the process which comes
after it goes on.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from shared_http.settings import Environment, SettingError


class CrashPoints:
    """Knows at which point to end the process, if at any."""

    def __init__(self, armed: str, marker: Path | None) -> None:
        if armed and marker is None:
            raise SettingError("FAIRPULL_CRASH_AT needs FAIRPULL_CRASH_ONCE, a file")
        self._armed = armed
        self._marker = marker

    @classmethod
    def from_environment(cls, environment: Environment) -> CrashPoints:
        """Return the point that the environment names."""
        return cls(
            environment.text("FAIRPULL_CRASH_AT", default=""),
            environment.optional_path("FAIRPULL_CRASH_ONCE"),
        )

    def reach(self, point: str) -> None:
        """End the process here if `point` is armed and this is the first time."""
        if point != self._armed or self._marker is None:
            return
        try:
            self._marker.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
