"""What time it is, as something that a test can move."""

from __future__ import annotations

import time
from collections.abc import Callable

ClockMs = Callable[[], int]
"""Milliseconds since 1970."""


def now_ms() -> int:
    """Return the time of the system."""
    return time.time_ns() // 1_000_000
