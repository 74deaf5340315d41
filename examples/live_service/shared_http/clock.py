"""What time it is, as something that a test can move."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

ClockMs = Callable[[], int]
"""Milliseconds since 1970."""


def now_ms() -> int:
    """Return the time of the system."""
    return time.time_ns() // 1_000_000


def rfc3339(at_ms: int) -> str:
    """UTC to the millisecond, such as ``2026-11-22T09:30:00.125Z``."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
